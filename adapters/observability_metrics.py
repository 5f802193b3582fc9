"""Prometheus metrics, correct over several worker processes.

Workers share a folder named by PROMETHEUS_MULTIPROC_DIR, which must be set before this module is imported;
without it the numbers are those of this process alone.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_LIVE_FILE = re.compile(r"^gauge_live\w*_(\d+)\.db$")


class Metrics:
    """What the doors count. Labels hold doors, message types and codes of the catalogue only."""

    def __init__(self, measured: Sequence[Collector] = ()) -> None:
        """`measured` are asked whenever somebody looks: what they tell is the same for all workers."""
        self._measured = CollectorRegistry()
        for each in measured:
            self._measured.register(each)
        self._registry = CollectorRegistry()
        self.messages = Counter(
            "inge_messages",
            "Messages answered, by outcome (answered, repeated, refused) and code.",
            ["door", "message_type", "outcome", "code"],
            registry=self._registry,
        )
        self.seconds = Histogram(
            "inge_message_seconds",
            "Time from the last byte of a message to its sealed answer.",
            ["door", "stage"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self.busy = Counter(
            "inge_busy",
            "Messages sent away because the queue was full.",
            ["door"],
            registry=self._registry,
        )
        self.in_progress = Gauge(
            "inge_messages_in_progress",
            "Messages being worked on or waiting for it.",
            ["door"],
            multiprocess_mode="livesum",
            registry=self._registry,
        )
        self.background_failures = Counter(
            "inge_background_failures",
            "Turns of work beside the messages that failed; the next turn tries again.",
            ["work"],
            registry=self._registry,
        )
        self.unexpected = Counter(
            "inge_unexpected_errors",
            "Errors no step foresaw: each one is a defect.",
            ["door"],
            registry=self._registry,
        )

    def exposition(self) -> bytes:
        """All numbers of all workers in the text format of Prometheus."""
        folder = os.environ.get(FOLDER_VARIABLE)
        if folder is None:
            return generate_latest(self._registry) + generate_latest(self._measured)
        _forget_dead(Path(folder))
        registry = CollectorRegistry()
        MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]
        return generate_latest(registry) + generate_latest(self._measured)


def _forget_dead(folder: Path) -> None:
    """Take out what killed workers left as "in progress"; their counters stay true."""
    for file in folder.iterdir():
        match = _LIVE_FILE.match(file.name)
        if match and not Path("/proc", match.group(1)).exists():
            mark_process_dead(int(match.group(1)), str(folder))  # type: ignore[no-untyped-call]
