"""The partners of the large measurement: who delivers, who works, and what is in the store at the end."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select

from adapters.client import GatewayTrust
from adapters.client.batch import BatchClient
from fixtures.demo.messages import FEDERAL_OFFICE
from fixtures.demo.place import HOLDERS, Place, command
from fixtures.persons import BAMF
from messages import bva
from store.engine import Store
from store.schema import case_file, message

WORKERS: Final = 2
LINES_TOLD: Final = 20


class NotMeasured(Exception):
    """Something went wrong that makes the figures worthless; the text says what."""


@contextmanager
def workers(place: Place) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run two workers as an operator would; stopped in order at the end where they still run."""
    with place.log.open("ab") as log:
        processes = [
            subprocess.Popen(
                [*command(), "worker", "--config", str(place.config)], stdout=subprocess.DEVNULL, stderr=log
            )
            for _ in range(WORKERS)
        ]
    try:
        yield processes
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            process.wait()


def expect_all_working(processes: Sequence[subprocess.Popen[bytes]], place: Place) -> None:
    """Raise NotMeasured, with the last of what they logged, if a worker ended by itself."""
    for number, process in enumerate(processes, start=1):
        if process.poll() is not None:
            log = place.log.read_text(encoding="utf-8", errors="replace").splitlines()
            ended = f"worker {number} of {len(processes)} ended by itself with {process.returncode}"
            # The folder of a measurement goes with it.
            raise NotMeasured("\n".join([f"{ended}; the last lines of the log:", *log[-LINES_TOLD:]]))


def client_of(place: Place) -> BatchClient:
    """Return the client of the Federal Administration Office."""
    return BatchClient(
        f"{place.base}/batch",
        place.pki.key(HOLDERS["bva"]),
        GatewayTrust.load(place.pki.directory / "gateway.crt.pem"),
        agency=bva.Stelle(FEDERAL_OFFICE.kennung, FEDERAL_OFFICE.name),
        reader=bva.Stelle(BAMF.kennung, BAMF.name),
        test=True,
        seconds=(5.0, 3600.0),
    )


@dataclass(frozen=True, slots=True)
class Tally:
    """What is in the store: records registered, cases, different numbers."""

    records: int
    cases: int
    numbers: int


def tally(store: Store) -> Tally:
    """Count what a delivery left."""
    kind = bva.Bescheinigung200002.message_type
    with store.read() as reader:
        count = reader.connection.execute
        return Tally(
            count(select(func.count()).where(message.c.message_type == kind)).scalar_one(),
            count(select(func.count()).select_from(case_file)).scalar_one(),
            count(select(func.count(case_file.c.number.distinct()))).scalar_one(),
        )
