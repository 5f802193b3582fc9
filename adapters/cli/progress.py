"""Progress of long work, on standard error: a moving line on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

_SECONDS_BETWEEN_LINES = 10.0


class Counter:
    """Counts what is done; called with what is being worked on and how much is done in all."""

    def __init__(self, what: str, out: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self.done = 0
        self._what = what
        self._out = out
        self._clock = clock
        self._moving = out.isatty()
        self._began = self._told = clock()

    def __call__(self, at: str, done: int) -> None:
        """Tell it if it is time to."""
        self.done = done
        now = self._clock()
        if not self._moving and now - self._told < _SECONDS_BETWEEN_LINES:
            return
        self._told = now
        rate = done / max(now - self._began, 0.001)
        self._out.write(
            f"{_CLEARED if self._moving else ''}{done} {self._what} ({rate:.0f}/s) {at}".rstrip()
            + ("" if self._moving else "\n")
        )
        self._out.flush()

    def end(self) -> None:
        """Leave the terminal as it was."""
        if self._moving:
            self._out.write(_CLEARED)
            self._out.flush()


_CLEARED = "\r\x1b[2K"


@contextmanager
def counted(what: str) -> Iterator[Counter]:
    """Give a counter for one piece of long work."""
    counter = Counter(what, sys.stderr)
    try:
        yield counter
    finally:
        counter.end()
