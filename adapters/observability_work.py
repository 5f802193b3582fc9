"""How much deferred work there is, as metrics read from the store whenever somebody looks."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from itertools import product
from time import monotonic

import structlog
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from adapters.observability_logs import place_of
from gateway.clock import Clock
from gateway.deferred.handlers import KINDS
from store.engine import Store
from store.errors import StoreUnavailable
from store.records_work import WorkState
from store.work import WorkCount, count_work


class WorkMetrics(Collector):
    """Rows by kind and state, and how long the oldest of each is due.

    The same for all processes, since all look into one store; while it is away nothing is told.
    """

    def __init__(self, store: Store, clock: Clock, *, keep_seconds: float = 5.0) -> None:
        """A count is kept for `keep_seconds`, so that nobody can make the store busy by asking."""
        self._store = store
        self._clock = clock
        self._keep = keep_seconds
        self._counted_at = float("-inf")
        self._counts: Sequence[WorkCount] = ()
        self._lock = threading.Lock()

    def describe(self) -> Iterable[Metric]:
        """Name the metrics without a look into the store, which may be away when a process begins."""
        return self._families()

    def collect(self) -> Iterable[Metric]:
        """Give the metrics, also noughts for the kinds and states of which there are none."""
        try:
            counts = self._count()
        except StoreUnavailable as error:
            structlog.get_logger("adapters.metrics").warning("work-not-counted", **place_of(error))
            return []
        rows, due = self._families()
        found = {(each.kind, each.state): each for each in counts}
        names = {*product(sorted(KINDS), WorkState), *found}
        for kind, state in sorted(names):
            count = found.get((kind, state))
            rows.add_metric([kind, state], 0 if count is None else count.rows)
            waits = 0.0 if count is None else (self._clock.now() - count.since).total_seconds()
            due.add_metric([kind, state], max(0.0, waits))
        return [rows, due]

    def _count(self) -> Sequence[WorkCount]:
        with self._lock:
            if monotonic() - self._counted_at > self._keep:
                with self._store.read() as reader:
                    self._counts = count_work(reader.connection)
                self._counted_at = monotonic()
            return self._counts

    def _families(self) -> tuple[GaugeMetricFamily, GaugeMetricFamily]:
        labels = ["kind", "state"]
        return (
            GaugeMetricFamily(
                "inge_work_rows", "Rows of deferred work; DEAD ones wait for an operator.", None, labels
            ),
            GaugeMetricFamily(
                "inge_work_oldest_seconds", "How long the oldest row of deferred work is due.", None, labels
            ),
        )
