"""Gateways that take deliveries: one shared by the tests that agree on it, on either engine."""

from collections.abc import Iterator

import pytest

from tests.support.batch_http import delivering
from tests.support.server import Gateway


@pytest.fixture(scope="module")
def gateway(shared_store_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A running gateway that the Federal Administration Office delivers to, one per test file and engine."""
    with delivering(tmp_path_factory.mktemp("gateway"), shared_store_url) as started:
        yield started
