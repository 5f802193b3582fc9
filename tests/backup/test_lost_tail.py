"""A store that lacks its last commits, as after a failover to a copy that was behind: told, and mended."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from store.heads import HeadsFile
from tests.backup.conftest import Key
from tests.backup.test_backup import backed_up, epoch_of, report, restored
from tests.support.cli import inge
from tests.support.server import Gateway, prepared, running
from tests.support.stores import open_test_store


@pytest.mark.parametrize("grown", [False, True], ids=["at-once", "after-it-grew-past"])
def test_a_lost_tail_is_told_by_both_nodes_and_mended_by_a_restore(
    store_url: str, key: Key, empty_url: Callable[[str], str], tmp_path: Path, grown: bool
) -> None:
    with running(tmp_path, store_url, http={"workers": 1}) as node:
        report(node)
        node.stop()
        # The other node has seen this much when the one that seals goes on.
        other = node_beside(node, tmp_path / "b", store_url)
        shutil.copy(node.folder / "heads.jsonl", other.folder)
        known = HeadsFile(node.folder / "heads.jsonl").last_position()
        node.start()
        numbers = {report(node) for _ in range(2)}
        node.stop()
        cut_off(store_url, known)
        assert inge("journal", "seal", "--config", node.config).code == 1
        if grown:
            other.start()
            try:
                for _ in range(3):
                    report(other)
            finally:
                other.stop()
        assert inge("journal", "seal", "--config", node.config).code == 1
        assert inge("journal", "verify", "--config", node.config).code == 1
        file = backed_up(node, key)
    url = empty_url("sqlite")
    for each in (node, other):
        each.settings["store"]["url"] = url
        each.write_configuration()
    told = restored(node, file, key)
    assert Path(told["heads_aside"]).exists()
    assert epoch_of(url) == epoch_of(store_url) + 1
    # The other node keeps what it knew aside too, if that is more than the restored store knows.
    assert inge("journal", "verify", "--config", other.config).code == 0
    node.store_url = url
    node.start()
    try:
        assert node.get("/readyz").status_code == 200
        assert report(node) not in numbers
    finally:
        node.stop()
    for each in (node, other):
        assert inge("journal", "seal", "--config", each.config).code == 0
        assert inge("journal", "verify", "--config", each.config).code == 0


def node_beside(node: Gateway, folder: Path, url: str) -> Gateway:
    """Another node on the same store."""
    folder.mkdir()
    other = prepared(folder, url, furnished=False, http={"workers": 1})
    other.write_configuration()
    return other


def cut_off(url: str, position: int) -> None:
    """Take everything of the journal after a position away, as if it had never been replicated."""
    store = open_test_store(url)
    with store.write() as connection:
        for table in ("journal", "journal_head"):
            connection.execute(text(f"DELETE FROM {table} WHERE position > :last"), {"last": position})
    store.close()
