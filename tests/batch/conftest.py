"""Gateways that take deliveries: one shared by the tests that agree on it, on either engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.batch_http import delivering
from tests.support.postgres import PostgresCluster
from tests.support.server import Gateway
from tests.support.stores import EACH_ENGINE


@pytest.fixture(scope="module")
def gateway(shared_store_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A running gateway that the Federal Administration Office delivers to, one per test file and engine."""
    with delivering(tmp_path_factory.mktemp("gateway"), shared_store_url) as started:
        yield started


@pytest.fixture(params=EACH_ENGINE)
def acceptance_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where an acceptance store may be made, on either engine."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/acceptance.db"
        return
    cluster: PostgresCluster = request.getfixturevalue("postgres_cluster")
    database = cluster.create_database()
    yield cluster.url(database)
    cluster.drop_database(database)
