"""Row ids made by the client: 63 bits, ordered by time, unique over all processes of one store."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

EPOCH_MICROSECONDS = 1_767_225_600_000_000
"""2026-01-01T00:00:00Z. 51 bits of microseconds reach to the year 2097."""
NODE_BITS = 12

_MICROSECOND = timedelta(microseconds=1)


def made_at(row_id: int) -> datetime:
    """Return about when an id was made; ids of other making count as made with the first ones."""
    since = max(0, row_id >> NODE_BITS)
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=EPOCH_MICROSECONDS + since)


def last_before(instant: datetime) -> int:
    """Return an id greater than all made before an instant and none made later; below 0 before the first."""
    since = (instant - datetime.fromtimestamp(0, UTC)) // _MICROSECOND - EPOCH_MICROSECONDS
    return since << NODE_BITS


class IdSource:
    """Hands out ids: microseconds since 2026 shifted by 12 bits, plus the number of this process.

    In: the node number (0 to 4095, taken from the store at the opening, so that no two live processes share
    one) and a clock in nanoseconds since 1970. A clock that stands still or goes back only makes ids run
    ahead of it.
    """

    def __init__(self, node: int, clock_ns: Callable[[], int]) -> None:
        if not 0 <= node < 1 << NODE_BITS:
            raise ValueError(f"a node number has {NODE_BITS} bits, not {node}")
        self._node = node
        self._clock_ns = clock_ns
        self._last = 0
        self._lock = threading.Lock()

    def take(self) -> int:
        """Return the next id, larger than all this process made before."""
        now = self._clock_ns() // 1000 - EPOCH_MICROSECONDS
        with self._lock:
            self._last = last = max(now, self._last + 1)
        return last << NODE_BITS | self._node
