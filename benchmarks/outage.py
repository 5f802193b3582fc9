"""An outage of the core store: deliveries go on being accepted, and are caught up with when it is back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import func, select

from benchmarks.office import client_of, tally, workers
from fixtures.demo.display import say
from fixtures.demo.place import Place
from fixtures.demo.server import running
from fixtures.resettlers import records, write_file
from store.engine import Store
from store.schema import delivery
from tests.support.postgres import PostgresCluster

PER_SECOND: Final = 12
"""The load that the gateway is built for."""
PER_DELIVERY: Final = 500
SEED: Final = 4242


def caught_up(place: Place, store: Store, cluster: PostgresCluster | None, minutes: int) -> dict[str, Any]:
    """Fill an outage of so many minutes with deliveries, and measure how fast they are caught up with."""
    count = max(1, minutes * 60 * PER_SECOND // PER_DELIVERY)
    client = client_of(place)
    file = place.folder / "outage.xml"
    with running(place), workers(place):
        number = client.state().erwartet.nummer
        before = tally(store)
        # The local copy of the register of parties is written while the store is there.
        time.sleep(5)
        with _away(store, cluster):
            begin = time.perf_counter()
            for place_in_row in range(count):
                with file.open("wb") as out:
                    write_file(out, records(SEED + place_in_row, PER_DELIVERY))
                client.deliver(client.manifest(file, number + place_in_row), file)
            accepted = time.perf_counter() - begin
            say(f"{count} deliveries accepted while the store was away")
        begin = time.perf_counter()
        while (done := _finished(store, number)) < count:
            if time.perf_counter() - begin > 3600:
                raise RuntimeError(f"only {done} of {count} deliveries were caught up with in an hour")
            time.sleep(0.5)
        seconds = time.perf_counter() - begin
    found = tally(store)
    total = count * PER_DELIVERY
    return {
        "deliveries": count,
        "records": total,
        "accepted_records_per_second": round(total / accepted),
        "caught_up_in_seconds": round(seconds, 1),
        "caught_up_records_per_second": round(total / seconds),
        "whole": found.records - before.records == total and found.numbers == found.cases,
    }


@contextmanager
def _away(store: Store, cluster: PostgresCluster | None) -> Iterator[None]:
    """Take the core store away: PostgreSQL is stopped, SQLite's files are somewhere else."""
    if cluster is not None:
        cluster.stop("immediate")
        try:
            yield
        finally:
            cluster.start()
        return
    files = [Path(f"{store.engine.url.database}{end}") for end in ("", "-wal", "-shm")]
    store.close()
    moved = [(path, path.with_name(f"{path.name}.away")) for path in files if path.exists()]
    for path, other in moved:
        path.rename(other)
    try:
        yield
    finally:
        for path, other in reversed(moved):
            other.rename(path)


def _finished(store: Store, first_number: int) -> int:
    with store.read() as reader:
        wanted = select(func.count()).where(
            delivery.c.number >= first_number, delivery.c.finished_at.is_not(None)
        )
        return int(reader.connection.execute(wanted).scalar_one())
