"""How often and how fast a sending is repeated."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Bounded backoff with jitter. Repeating is always safe: the gateway knows a message by its UUID."""

    attempts: int = 5
    """All sendings together, the first one included."""
    first_seconds: float = 0.5
    """Wait after the first failure; doubled after each further one."""
    longest_seconds: float = 30.0
    """Never wait longer; a refusal that asks for more is raised at once, for the caller to plan."""

    def wait(self, failures: int, asked: int | None, rng: random.Random) -> float | None:
        """Seconds to wait after the `failures`-th failure, or None to give up.

        `asked` is the gateway's own wish in seconds (retry-after). The jitter keeps many senders that
        failed together from coming back together.
        """
        if failures >= self.attempts or (asked or 0) > self.longest_seconds:
            return None
        backoff = min(self.first_seconds * 2.0 ** (failures - 1), self.longest_seconds)
        return min(max(backoff * rng.uniform(0.5, 1.0), float(asked or 0)), self.longest_seconds)
