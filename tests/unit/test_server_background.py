"""The thread beside the requests: goes on after an error, and ends with its last turn."""

import threading

from prometheus_client import CollectorRegistry, Counter
from structlog.testing import capture_logs

from adapters.server_background import Repeated


def test_an_error_does_not_end_it_and_the_last_turn_comes_at_the_end() -> None:
    turns: list[str] = []
    twice = threading.Event()

    def work() -> None:
        turns.append("work")
        if len(turns) == 1:
            raise OSError("away")
        twice.set()

    registry = CollectorRegistry()
    failures = Counter("failures", "Failed turns.", registry=registry)
    repeated = Repeated("sealer", work, 0.001, last=lambda: turns.append("last"), failures=failures)
    with capture_logs() as lines:
        repeated.start()
        assert twice.wait(10)
        repeated.stop()
    assert turns[-1] == "last"
    assert turns.count("last") == 1
    assert registry.get_sample_value("failures_total") == 1
    assert [(line["event"], line["log_level"], line["error"]) for line in lines] == [
        ("background-failed", "error", "OSError")
    ]
