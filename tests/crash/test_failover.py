"""PostgreSQL as docs/deployment says: what each role may, and a standby that takes over without a loss."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from store.migrate import migrate
from tests.support.cli import inge
from tests.support.deployment import DEPLOYMENT
from tests.support.load import Load, nothing_lost_and_nothing_double
from tests.support.postgres_pair import PASSWORD, Pair, documented_pair
from tests.support.ring import scale
from tests.support.server import Gateway, running
from tests.support.stores import open_test_store
from tests.support.waiting import Waiting

pytestmark = pytest.mark.postgresql


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with pytest.MonkeyPatch.context() as patch, documented_pair() as started:
        patch.setenv("PGPASSWORD", PASSWORD)
        migrate(started.url("inge_owner"))
        for _ in range(2):
            started.psql_as_owner("-f", str(DEPLOYMENT / "grants.sql"))
        yield started


@pytest.fixture(scope="module")
def gateway(pair: Pair, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway that serves as the role that may not change tables."""
    folder: Path = tmp_path_factory.mktemp("node")
    with running(folder, pair.url("inge_app"), http={"workers": 1}) as started:
        yield started


FORBIDDEN = [
    "DELETE FROM journal",
    "UPDATE journal SET code = 'x'",
    "UPDATE journal SET row_hash = chain_hash",
    "DELETE FROM journal_head",
    "UPDATE journal_head SET position = 0",
    "TRUNCATE journal",
    "DELETE FROM decision",
    "DELETE FROM person",
    "UPDATE alembic_version SET version_num = '0001'",
    "DELETE FROM number_epoch",
    "ALTER TABLE journal ADD COLUMN x int",
    "DROP TABLE outbox",
    "CREATE TABLE x (id int)",
    "CREATE TEMPORARY TABLE x (id int)",
    "CREATE ROLE x",
]


@pytest.mark.parametrize("role", ["inge_app", "inge_reader"])
def test_what_serves_can_change_neither_tables_nor_the_journal(pair: Pair, role: str) -> None:
    with pair.connect(role) as connection:
        connection.execute("SET default_transaction_read_only = off")
        connection.commit()
        forbidden = [*FORBIDDEN, "UPDATE lease SET holder = 'x'"] if role == "inge_reader" else FORBIDDEN
        for statement in forbidden:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
            connection.rollback()
        connection.execute("SELECT count(*) FROM journal")


def test_a_gateway_needs_no_more_and_a_standby_takes_over_without_a_loss(
    gateway: Gateway, pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wait_until: Waiting
) -> None:
    store = open_test_store(pair.url("inge_app"))
    load = Load((gateway.soap,), gateway.pki)
    with load.running():
        load.progress(20)
        operate(gateway, load)
        back_up(gateway, pair, tmp_path, monkeypatch)
        load.progress(scale(20, 500))
        pair.fail_over()
        load.progress(scale(30, 500))
    wait_until(lambda: gateway.get("/readyz").status_code == 200)
    nothing_lost_and_nothing_double(load, store)
    store.close()
    assert list(pair.archive.iterdir())
    assert gateway.stop() == 0
    assert inge("journal", "verify", "--config", gateway.config).code == 0


def operate(gateway: Gateway, load: Load) -> None:
    """What operators do as the role that serves."""
    for words in (
        ("cases", "list"),
        ("hints", "list"),
        ("scheduler", "run", "--once"),
        ("retention", "run"),
        ("worker", "--once"),
        ("journal", "verify"),
        ("explain", load.told[0].uuid),
    ):
        ran = inge(*words, "--config", gateway.config)
        assert ran.code == 0, ran.err


def back_up(gateway: Gateway, pair: Pair, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A backup needs the role that reads; sealing needs more."""
    recipient = inge("backup-key", folder / "identity").out.split()[-1]
    with monkeypatch.context() as patch:
        patch.setenv("INGE_STORE__URL", pair.url("inge_reader"))
        ran = inge("backup", folder / "backup.age", "--to", recipient, "--config", gateway.config)
        assert ran.code == 0, ran.err
        assert inge("journal", "seal", "--config", gateway.config).code != 0
