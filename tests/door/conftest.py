"""Gateways for the door's tests: one shared by the tests that leave it as it is, on either engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.server import Gateway, running
from tests.support.stores import fresh_sqlite


@pytest.fixture(scope="module")
def gateway(shared_store_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A running gateway, one per test file and engine."""
    with running(tmp_path_factory.mktemp("gateway"), shared_store_url) as started:
        yield started


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    """A fresh SQLite store, for tests in which the engine makes no difference."""
    return fresh_sqlite(tmp_path, sqlite_template)
