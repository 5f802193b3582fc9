"""Waiting for what another thread or process brings about."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

Waiting = Callable[[Callable[[], bool]], None]
"""What the fixture `wait_until` gives to a test."""
SECONDS = 60


def wait_until(happened: Callable[[], bool]) -> None:
    """Wait for something; fails after a minute."""
    deadline = time.monotonic() + SECONDS
    while not happened():
        if time.monotonic() > deadline:
            pytest.fail(f"did not happen within {SECONDS} seconds")
        time.sleep(0.02)
