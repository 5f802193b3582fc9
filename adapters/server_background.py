"""Work that goes on beside the requests, on a thread of its own in every worker process."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

import structlog

from adapters.observability_logs import place_of
from store.errors import StoreUnavailable


class Failures(Protocol):
    """What counts the turns that failed, such as a counter of `adapters.observability_metrics`."""

    def inc(self) -> None:
        """Count one more."""


class Repeated:
    """Calls `work` every `seconds` until it is stopped, then `last` if there is one.

    An error is logged, and the next turn tried. Several processes may run the same work: it must take a lease
    for itself.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[], object],
        seconds: float,
        *,
        last: Callable[[], None] | None = None,
        failures: Failures,
    ) -> None:
        self._name = name
        self._work = work
        self._last = last
        self._seconds = seconds
        self._failures = failures
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._log = structlog.get_logger("adapters.server")

    def start(self) -> None:
        """Begin; the first turn comes at once."""
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the turn under way and the last one: what was committed until now is taken along."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._turn(self._work)
            self._stopped.wait(self._seconds)
        if self._last is not None:
            self._turn(self._last)

    def _turn(self, work: Callable[[], object]) -> None:
        try:
            work()
        except StoreUnavailable as error:
            self._failures.inc()
            self._log.warning("background-failed", work=self._name, **place_of(error))
        except Exception as error:  # noqa: BLE001 - the next turn may succeed; the operator has to look
            self._failures.inc()
            self._log.error("background-failed", work=self._name, **place_of(error))
