"""A store that goes away and comes back, on either engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.postgres import PostgresCluster


@contextmanager
def store_away(url: str, cluster: PostgresCluster | None) -> Iterator[None]:
    """Take a store away for a time: PostgreSQL is stopped, SQLite's files are somewhere else."""
    take_away(url, cluster)
    try:
        yield
    finally:
        bring_back(url, cluster)


def take_away(url: str, cluster: PostgresCluster | None) -> None:
    if cluster is not None:
        cluster.stop("immediate")
        return
    _moved(url, "", ".away")


def bring_back(url: str, cluster: PostgresCluster | None) -> None:
    if cluster is not None:
        cluster.start()
        return
    _moved(url, ".away", "")


def _moved(url: str, before: str, after: str) -> None:
    path = url.removeprefix("sqlite:///")
    # The file last when it comes, first when it goes: never one without its log.
    sides = ["", "-wal", "-shm"] if after else ["-wal", "-shm", ""]
    for side in sides:
        there = Path(f"{path}{side}{before}")
        if there.exists():
            there.rename(f"{path}{side}{after}")
