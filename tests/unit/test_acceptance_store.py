"""The acceptance store by itself, on both engines: its tables, who gets what, what is left."""

import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
from sqlalchemy import event, inspect, text

from store.acceptance import migrate as steps
from store.acceptance.migrate import migrate_acceptance
from store.acceptance.records import Arrived, KeptDelivery, KeptState, Limits
from store.acceptance.schema import metadata
from store.acceptance.store import AcceptanceStore
from store.database import make_engine
from store.errors import StoreFull, StoreNotMigrated, StoreUnavailable
from store.vault import ContentBroken
from tests.support.away import open_kept
from tests.support.postgres import PostgresCluster
from tests.support.stores import EACH_ENGINE

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
LEASE = timedelta(minutes=1)


@pytest.fixture(params=EACH_ENGINE)
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AcceptanceStore]:
    if request.param == "sqlite":
        url, drop = f"sqlite:///{tmp_path}/acceptance.db", None
    else:
        cluster: PostgresCluster = request.getfixturevalue("postgres_cluster")
        drop = cluster.create_database()
        url = cluster.url(drop)
    migrate_acceptance(url)
    store = open_kept(url)
    yield store
    store.close()
    if drop is not None:
        cluster.drop_database(drop)


def arrived(number: int, party: str = "bva:1", package: int = 1) -> Arrived:
    uuid = f"{party}-{number}-{package}"
    return Arrived(party, uuid, b"h" * 32, number, package, True, 3, 2048, "batch", None, NOW)


def accept(kept: AcceptanceStore, what: Arrived, minute: int = 0) -> KeptDelivery:
    row_id = kept.load(what, b"<manifest/>", (b"part %d" % n for n in range(20)))
    return kept.accept(row_id, b"receipt of %d" % what.number, NOW + timedelta(minutes=minute))


def test_the_steps_make_the_tables_that_the_program_asks_for(kept: AcceptanceStore) -> None:
    migrate_acceptance(kept.engine.url.render_as_string(hide_password=False))
    kept.check()
    inspector = inspect(kept.engine)
    assert set(inspector.get_table_names()) == set(metadata.tables)
    for name, table in metadata.tables.items():
        dialect = kept.engine.dialect
        found = {
            each["name"]: (each["type"].compile(dialect), each["nullable"])
            for each in inspector.get_columns(name)
        }
        wanted = {each.name: (each.type.compile(dialect), each.nullable) for each in table.columns}
        assert found == wanted
        assert {each["name"]: each["column_names"] for each in inspector.get_indexes(name)} == {
            str(each.name): [column.name for column in each.columns] for each in table.indexes
        }


def test_one_without_its_tables_is_told_apart_from_one_that_is_away(tmp_path: Path) -> None:
    store = open_kept(f"sqlite:///{tmp_path}/acceptance.db")
    with pytest.raises(StoreUnavailable):
        store.check()
    (tmp_path / "acceptance.db").touch()
    with pytest.raises(StoreNotMigrated):
        store.check()


def test_parties_do_not_wait_for_each_other_and_numbers_go_in_order(kept: AcceptanceStore) -> None:
    for minute, each in enumerate([arrived(12), arrived(7), arrived(7, package=2), arrived(1, "bva:2")]):
        accept(kept, each, minute)
    taken = []
    at = NOW + timedelta(hours=1)
    while (one := kept.take("me", at, at + LEASE)) is not None:
        taken.append(one.arrived.sequence)
        if one.arrived.party_id == "bva:1":
            # What is next of the other party is free, what follows of this one is not.
            other = kept.take("other", at, at + LEASE)
            if other is not None:
                taken.append(other.arrived.sequence)
                kept.settle(other, KeptState.DRAINED, at)
        kept.settle(one, KeptState.DRAINED, at)
    assert [(each.party_id, each.number, each.package) for each in taken] == [
        ("bva:1", 7, 1),
        ("bva:2", 1, 1),
        ("bva:1", 7, 2),
        ("bva:1", 12, 1),
    ]
    assert not kept.is_waiting()


def test_a_lease_keeps_others_off_until_it_is_over(kept: AcceptanceStore) -> None:
    accept(kept, arrived(1))
    first = kept.take("dead", NOW, NOW + LEASE)
    assert first is not None
    assert kept.take("alive", NOW + LEASE, NOW + 2 * LEASE) is None
    assert kept.prolong(first, NOW + 2 * LEASE)
    later = NOW + 3 * LEASE
    second = kept.take("alive", later, later + LEASE)
    assert second is not None
    assert second.attempts == 2
    assert not kept.prolong(first, later + LEASE)
    assert not kept.release(first, later, code="T200.busy")
    assert kept.release(second, later + LEASE, code="T200.busy")
    (waiting,) = kept.listed([KeptState.ACCEPTED])
    assert (waiting.holder, waiting.attempts, waiting.code) == (None, 1, "T200.busy")
    assert kept.settle(second, KeptState.DRAINED, later)
    assert not kept.settle(first, KeptState.REFUSED, later, code="S999.delivery-gap")
    assert [each.state for each in kept.listed()] == [KeptState.DRAINED]


def test_the_same_delivery_is_kept_once_and_a_refused_one_gives_way(kept: AcceptanceStore) -> None:
    first = accept(kept, arrived(1))
    assert accept(kept, arrived(1), minute=5) == first
    with pytest.raises(ValueError, match="in this place"):
        accept(kept, replace(arrived(1), uuid="another"))
    kept.settle(first, KeptState.REFUSED, NOW, code="S999.delivery-gap", details={"expected": "0/1"})
    refused = kept.find("bva:1", first.arrived.uuid)
    assert refused is not None
    assert (refused.code, refused.details) == ("S999.delivery-gap", {"expected": "0/1"})
    assert accept(kept, arrived(1)).id != first.id
    assert [each.state for each in kept.listed()] == [KeptState.ACCEPTED]
    assert [(each.state, each.deliveries) for each in kept.counts()] == [("ACCEPTED", 1)]


def test_the_same_delivery_that_comes_several_times_at_once_is_kept_once(kept: AcceptanceStore) -> None:
    senders, times = 8, 6
    at_once = threading.Barrier(senders)

    def accepted(row_id: int) -> KeptDelivery:
        at_once.wait(30)
        return kept.accept(row_id, b"receipt of %d" % row_id, NOW)

    with ThreadPoolExecutor(senders) as pool:
        for number in range(1, times + 1):
            loaded = [kept.load(arrived(number), b"<manifest/>", [b"part"]) for _ in range(senders)]
            told = {each.id for each in pool.map(accepted, loaded)}
            assert len(told) == 1
            assert told <= {each.id for each in kept.listed()}
    assert len(kept.listed()) == times


def test_parts_come_back_in_order_and_cannot_change_places(kept: AcceptanceStore) -> None:
    one = accept(kept, arrived(1))
    assert kept.manifest(one) == b"<manifest/>"
    assert list(kept.parts(one)) == [b"part %d" % n for n in range(20)]
    with kept.engine.begin() as connection:
        for before, after in ((3, 99), (4, 3), (99, 4)):
            connection.execute(
                text("UPDATE kept_part SET ordinal = :after WHERE ordinal = :before"),
                {"before": before, "after": after},
            )
    with pytest.raises(ContentBroken):
        list(kept.parts(one))


def test_no_more_is_held_than_may_be_and_what_did_not_fit_leaves_nothing(kept: AcceptanceStore) -> None:
    url = kept.engine.url.render_as_string(hide_password=False)
    parts = [bytes(1000) for _ in range(40)]
    one = kept.accept(kept.load(arrived(1), b"<manifest/>", parts), b"receipt", NOW)
    taken = kept.room().taken
    assert 40_000 < taken < 45_000
    # Of several parts that commit alone, only the later ones do not fit.
    small = open_kept(url, Limits(taken + 30_000, 0))
    assert not small.room().is_full
    with pytest.raises(StoreFull):
        small.load(arrived(2), b"<manifest/>", parts)
    with kept.engine.connect() as connection:
        counted = [
            connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
            for table in ("kept_delivery", "kept_part")
        ]
    assert counted == [1, 40]
    fits = small.load(arrived(2), b"<manifest/>", parts[:20])
    small.abandon(one.id)
    assert len(list(small.parts(one))) == 40
    small.abandon(fits)
    assert small.room().taken == taken
    small.close()
    full = open_kept(url, Limits(taken, 0))
    assert full.room().is_full
    with pytest.raises(StoreFull):
        full.load(arrived(2), b"<manifest/>", [])
    full.settle(one, KeptState.DRAINED, NOW)
    assert (full.room().taken, full.room().is_full) == (0, False)
    full.close()


def test_a_store_of_the_first_revision_is_told_what_is_taken_in_it(
    tmp_path: Path,
) -> None:
    """Brought to the present revision with a delivery in it, as a node is when a release is installed."""
    url = f"sqlite:///{tmp_path}/acceptance.db"
    with patch.object(steps, "_STEPS", steps._STEPS[:1]), patch.object(steps, "REVISION", 1):
        migrate_acceptance(url)
    moment = "2026-11-24T09:00:00.000000+00:00"
    engine = make_engine(url)
    with engine.begin() as connection:
        for row_id, manifest in ((1, "x'00010203'"), (2, "NULL")):
            connection.execute(
                text(
                    "INSERT INTO kept_delivery (id, state, party_id, uuid, content_hash, number, package,"
                    ' "last", records, size, door, received_at, in_doubt, ready_at, attempts, manifest)'
                    f" VALUES ({row_id}, 'LOADING', 'p', 'u', x'00', 1, 1, 1, 1, 1, 'batch',"
                    f" '{moment}', 0, '{moment}', 0, {manifest})"
                )
            )
        connection.execute(text("INSERT INTO kept_part VALUES (1, 0, x'0001'), (1, 1, x'000102')"))
    engine.dispose()
    migrate_acceptance(url)
    store = open_kept(url)
    store.check()
    assert store.room().taken == 4 + 2 + 3
    store.close()


def test_a_disk_without_room_is_told_as_a_full_store(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/acceptance.db"
    migrate_acceptance(url)
    kept = open_kept(url)

    @event.listens_for(kept.engine, "connect")
    def cap(connection: sqlite3.Connection, _entry: object) -> None:
        connection.execute("PRAGMA max_page_count=60").fetchall()

    one = accept(kept, arrived(1))
    with pytest.raises(StoreFull):
        kept.load(arrived(2), b"<manifest/>", [bytes(300_000)])
    assert kept.listed() == [one]
    assert len(list(kept.parts(one))) == 20
    kept.close()


def test_what_is_old_goes(kept: AcceptanceStore) -> None:
    kept.load(arrived(3), b"<manifest/>", [b"never accepted"])
    waiting, done = accept(kept, arrived(2)), accept(kept, arrived(1))
    kept.settle(done, KeptState.DRAINED, NOW)
    assert kept.tidy(NOW, NOW) == 0
    soon = NOW + timedelta(seconds=1)
    assert kept.tidy(soon, soon) == 2
    assert kept.listed() == [waiting]
    with kept.engine.connect() as connection:
        rows = connection.execute(text("SELECT count(*) FROM kept_part")).scalar_one()
    assert rows == 20
