"""Gateways for the door's tests: one shared by the tests that leave it as it is, on either engine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.server import Gateway, running
from tests.support.stores import ENGINES, fresh_postgresql, fresh_sqlite


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=pytest.mark.postgresql) if name == "postgresql" else name for name in ENGINES
    ],
)
def gateway(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A running gateway, one per test file and engine."""
    folder = tmp_path_factory.mktemp("gateway")
    if request.param == "sqlite":
        with running(folder, fresh_sqlite(folder, request.getfixturevalue("sqlite_template"))) as started:
            yield started
    else:
        with (
            fresh_postgresql(request.getfixturevalue("postgres_cluster")) as url,
            running(folder, url) as started,
        ):
            yield started


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    """A fresh SQLite store, for tests in which the engine makes no difference."""
    return fresh_sqlite(tmp_path, sqlite_template)
