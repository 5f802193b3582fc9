"""How long somebody has a row of deferred work, and how often and when it is tried again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

BACK_OFF: Final = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
)
"""How long a row waits after its first, second, … failed attempt; the last one counts for all after it."""
LONGEST: Final = timedelta(minutes=30)
"""No lease is prolonged beyond this: what hangs must get to another, and at last to the operator."""


@dataclass(frozen=True, slots=True)
class Terms:
    """`attempts` a row has before it is dead; `lease`, after which another takes it from a dead worker."""

    attempts: int = len(BACK_OFF) + 1
    lease: timedelta = timedelta(seconds=60)

    def wait_after(self, attempts: int) -> timedelta | None:
        """Return how long a row waits after so many failed attempts, None if it is dead."""
        return None if attempts >= self.attempts else back_off(attempts)


def back_off(attempts: int) -> timedelta:
    """Return how long to wait after so many failed attempts, at least one."""
    return BACK_OFF[min(attempts, len(BACK_OFF)) - 1]
