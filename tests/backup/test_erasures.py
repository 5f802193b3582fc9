"""What was erased after a backup is erased again by the restore, whatever the clock of the backup says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from store.engine import Store
from store.records import PersonRecord
from store.schema import erasure, person
from tests.backup.conftest import Key, beside
from tests.support.cli import inge
from tests.support.core import Core
from tests.support.given import stored_case, stored_person
from tests.support.pki import shared_pki
from tests.support.server import Gateway, prepared
from tests.support.stores import open_test_store


@pytest.fixture
def resting(store: Store, store_url: str, tmp_path: Path) -> tuple[Gateway, PersonRecord, PersonRecord]:
    """A gateway that is not running, with a person whose case is over, and one whose case is not."""
    gateway = prepared(tmp_path, store_url)
    gateway.write_configuration()
    core = Core(store, shared_pki())
    gone = stored_person(core)
    stored_case(core, gone, "1a", "EXHAUSTED", used=600, completed_on=date(2027, 5, 1))
    living = stored_person(core, lock_key=4711)
    stored_case(core, living, "1b", until=None)
    return gateway, gone, living


def command(gateway: Gateway, *words: Any) -> Any:
    ran = inge(*words, "--config", gateway.config, "--json")
    assert ran.code == 0, ran
    return ran.json


@pytest.mark.parametrize(("days", "stage"), [(6 * 366, 1), (11 * 366, 2)])
def test_backup_erase_restore(
    resting: tuple[Gateway, PersonRecord, PersonRecord],
    store: Store,
    key: Key,
    empty_url: Callable[[str], str],
    tmp_path: Path,
    days: int,
    stage: int,
) -> None:
    gateway, gone, living = resting
    file = tmp_path / "store.backup"
    command(gateway, "backup", file, "--to", key.recipient)
    command(gateway, "clock", "advance", f"{days}d")
    assert command(gateway, "retention", "run")[f"stage_{stage}"] == [gone.id]
    other = beside(gateway, empty_url(store.dialect), tmp_path / "other")
    told = command(other, "restore", file, "--identity", key.file)
    assert (told["erased_again"], told["erasures_wait"], told["erasures_unread"]) == (1, 0, 0)
    command(other, "journal", "verify")
    restored = open_test_store(other.store_url)
    try:
        with restored.read() as reader:
            rows = {row.id: row for row in reader.connection.execute(select(person))}
            stages = list(reader.connection.execute(select(erasure.c.stage)).scalars())
    finally:
        restored.close()
    assert rows[gone.id].details == {}
    assert rows[gone.id].surname == (gone.surname if stage == 1 else None)
    assert rows[living.id].details == living.details
    assert stages == [stage]
    assert command(other, "retention", "replay")["erased"] == 0
