"""Fixtures of all rings: fresh stores on both engines."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from store.engine import Store
from tests.support import waiting
from tests.support.postgres import PostgresCluster, shared_cluster
from tests.support.stores import (
    EACH_ENGINE,
    fresh_postgresql,
    fresh_store,
    make_postgresql_template,
    make_sqlite_template,
    open_test_store,
)
from tests.support.waiting import Waiting


@pytest.fixture(scope="session")
def postgres_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresCluster]:
    """The session's PostgreSQL cluster, shared by all workers; skips (or fails) without server binaries."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    with shared_cluster(base, make_postgresql_template) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file."""
    return make_sqlite_template(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(params=EACH_ENGINE)
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Address of a fresh, migrated store; the test runs once per engine."""
    with fresh_store(request, tmp_path) as url:
        yield url


@pytest.fixture(scope="module", params=EACH_ENGINE)
def shared_store_url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Address of a store that the tests of a file share; each runs once per engine."""
    with fresh_store(request, tmp_path_factory.mktemp("store")) as url:
        yield url


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """A fresh store on either engine."""
    opened = open_test_store(store_url)
    yield opened
    opened.close()


@pytest.fixture
def postgres_store(postgres_cluster: PostgresCluster) -> Iterator[Store]:
    """A fresh store on PostgreSQL, for what SQLite's one writer cannot do."""
    with fresh_postgresql(postgres_cluster) as url:
        opened = open_test_store(url)
        yield opened
        opened.close()


@pytest.fixture
def wait_until() -> Waiting:
    """Wait for something that another thread or process brings about; fails after a minute."""
    return waiting.wait_until
