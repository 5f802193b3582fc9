"""An outage of the core store: deliveries go on being accepted, and are caught up with when it is back."""

from __future__ import annotations

import time
from typing import Any, Final

from sqlalchemy import func, select

from adapters.config import load_config
from adapters.config_secrets import load_signing_key
from adapters.server_acceptance import build_copy
from adapters.server_core import core_settings
from benchmarks.office import NotMeasured, client_of, expect_all_working, tally, workers
from fixtures.demo.display import say
from fixtures.demo.place import Place
from fixtures.demo.server import running
from fixtures.resettlers import records, write_file
from gateway.clock import SystemClock
from store.engine import Store
from store.schema import delivery
from tests.support.outage import store_away
from tests.support.postgres import PostgresCluster

PER_SECOND: Final = 12
"""The load that the gateway is built for."""
PER_DELIVERY: Final = 500
SEED: Final = 4242
PATIENCE_SECONDS: Final = 60.0


def caught_up(place: Place, store: Store, cluster: PostgresCluster | None, minutes: int) -> dict[str, Any]:
    """Fill an outage of so many minutes with deliveries, and measure how fast they are caught up with.

    Raises NotMeasured when a worker ends by itself, or nothing gets on.
    """
    count = max(1, minutes * 60 * PER_SECOND // PER_DELIVERY)
    client = client_of(place)
    file = place.folder / "outage.xml"
    with running(place), workers(place) as working:
        number = client.state().erwartet.nummer
        before = tally(store)
        _await_copy(place)
        # Its files are somewhere else for a while: none of ours may stay open.
        store.close()
        with store_away(str(store.engine.url), cluster):
            begin = time.perf_counter()
            for place_in_row in range(count):
                with file.open("wb") as out:
                    write_file(out, records(SEED + place_in_row, PER_DELIVERY))
                client.deliver(client.manifest(file, number + place_in_row), file)
                expect_all_working(working, place)
            accepted = time.perf_counter() - begin
            say(f"{count} deliveries accepted while the store was away")
        begin = time.perf_counter()
        while (done := _finished(store, number)) < count:
            expect_all_working(working, place)
            if time.perf_counter() - begin > 3600:
                raise NotMeasured(f"only {done} of {count} deliveries were caught up with in an hour")
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


def _await_copy(place: Place) -> None:
    """Wait for the local copy of the register of parties: it is written while the store is there."""
    config = load_config(place.config)
    copy = build_copy(config, load_signing_key(config), core_settings(config), SystemClock())
    until = time.monotonic() + PATIENCE_SECONDS
    while (problem := copy.state().problem) is not None:
        if time.monotonic() > until:
            raise NotMeasured(problem)
        time.sleep(0.1)


def _finished(store: Store, first_number: int) -> int:
    with store.read() as reader:
        wanted = select(func.count()).where(
            delivery.c.number >= first_number, delivery.c.finished_at.is_not(None)
        )
        return int(reader.connection.execute(wanted).scalar_one())
