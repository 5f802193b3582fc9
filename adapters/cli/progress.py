"""Progress of long work, on standard error: a moving line on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

_SECONDS_BETWEEN_LINES = 10.0
_BAR = 24


class Counter:
    """Counts what is done; called with what is being worked on and how much is done in all.

    With a `total` it tells how much of it is done, and about how long the rest will take.
    """

    def __init__(
        self,
        what: str,
        out: TextIO,
        clock: Callable[[], float] = time.monotonic,
        total: int | None = None,
    ) -> None:
        self.done = 0
        self.total = total
        self._what = what
        self._out = out
        self._clock = clock
        self._moving = out.isatty()
        self._began = self._told = clock()
        self._at_first: int | None = None

    def __call__(self, at: str, done: int) -> None:
        """Tell it if it is time to."""
        self.done = done
        now = self._clock()
        if self._at_first is None:
            # What was done before we looked says nothing about the rate.
            self._at_first = done if self.total is not None else 0
        if not self._moving and now - self._told < _SECONDS_BETWEEN_LINES:
            return
        self._told = now
        rate = (done - self._at_first) / max(now - self._began, 0.001)
        self._out.write(
            f"{_CLEARED if self._moving else ''}{self._words(rate)} {at}".rstrip()
            + ("" if self._moving else "\n")
        )
        self._out.flush()

    def end(self) -> None:
        """Leave the terminal as it was."""
        if self._moving:
            self._out.write(_CLEARED)
            self._out.flush()

    def _words(self, rate: float) -> str:
        if self.total is None:
            return f"{self.done} {self._what} ({rate:.0f}/s)"
        share = min(self.done / max(self.total, 1), 1.0)
        full = round(share * _BAR)
        bar = f"[{'#' * full}{'.' * (_BAR - full)}] " if self._moving else ""
        left = _length((self.total - self.done) / rate) if rate > 0 else "?"
        return f"{bar}{share:4.0%} {self.done} of {self.total} {self._what} ({rate:.0f}/s, {left} left)"


def _length(seconds: float) -> str:
    """Return a length of time as hours, minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


_CLEARED = "\r\x1b[2K"


@contextmanager
def counted(what: str, total: int | None = None) -> Iterator[Counter]:
    """Give a counter for one piece of long work. In: what is counted, how much of it there is."""
    counter = Counter(what, sys.stderr, total=total)
    try:
        yield counter
    finally:
        counter.end()
