"""The migrated schema is the schema of the code, on both engines."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, Table, inspect, select, text

from store.confirmations import INHERITED, grants
from store.database import make_engine
from store.migrate import MIGRATIONS, migrate
from store.parties import list_parties
from store.revision import HEAD, current_revision
from store.schema import content, message, metadata
from tests.support.postgres import PostgresCluster, own_cluster


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def two_urls(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Addresses of two empty databases."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/migrated.db", f"sqlite:///{tmp_path}/fresh.db"
        return
    cluster: PostgresCluster = request.getfixturevalue("postgres_cluster")
    names = [cluster.create_database(), cluster.create_database()]
    yield cluster.url(names[0]), cluster.url(names[1])
    for name in names:
        cluster.drop_database(name)


def revisions() -> list[str]:
    return sorted(path.name[1:5] for path in MIGRATIONS.glob("versions/r*.py"))


def rules(table: Table) -> set[str]:
    """What may refuse a row."""
    keys = {f"{each.name} {list(each.columns)}" for each in table.indexes if each.unique}
    return keys | {str(each.name) for each in table.constraints}


def described(connection: Connection) -> dict[str, Any]:
    """Everything reflection tells about the tables, in an order of its own."""
    seen = inspect(connection)
    tables: dict[str, Any] = {}
    for name in seen.get_table_names():
        if name == "alembic_version":
            continue
        tables[name] = {
            "columns": [
                (c["name"], str(c["type"]), c["nullable"], c.get("default"), c.get("autoincrement"))
                for c in seen.get_columns(name)
            ],
            "primary key": seen.get_pk_constraint(name),
            "foreign keys": sorted(map(repr, seen.get_foreign_keys(name))),
            # Their conditions are objects here; compared as text.
            "indexes": sorted(
                (str(index["name"]), index["column_names"], index["unique"], _conditions(index))
                for index in seen.get_indexes(name)
            ),
            "unique": sorted(map(repr, seen.get_unique_constraints(name))),
            "checks": sorted(map(repr, seen.get_check_constraints(name))),
            "options": seen.get_table_options(name),
        }
    if connection.dialect.name == "sqlite":
        tables["sql"] = sorted(
            " ".join(row[0].split())
            for row in connection.execute(text("SELECT sql FROM sqlite_master"))
            if row[0] and "alembic_version" not in row[0]
        )
    else:
        tables["sequences"] = connection.execute(
            text("SELECT sequence_name, data_type, start_value, increment FROM information_schema.sequences")
        ).all()
    return tables


def _conditions(index: Any) -> dict[str, str]:
    return {name: str(value) for name, value in index.get("dialect_options", {}).items()}


def test_a_migrated_store_has_the_schema_of_a_fresh_one(two_urls: tuple[str, str]) -> None:
    migrated_url, fresh_url = two_urls
    migrate(migrated_url)
    fresh = make_engine(fresh_url)
    with fresh.begin() as connection:
        metadata.create_all(connection)
        expected = described(connection)
    fresh.dispose()
    migrated = make_engine(migrated_url)
    with migrated.begin() as connection:
        assert described(connection) == expected
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []
    migrated.dispose()


def test_the_second_revision_keeps_what_the_first_one_stored(two_urls: tuple[str, str]) -> None:
    url, _ = two_urls
    migrate(url, "0001")
    moment = "2026-11-24T10:30:00.000000+00:00"
    before = [
        "INSERT INTO message VALUES ('u1', 'p1', 'h', '070001', :moment)",
        "INSERT INTO person VALUES (5, -7, 'a', 'b', '1990', 'w', 'A', 'B', :document, false)",
        "INSERT INTO case_file VALUES (6, 5, 'B1', 'OPEN', '2026-11-24')",
        "INSERT INTO entitlement VALUES (6, 7, '1a', 'p1', 'P', '2026-11-24', '2027-11-24', false, 'CURRENT',"
        " false, false, :moment)",
        "INSERT INTO case_history VALUES (8, 6, 7, 'OPEN', 'OPEN', :moment, 'x', 'y')",
        "INSERT INTO work_item VALUES (9, 'duplicate', NULL, -7, 'OPEN', :document, :document, :moment)",
        "INSERT INTO work_item_message VALUES (9, 'p1', 'u1', :moment)",
    ]
    engine = make_engine(url)
    with engine.begin() as connection:
        for statement in before:
            # JSON is written as text, which PostgreSQL casts.
            connection.exec_driver_sql(
                statement.replace(":moment", f"'{moment}'").replace(":document", "'[1, 2]'")
            )
    migrate(url)
    with engine.begin() as connection:
        seen = {
            table: [tuple(row) for row in connection.execute(text(f"SELECT * FROM {table}"))]
            for table in ("person", "case_file", "entitlement", "case_history", "work_item_message")
        }
        item = connection.execute(text("SELECT state, decision, undone_at FROM work_item")).one()
        offset = connection.execute(text("SELECT id, offset_seconds FROM business_clock")).one()
        leases = connection.execute(text("SELECT name FROM lease ORDER BY name")).scalars().all()
        if connection.dialect.name == "sqlite":
            assert connection.execute(text("PRAGMA foreign_key_check")).all() == []
            assert connection.execute(text("PRAGMA foreign_keys")).scalar_one() == 1
    engine.dispose()
    (someone,) = seen["person"]
    assert someone[:8] == (5, -7, "a", "b", "1990", "w", "A", "B")
    assert someone[10:] == (None, None)
    (case,) = seen["case_file"]
    assert case[:4] == (6, 5, "B1", "OPEN")
    assert case[5:] == (700, None, None, None, None, None, None, None)
    (right,) = seen["entitlement"]
    assert right[:5] == (6, 7, "1a", "p1", "P")
    assert right[12:] == (None, None)
    assert len(seen["case_history"]) == len(seen["work_item_message"]) == 1
    assert tuple(item) == ("OPEN", None, None)
    assert tuple(offset) == (1, 0)
    assert leases == ["batch-folder", "readiness", "scheduler", "sealer"]


def test_the_second_revision_keeps_contents_answers_and_what_was_erased(two_urls: tuple[str, str]) -> None:
    url, _ = two_urls
    migrate(url, "0001")
    moment = "2026-11-24T10:30:00.000000+00:00"
    octets = "X'{}'" if url.startswith("sqlite") else "'\\x{}'"
    columns = "id, at, kind, party_id, uuid, content_key_id, sealed_digest, row_hash"
    before = []
    for number, uuid in ((1, "kept"), (2, "erased")):
        before += [
            f"INSERT INTO message VALUES ('{uuid}', 'p1', <68>, '070001', '{moment}')",
            f"INSERT INTO answer VALUES ('{uuid}', 'p1', '070003', NULL, 'B{number}', 'D01',"
            f" {number}0, <a{number}>)",
            f"INSERT INTO journal ({columns}) VALUES ({number}, '{moment}', 'received', 'p1', '{uuid}',"
            f" {number}0, <dd>, <ee>)",
            f"INSERT INTO journal_content VALUES ({number}, <b{number}>)",
        ]
    before += [
        "INSERT INTO content_key VALUES (10, <c1>)",
        # A refusal: kept without a registration.
        "INSERT INTO content_key VALUES (30, <c3>)",
        f"INSERT INTO journal ({columns}) VALUES (3, '{moment}', 'refused', 'p1', 'no', 30, <dd>, <ee>)",
        "INSERT INTO journal_content VALUES (3, <b3>)",
    ]
    engine = make_engine(url)
    with engine.begin() as connection:
        for statement in before:
            connection.exec_driver_sql(re.sub("<(..)>", lambda found: octets.format(found[1]), statement))
    migrate(url)
    with engine.begin() as connection:
        rows = connection.execute(select(content).order_by(content.c.id)).all()
        keys = connection.execute(select(message.c.uuid, message.c.content_key_id).order_by(message.c.uuid))
        assert keys.all() == [("erased", 20), ("kept", 10)]
    engine.dispose()
    assert rows == [
        (10, b"\xc1", b"\xb1", b"\xa1", "070003", None, "B1", "D01"),
        (20, None, b"\xb2", b"\xa2", "070003", None, "B2", "D01"),
        (30, b"\xc3", b"\xb3", None, None, None, None, None),
    ]


def test_the_fifth_revision_keeps_what_productive_parties_may_send(two_urls: tuple[str, str]) -> None:
    url, _ = two_urls
    migrate(url, "0004")
    engine = make_engine(url)
    with engine.begin() as connection:
        for kennung, environment in (("azr:1", "productive"), ("azr:2", "test")):
            connection.exec_driver_sql(
                f"INSERT INTO party VALUES ('{kennung}', 'P', '{environment}', 'ABH',"
                " false, false, false, false, false)"
            )
            for message_type in ("070001", "070008"):
                connection.exec_driver_sql(f"INSERT INTO party_type VALUES ('{kennung}', '{message_type}')")
            connection.exec_driver_sql(f"INSERT INTO party_version VALUES ('{kennung}', 'XAusländer 26.11')")
    migrate(url)
    with engine.begin() as connection:
        productive, test = list_parties(connection)
        by = {confirmation for pairs in grants(connection).values() for confirmation in pairs.values()}
    engine.dispose()
    assert productive.connected == {("070001", "XAusländer 26.11"), ("070008", "XAusländer 26.11")}
    assert test.connected == frozenset()
    assert by == {(INHERITED,)}


def test_migrating_again_changes_nothing_and_names_the_revision(two_urls: tuple[str, str]) -> None:
    url, _ = two_urls
    engine = make_engine(url)
    with engine.begin() as connection:
        assert current_revision(connection) is None
    migrate(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE number_epoch SET epoch = 7"))
        assert current_revision(connection) == HEAD
    migrate(url)
    with engine.begin() as connection:
        assert connection.execute(text("SELECT epoch FROM number_epoch")).scalar_one() == 7
    engine.dispose()


@pytest.mark.parametrize("to", [each for each in revisions() if each > "0003"])
def test_a_revision_takes_away_nothing_that_the_release_before_it_works_with(tmp_path: Path, to: str) -> None:
    """Nodes of both releases work on one store for a while (decision 0057)."""
    url = f"sqlite:///{tmp_path}/store.db"
    before = revisions()[revisions().index(to) - 1]
    seen: dict[str, MetaData] = {}
    engine = make_engine(url)
    for revision in (before, to):
        migrate(url, revision)
        seen[revision] = MetaData()
        seen[revision].reflect(engine)
    engine.dispose()
    for name, table in seen[before].tables.items():
        now = seen[to].tables[name]
        for column in table.columns:
            kept = now.columns[column.name]
            assert (str(kept.type), kept.nullable) == (str(column.type), column.nullable)
        for column in now.columns:
            assert column.name in table.columns or column.nullable or column.server_default is not None
        assert rules(now) == rules(table)


def test_sqlite_runs_with_the_settings_that_keep_what_was_acknowledged(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    migrate(url)
    engine = make_engine(url)
    with engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    engine.dispose()
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    assert (tmp_path / "a.db").stat().st_mode & 0o077 == 0


@pytest.mark.postgresql
def test_postgresql_runs_read_committed_in_utc_and_syncs() -> None:
    with own_cluster() as cluster:
        engine = make_engine(cluster.url("postgres"))
        with engine.connect() as connection:
            found = [
                connection.exec_driver_sql(f"SHOW {setting}").scalar()
                for setting in ("transaction_isolation", "TimeZone", "synchronous_commit", "fsync")
            ]
        engine.dispose()
    assert found == ["read committed", "UTC", "on", "on"]


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql+pymysql://u@h/d"])
def test_an_address_that_cannot_be_a_store_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="store"):
        make_engine(url)
