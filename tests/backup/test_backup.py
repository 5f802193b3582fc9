"""`inge backup` and `inge restore`: whole, of one moment, for the right key only, and safe to go on with."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from adapters.cli.console import REFUSED, USAGE
from adapters.client import RetryPolicy
from store.database import make_engine
from store.engine import Store
from store.migrate import migrate
from store.schema import (
    case_file,
    content,
    decision,
    journal,
    journal_head,
    lease,
    message,
    metadata,
    number_epoch,
)
from tests.backup.conftest import Key, beside
from tests.door.test_messages import somebody
from tests.support.cli import inge
from tests.support.given import stored_case, stored_person
from tests.support.server import Gateway, running
from tests.support.stores import open_test_store

PATIENT = RetryPolicy(attempts=6, first_seconds=0.05)
OTHER = {"sqlite": "postgresql", "postgresql": "sqlite"}
CHANGED_BY_A_RESTORE = {number_epoch.name, lease.name, journal.name, journal_head.name}


def rows_of(url: str) -> dict[str, list[Any]]:
    """Every row of every table, but for those that a restore changes."""
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            return {
                each.name: sorted(repr(list(map(in_order, row))) for row in connection.execute(select(each)))
                for each in metadata.sorted_tables
                if each.name not in CHANGED_BY_A_RESTORE
            }
    finally:
        engine.dispose()


def in_order(value: Any) -> Any:
    """JSONB keeps the keys of an object in an order of its own."""
    return json.dumps(value, sort_keys=True) if isinstance(value, dict) else value


def epoch_of(url: str) -> int:
    store = open_test_store(url)
    try:
        with store.read() as reader:
            return int(reader.connection.execute(select(number_epoch.c.epoch)).scalar_one())
    finally:
        store.close()


def report(gateway: Gateway) -> str:
    """Send a report; out: the number it got."""
    reply = gateway.client(retry=PATIENT).send(somebody())
    right: Any = reply.message
    return str(right.berechtigung_verpflichtung.bamfkennziffer)


def backed_up(gateway: Gateway, key: Key, name: str = "store.backup") -> Path:
    file = gateway.folder / name
    made = inge("backup", file, "--to", key.recipient, "--config", gateway.config, "--json")
    assert made.code == 0, made.err
    assert made.json["bytes"] == file.stat().st_size
    assert file.stat().st_mode & 0o777 == 0o600
    return file


def restored(gateway: Gateway, file: Path, key: Key) -> Any:
    done = inge("restore", file, "--identity", key.file, "--config", gateway.config, "--json")
    assert done.code == 0, done.err
    return done.json


def test_a_restored_store_is_the_same_on_either_engine(
    store: Store, store_url: str, key: Key, empty_url: Callable[[str], str], tmp_path: Path
) -> None:
    with running(tmp_path, store_url) as gateway:
        numbers = [report(gateway) for _ in range(3)]
        # A row that names a later one of its own table, and values of every kind.
        with store.unit_of_work() as work:
            known = [person for each in numbers if (person := work.person_by_number(each))]
            moved = work.merge_person(
                known[0].id, known[2].id, at=known_moment(store), actor="clerk", reason="same"
            )
            assert moved
            work.commit()
        file = backed_up(gateway, key)
        gateway.stop()
        engine = store.dialect
        for place, target in enumerate((engine, OTHER[engine])):
            url = empty_url(target)
            other = beside(gateway, url, tmp_path / f"other{place}")
            told = restored(other, file, key)
            assert told["from_engine"] == engine
            assert rows_of(url) == rows_of(store_url)
            assert inge("journal", "verify", "--config", other.config).code == 0


def known_moment(store: Store) -> Any:
    with store.read() as reader:
        return reader.connection.execute(select(journal.c.at).limit(1)).scalar_one()


def test_a_backup_under_load_is_of_one_moment(
    store_url: str, key: Key, empty_url: Callable[[str], str], tmp_path: Path
) -> None:
    stop = threading.Event()
    sent: list[str] = []

    def send() -> None:
        while not stop.is_set():
            sent.append(report(gateway))

    with running(tmp_path, store_url) as gateway:
        senders = [threading.Thread(target=send) for _ in range(2)]
        for sender in senders:
            sender.start()
        try:
            while len(sent) < 30:
                stop.wait(0.05)
            before = list(sent)
            file = backed_up(gateway, key)
        finally:
            stop.set()
            for sender in senders:
                sender.join()
        assert len(sent) > len(before)
        gateway.stop()
    url = empty_url("sqlite")
    other = beside(gateway, url, tmp_path / "other")
    restored(other, file, key)
    assert inge("journal", "verify", "--config", other.config).code == 0
    again = open_test_store(url)
    try:
        with again.read() as reader:
            asked = reader.connection.execute
            stored = {row.number for row in asked(select(case_file.c.number))}
            assert set(before) <= stored
            messages = {row.uuid for row in asked(select(message.c.uuid))}
            assert messages == {row.uuid for row in asked(select(decision.c.uuid))}
            answers = asked(select(content.c.number).where(content.c.answer.is_not(None)))
            assert {row.number for row in answers} == stored
    finally:
        again.close()


def test_numbers_go_on_in_an_epoch_that_no_restore_had(
    store_url: str, key: Key, empty_url: Callable[[str], str], tmp_path: Path
) -> None:
    with running(tmp_path, store_url) as gateway:
        report(gateway)
        file = backed_up(gateway, key)
        lost = {report(gateway) for _ in range(20)}
        gateway.stop()
    given: set[str] = set()
    for place in range(2):
        url = empty_url("sqlite")
        other = beside(gateway, url, tmp_path / f"other{place}")
        told = restored(other, file, key)
        assert told["epoch"] == epoch_of(url) == place + 2
        other.start()
        try:
            new = {report(other) for _ in range(20)}
            assert other.get("/readyz").status_code == 200
        finally:
            other.stop()
        assert not new & (lost | given)
        given |= new


def test_heads_that_the_backup_does_not_know_are_kept_aside(
    store_url: str, key: Key, empty_url: Callable[[str], str], tmp_path: Path
) -> None:
    with running(tmp_path, store_url) as gateway:
        report(gateway)
        assert inge("journal", "seal", "--config", gateway.config).code == 0
        file = backed_up(gateway, key)
        for _ in range(3):
            report(gateway)
        gateway.stop()
    heads = gateway.folder / "heads.jsonl"
    known = heads.read_bytes()
    other = beside(gateway, empty_url("sqlite"), tmp_path / "other")
    told = restored(other, file, key)
    assert told["lost_positions"] >= 6
    assert Path(told["heads_aside"]).read_bytes() == known
    assert inge("journal", "verify", "--config", other.config).code == 0
    (row,) = [each for each in journal_rows(other.store_url) if each.kind == "restored"]
    assert f'"epoch":{told["epoch"]}' in row.facts.replace(" ", "")


def journal_rows(url: str) -> list[Any]:
    store = open_test_store(url)
    try:
        with store.read() as reader:
            return list(reader.connection.execute(select(journal)))
    finally:
        store.close()


@pytest.fixture
def made(store: Store, store_url: str, key: Key, tmp_path: Path) -> tuple[Gateway, Path]:
    """A gateway that is not running, with a person in its store, and the backup of it."""
    gateway = _resting(tmp_path, store_url)
    return gateway, backed_up(gateway, key)


def _resting(folder: Path, url: str) -> Gateway:
    from tests.support.core import Core
    from tests.support.pki import shared_pki
    from tests.support.server import prepared

    gateway = prepared(folder, url)
    gateway.write_configuration()
    store = open_test_store(url)
    core = Core(store, shared_pki())
    stored_case(core, stored_person(core), "1a")
    store.close()
    return gateway


def refused(gateway: Gateway, file: Path, identity: Path) -> str:
    ran = inge("restore", file, "--identity", identity, "--config", gateway.config)
    assert ran.code == REFUSED, ran
    return ran.err


def empty(url: str) -> bool:
    migrate(url)
    return not any(rows for name, rows in rows_of(url).items() if name != "business_clock")


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
class TestRefusals:
    """What cannot be used leaves the store empty."""

    def test_another_identity(
        self, made: tuple[Gateway, Path], empty_url: Callable[[str], str], tmp_path: Path
    ) -> None:
        gateway, file = made
        assert inge("backup-key", tmp_path / "wrong").code == 0
        url = empty_url("sqlite")
        other = beside(gateway, url, tmp_path / "other")
        assert "cannot be decrypted" in refused(other, file, tmp_path / "wrong")
        assert empty(url)

    @pytest.mark.parametrize("where", [0.5, 0.99])
    def test_cut_off(
        self,
        made: tuple[Gateway, Path],
        key: Key,
        empty_url: Callable[[str], str],
        tmp_path: Path,
        where: float,
    ) -> None:
        gateway, file = made
        content = file.read_bytes()
        file.write_bytes(content[: int(len(content) * where)])
        url = empty_url("sqlite")
        assert "cannot be decrypted" in refused(beside(gateway, url, tmp_path / "other"), file, key.file)
        assert empty(url)

    def test_changed(
        self, made: tuple[Gateway, Path], key: Key, empty_url: Callable[[str], str], tmp_path: Path
    ) -> None:
        gateway, file = made
        octets = bytearray(file.read_bytes())
        octets[-200] ^= 1
        file.write_bytes(octets)
        url = empty_url("sqlite")
        assert "cannot be decrypted" in refused(beside(gateway, url, tmp_path / "other"), file, key.file)
        assert empty(url)

    def test_a_store_that_is_not_empty(self, made: tuple[Gateway, Path], key: Key) -> None:
        gateway, file = made
        assert "not empty" in refused(gateway, file, key.file)

    def test_another_master_key(
        self, made: tuple[Gateway, Path], key: Key, empty_url: Callable[[str], str], tmp_path: Path
    ) -> None:
        gateway, file = made
        url = empty_url("sqlite")
        other = beside(gateway, url, tmp_path / "other")
        (other.folder / "master.key").write_text("77" * 32)
        assert "another master key" in refused(other, file, key.file)

    def test_another_environment(
        self, made: tuple[Gateway, Path], key: Key, empty_url: Callable[[str], str], tmp_path: Path
    ) -> None:
        gateway, file = made
        other = beside(gateway, empty_url("sqlite"), tmp_path / "other")
        other.settings["environment"]["name"] = "productive"
        other.write_configuration()
        assert "a test environment" in refused(other, file, key.file)

    def test_a_backup_for_nobody_and_over_another(
        self, made: tuple[Gateway, Path], key: Key, tmp_path: Path
    ) -> None:
        gateway, file = made
        ran = inge("backup", tmp_path / "new", "--config", gateway.config)
        assert ran.code == USAGE
        assert "name a recipient" in ran.err
        before = file.read_bytes()
        again = inge("backup", file, "--to", key.recipient, "--config", gateway.config)
        assert again.code == REFUSED
        assert "there already" in again.err
        assert file.read_bytes() == before
        assert not list(tmp_path.glob("*.partial"))


def test_nothing_of_a_person_can_be_read_in_a_backup(made: tuple[Gateway, Path]) -> None:
    _, file = made
    octets = file.read_bytes()
    assert octets.startswith(b"age-encryption.org/v1")
    assert b"person" not in octets
