"""A store that lacks its last commits, as after a failover to a copy that was behind: told, and mended."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from store.engine import Store
from store.heads import HeadsFile
from tests.backup.conftest import Key
from tests.backup.test_backup import backed_up, epoch_of, restored
from tests.door.test_messages import somebody
from tests.support.cli import inge
from tests.support.core import Core
from tests.support.furnishing import furnish
from tests.support.pki import shared_pki
from tests.support.server import Gateway, prepared
from tests.support.stores import open_test_store


@pytest.mark.parametrize("grown", [False, True], ids=["at-once", "after-it-grew-past"])
def test_a_lost_tail_is_told_and_mended_by_a_restore(
    store: Store, store_url: str, key: Key, empty_url: Callable[[str], str], tmp_path: Path, grown: bool
) -> None:
    furnish(store, shared_pki())
    node, other = (node_at(tmp_path / name, store_url) for name in ("a", "b"))
    report(store, 1)
    assert sealed(node) == 0
    # The other node has seen this much when the one that seals goes on.
    shutil.copy(node.folder / "heads.jsonl", other.folder)
    known = HeadsFile(node.folder / "heads.jsonl").last_position()
    numbers = report(store, 2)
    assert sealed(node) == 0
    with store.write() as connection:
        for table in ("journal", "journal_head"):
            connection.execute(text(f"DELETE FROM {table} WHERE position > :last"), {"last": known})
    assert sealed(node) == 1
    if grown:
        report(store, 3)
        assert sealed(other) == 0
    assert sealed(node) == 1
    assert verified(node) == 1
    file = backed_up(node, key)
    url = empty_url("sqlite")
    for each in (node, other):
        each.settings["store"]["url"] = url
        each.write_configuration()
    told = restored(node, file, key)
    assert Path(told["heads_aside"]).exists()
    assert epoch_of(url) == epoch_of(store_url) + 1
    again = open_test_store(url)
    assert not numbers & report(again, 2)
    again.close()
    for each in (node, other):
        assert (sealed(each), verified(each)) == (0, 0)


def node_at(folder: Path, url: str) -> Gateway:
    """A node's folder, with its configuration and its own heads; nothing runs."""
    folder.mkdir()
    node = prepared(folder, url, furnished=False)
    node.write_configuration()
    return node


def report(store: Store, count: int) -> set[str]:
    """Report so many persons; out: the numbers they got."""
    core = Core(store, shared_pki())
    return {str(core.answer(somebody())[0].number) for _ in range(count)}


def sealed(node: Gateway) -> int:
    return inge("journal", "seal", "--config", node.config).code


def verified(node: Gateway) -> int:
    return inge("journal", "verify", "--config", node.config).code
