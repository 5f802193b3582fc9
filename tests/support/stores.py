"""Stores for tests: a fresh one per test on either engine."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.clock import Clock
from store.engine import Store, open_store
from store.migrate import migrate
from store.vault import ContentVault
from tests.support.postgres import PostgresCluster
from tests.support.washing import Washing

EACH_ENGINE = ("sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql))
"""What a fixture or test is run with that is the same on both."""
TEMPLATE = "inge_template"
MASTER_KEY = bytes(range(32))


def known_vault() -> ContentVault:
    """Return the vault of all test stores; its master key is known to everybody."""
    return ContentVault(MASTER_KEY, os.urandom)


def open_test_store(url: str, *, patience: float = 20.0, clock: Clock | None = None) -> Store:
    """Open a test store; also used by child processes, which know only the address.

    In: the clock by which ids are made where that is not the machine's.
    """

    def moved() -> int:
        assert clock is not None
        return round(clock.now().timestamp() * 1_000_000) * 1000

    clock_ns = time.time_ns if clock is None else moved
    return open_store(url, vault=known_vault(), clock_ns=clock_ns, patience=patience)


def fresh_sqlite(folder: Path, template: Path) -> str:
    """Copy the migrated template into the folder; return the address."""
    target = folder / "store.db"
    shutil.copyfile(template, target)
    return f"sqlite:///{target}"


def make_sqlite_template(folder: Path) -> Path:
    """Migrate an empty SQLite file that tests copy."""
    path = folder / "template.db"
    migrate(f"sqlite:///{path}")
    return path


def make_postgresql_template(cluster: PostgresCluster) -> None:
    """Migrate the database that tests copy, once per cluster."""
    with cluster.connect() as connection:
        connection.execute(f"CREATE DATABASE {TEMPLATE}".encode())
    migrate(cluster.url(TEMPLATE))


@contextmanager
def fresh_postgresql(cluster: PostgresCluster) -> Iterator[str]:
    """Give the address of a migrated database that is as new, for one test."""
    washing = _washings.setdefault(cluster.folder, Washing(cluster, TEMPLATE))
    name = washing.take()
    try:
        yield cluster.url(name)
    finally:
        washing.give_back(name)


_washings: dict[Path, Washing] = {}


@contextmanager
def fresh_store(request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """Give the address of a fresh, migrated store on the engine a fixture is run with."""
    if request.param == "sqlite":
        yield fresh_sqlite(folder, request.getfixturevalue("sqlite_template"))
    else:
        with fresh_postgresql(request.getfixturevalue("postgres_cluster")) as url:
            yield url
