"""A gateway that stops in the middle of storing a delivery, so that it can be killed there."""

import time
from pathlib import Path
from typing import Any

import adapters.server
from adapters.http import WebApplication
from adapters.server import load_worker
from store.unit import UnitOfWork

STOPS_AT = 30
"""Ordinal of the chunk that is never stored; the twenty before it that were stored together are."""


def serve(path: Path) -> None:
    """As `adapters.server.serve`, with workers that stop there."""
    adapters.server.load_worker = load_stopping_worker
    adapters.server.serve(path)


def load_stopping_worker(path: Path) -> WebApplication:
    """In a worker: the application."""
    add_chunk = UnitOfWork.add_chunk

    def stopping(work: UnitOfWork, delivery_id: int, ordinal: int, *chunk: Any) -> bool:
        while ordinal == STOPS_AT:
            time.sleep(0.1)
        return add_chunk(work, delivery_id, ordinal, *chunk)

    UnitOfWork.add_chunk = stopping  # type: ignore[assignment, method-assign]
    return load_worker(path)
