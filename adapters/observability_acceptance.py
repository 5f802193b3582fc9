"""What waits on this node for the core store, and the age of its copy of the registry, as metrics."""

from __future__ import annotations

from collections.abc import Iterable

import structlog
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from adapters.observability_logs import place_of
from gateway.batch.registry_copy import RegistryCopy
from gateway.clock import Clock
from store.acceptance.records import KeptState
from store.acceptance.store import AcceptanceStore
from store.errors import StoreUnavailable


class AcceptanceMetrics(Collector):
    """Deliveries in the acceptance store, by state, and the age of the copy.

    The same for all processes of the node; each node has its own. What cannot be read is not told.
    """

    def __init__(self, kept: AcceptanceStore, copy: RegistryCopy, clock: Clock) -> None:
        self._kept = kept
        self._copy = copy
        self._clock = clock

    def describe(self) -> Iterable[Metric]:
        """Name the metrics without a look at the store."""
        return self._families()

    def collect(self) -> Iterable[Metric]:
        """Give the metrics, also noughts."""
        deliveries, waits, age, taken, at_most, full = self._families()
        made_at = self._copy.state().made_at
        if made_at is not None:
            age.add_metric([], max(0.0, (self._clock.now() - made_at).total_seconds()))
        try:
            counts = {each.state: each for each in self._kept.counts()}
            room = self._kept.room()
        except StoreUnavailable as error:
            structlog.get_logger("adapters.metrics").warning("acceptance-not-counted", **place_of(error))
            return [age]
        for state in KeptState:
            count = counts.get(state)
            deliveries.add_metric([state], 0 if count is None else count.deliveries)
        oldest = counts.get(KeptState.ACCEPTED)
        seconds = 0.0 if oldest is None else (self._clock.now() - oldest.since).total_seconds()
        waits.add_metric([], max(0.0, seconds))
        taken.add_metric([], room.taken)
        at_most.add_metric([], room.limits.at_most)
        full.add_metric([], room.is_full)
        return [deliveries, waits, age, taken, at_most, full]

    def _families(self) -> tuple[GaugeMetricFamily, ...]:
        return (
            GaugeMetricFamily(
                "inge_acceptance_deliveries",
                "Deliveries in this node's acceptance store; ACCEPTED ones are not in the core store yet.",
                None,
                ["state"],
            ),
            GaugeMetricFamily(
                "inge_acceptance_oldest_seconds", "How long the oldest delivery waits to be drained."
            ),
            GaugeMetricFamily(
                "inge_registry_copy_age_seconds", "Age of this node's copy of the party registry."
            ),
            GaugeMetricFamily(
                "inge_acceptance_bytes", "What deliveries that wait in the acceptance store take of its disk."
            ),
            GaugeMetricFamily("inge_acceptance_max_bytes", "What they may take."),
            GaugeMetricFamily(
                "inge_acceptance_full",
                "1 where nothing more is accepted: so much is taken, or the disk is full.",
            ),
        )
