"""The clock that days, rights, questions and terms go by. In a test environment it can be moved, for all
processes at once; proof, leases and the journal keep the real one.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from gateway.clock import Clock, at_german_day, german_day
from gateway.held import Held
from gateway.settings import Settings
from messages.errors import GatewayError
from store.business_clock import read_offset, write_offset
from store.engine import Store

MAX_AGE: Final = timedelta(seconds=0.5)
"""How long a process may go on by the clock as it was before it was moved."""

_UNITS: Final = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_LENGTH: Final = re.compile(r"(\d{1,5})([wdhms])")


class ClockRefusedError(Exception):
    """The business clock is not moved like that; the text says why."""


@dataclass(frozen=True, slots=True)
class ClockState:
    """What the clocks show: the real instant, and how far the business clock is ahead."""

    real: datetime
    offset: timedelta

    @property
    def business(self) -> datetime:
        """Return the instant of the business clock."""
        return self.real + self.offset


class BusinessClock:
    """The real clock plus the stored offset. For several threads at once."""

    def __init__(self, real: Clock, read: Callable[[], timedelta]) -> None:
        self._real = real
        self._held = Held(read, real, MAX_AGE)
        self._last = timedelta(0)

    def now(self) -> datetime:
        """Return the present business instant, aware, in UTC.

        While the store is away, by the last known offset: then nothing can be decided, but a refusal wants a
        time.
        """
        with suppress(GatewayError):
            self._last = self._held.current()
        return self._real.now() + self._last


def business_clock(settings: Settings, real: Clock, store: Store) -> Clock:
    """Return the clock of an environment: a productive one has the real clock only."""
    return BusinessClock(real, lambda: stored_offset(store)) if settings.is_test else real


def stored_offset(store: Store) -> timedelta:
    """Read how far the business clock is ahead."""
    with store.read() as reader:
        return read_offset(reader.connection)


def show(store: Store, settings: Settings, real: Clock) -> ClockState:
    """Return what the clocks show."""
    return ClockState(real.now(), stored_offset(store) if settings.is_test else timedelta(0))


def advance(store: Store, settings: Settings, real: Clock, by: timedelta) -> ClockState:
    """Move the business clock forward. Raises ClockRefusedError."""
    if by <= timedelta(0):
        raise ClockRefusedError("the business clock goes forward only")
    return _move(store, settings, real, lambda state: state.offset + by)


def set_to(store: Store, settings: Settings, real: Clock, day: date) -> ClockState:
    """Move the business clock forward to a German day at the same time. Raises ClockRefusedError."""

    def wanted(state: ClockState) -> timedelta:
        if day < german_day(state.business):
            raise ClockRefusedError(
                f"the business clock shows {german_day(state.business)} already; it goes back by a reset only"
            )
        return at_german_day(state.business, day) - state.real

    return _move(store, settings, real, wanted)


def reset(store: Store, settings: Settings, real: Clock) -> ClockState:
    """Let the business clock show the real time again. Raises ClockRefusedError."""
    return _move(store, settings, real, lambda _: timedelta(0))


def read_length(text: str) -> timedelta:
    """Read a length of time such as 1d, 2w or 1d12h. Raises ValueError."""
    parts = _LENGTH.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"{text!r} is no length of time such as 1d, 2w or 1d12h")
    return sum((timedelta(**{_UNITS[unit]: int(number)}) for number, unit in parts), timedelta(0))


def _move(
    store: Store, settings: Settings, real: Clock, wanted: Callable[[ClockState], timedelta]
) -> ClockState:
    if not settings.is_test:
        raise ClockRefusedError("the business clock of a productive environment is the real one")
    with store.write() as connection:
        now = real.now()
        offset = wanted(ClockState(now, read_offset(connection)))
        # Whole seconds are stored; never less than what was wanted, so that a day is reached.
        offset = timedelta(seconds=-(-offset // timedelta(seconds=1)))
        write_offset(connection, offset)
    return ClockState(now, offset)
