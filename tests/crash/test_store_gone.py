"""The store goes away and comes back: typed errors meanwhile, nothing acknowledged is lost."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from store.engine import Store, open_store
from store.errors import StoreNotMigrated, StoreUnavailable
from store.migrate import migrate
from store.records import JournalEntry, JournalKind, StoredAnswer
from store.revision import HEAD
from tests.support.postgres import PostgresCluster, own_cluster
from tests.support.stores import known_vault, open_test_store

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.fixture
def cluster() -> Iterator[PostgresCluster]:
    with own_cluster() as cluster:
        yield cluster


def write(store: Store, uuid: str) -> None:
    with store.unit_of_work() as uow:
        assert uow.register("azr:1", uuid, b"h" * 32, "070001", NOW) is None
        uow.store_answer("azr:1", uuid, StoredAnswer(b"<answer/>", "070003"))
        uow.commit()


@pytest.mark.postgresql
def test_postgresql_stopped_crashed_and_started_again(cluster: PostgresCluster) -> None:
    url = cluster.url(cluster.create_database())
    migrate(url)
    store = open_test_store(url)
    write(store, "before")
    store.check_commit(NOW)
    for mode in ("fast", "immediate"):
        cluster.stop(mode)
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                write(store, f"during {mode}")
            with pytest.raises(StoreUnavailable):
                store.check_commit(NOW)
            with pytest.raises(StoreUnavailable), store.read():
                pass
        cluster.start()
        # The thread's connection was cut while it idled; nobody has to notice.
        write(store, f"after {mode}")
        store.check_commit(NOW)
    with store.unit_of_work() as uow:
        known = uow.register("azr:1", "before", b"h" * 32, "070001", NOW)
        assert known is not None
        assert known.answer == StoredAnswer(b"<answer/>", "070003")
    with store.read() as reader:
        assert reader.counts()["message"] == 3
    store.close()


@pytest.mark.postgresql
def test_a_restart_while_a_connection_idles_costs_nobody_a_message(cluster: PostgresCluster) -> None:
    url = cluster.url(cluster.create_database())
    migrate(url)
    store = open_test_store(url)
    write(store, "before")
    cluster.stop()
    cluster.start()
    with store.unit_of_work() as uow:
        uow.add_journal(JournalEntry(JournalKind.REFUSED, NOW, code="X000", size=3, digest=b"d" * 32))
        uow.commit()
    with store.read() as reader:
        assert reader.counts()["journal"] == 1
    store.close()


@pytest.mark.postgresql
def test_postgresql_cut_off_in_the_middle_of_a_unit_of_work(cluster: PostgresCluster) -> None:
    url = cluster.url(cluster.create_database())
    migrate(url)
    store = open_test_store(url)
    for when in ("asking", "committing"):
        with pytest.raises(StoreUnavailable), store.unit_of_work() as uow:  # noqa: PT012 - cut between
            assert uow.register("azr:1", when, b"h" * 32, "070001", NOW) is None
            uow.store_answer("azr:1", when, StoredAnswer(b"<answer/>", "070003"))
            with cluster.connect() as other:
                other.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'inge'"
                    " AND state = 'idle in transaction'"
                )
            if when == "asking":
                uow.persons_by_lock_key(1)
            uow.commit()
        write(store, when)
    store.close()


def test_a_sqlite_store_whose_disk_is_away(tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    url = f"sqlite:///{folder}/store.db"
    migrate(url)
    store = open_test_store(url)
    away = tmp_path / "away"
    os.rename(folder, away)
    with pytest.raises(StoreUnavailable):
        write(store, "during")
    with pytest.raises(StoreUnavailable):
        store.check_commit(NOW)
    os.rename(away, folder)
    write(store, "after")
    store.check_commit(NOW)
    store.close()


def test_a_file_replaced_under_a_running_store_is_noticed(tmp_path: Path) -> None:
    path, away = tmp_path / "store.db", tmp_path / "away.db"
    url = f"sqlite:///{path}"
    migrate(url)
    store = open_test_store(url)
    write(store, "before")
    store.check_commit(NOW)
    os.rename(path, away)
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="no file"):
            write(store, "lost")
        with pytest.raises(StoreUnavailable, match="no file"):
            store.check_commit(NOW)
    assert not path.exists()
    for side in ("-wal", "-shm"):
        (tmp_path / f"store.db{side}").unlink(missing_ok=True)
    migrate(url)
    write(store, "after")
    store.check_commit(NOW)
    with store.read() as reader:
        assert (reader.messages("before"), len(reader.messages("after"))) == ([], 1)
    store.close()


def test_a_store_without_its_tables_is_not_ready(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    store = open_store(
        f"sqlite:///{tmp_path}/empty.db", vault=known_vault(), clock_ns=lambda: 0, patience=1.0
    )
    with pytest.raises(StoreNotMigrated):
        store.check_commit(NOW)
    store.close()


def test_a_store_of_another_revision_serves_if_it_is_a_later_one(store: Store) -> None:
    for revision, ready in (("9999", True), (HEAD, True), ("0001", False)):
        with store.write() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :it"), {"it": revision})
        if ready:
            store.check_commit(NOW)
        else:
            with pytest.raises(StoreNotMigrated):
                store.check_commit(NOW)


def test_errors_do_not_tell_what_was_to_be_stored(store: Store) -> None:
    write(store, "Geheim-UUID")
    with pytest.raises(Exception, match=r".") as caught, store.unit_of_work() as uow:  # noqa: PT012
        uow.store_answer("azr:1", "Geheim-UUID", StoredAnswer(b"<answer/>", "070003"))
        uow.commit()
    assert not isinstance(caught.value, (StoreUnavailable, DBAPIError))
    assert "Geheim" not in str(caught.value)
