"""Gateways that take deliveries: one shared by the tests that agree on it, on either engine."""

from collections.abc import Iterator

import pytest

from tests.support.batch_http import delivering
from tests.support.server import Gateway
from tests.support.stores import ENGINES, fresh_postgresql, fresh_sqlite


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=pytest.mark.postgresql) if name == "postgresql" else name for name in ENGINES
    ],
)
def gateway(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A running gateway that the Federal Administration Office delivers to, one per test file and engine."""
    folder = tmp_path_factory.mktemp("gateway")
    if request.param == "sqlite":
        with delivering(folder, fresh_sqlite(folder, request.getfixturevalue("sqlite_template"))) as started:
            yield started
    else:
        with (
            fresh_postgresql(request.getfixturevalue("postgres_cluster")) as url,
            delivering(folder, url) as started,
        ):
            yield started
