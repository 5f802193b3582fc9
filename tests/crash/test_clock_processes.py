"""The business clock of a running gateway: once the command has come back, every worker goes by it."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.clock import german_day
from tests.door.test_messages import somebody
from tests.support.cli import inge
from tests.support.server import Gateway, running

REPORTS = 8


@pytest.fixture
def gateway(tmp_path: Path, store_url: str) -> Iterator[Gateway]:
    with running(tmp_path, store_url) as started:
        yield started


def valid_from(gateway: Gateway) -> set[date]:
    """The first day of rights that are reported now, over several connections."""
    days = set()
    for _ in range(REPORTS):
        message: Any = gateway.client().send(somebody()).message
        days.add(message.berechtigung_verpflichtung.gueltig_von)
    return days


def test_every_worker_goes_by_a_moved_clock(gateway: Gateway) -> None:
    config = gateway.folder / "inge.toml"
    for words, ahead in ((("show",), 0), (("advance", "40d"), 40), (("reset",), 0)):
        assert inge("clock", *words, "--config", config).code == 0
        now = datetime.now(UTC) + timedelta(days=ahead)
        # A test that runs over midnight sees two days.
        assert valid_from(gateway) <= {german_day(now), german_day(now + timedelta(minutes=1))}
