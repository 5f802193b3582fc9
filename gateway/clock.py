"""Clocks and the German calendar. A clock is passed in wherever time is needed."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

_BERLIN = ZoneInfo("Europe/Berlin")


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        return datetime.now(UTC)


def german_day(instant: datetime) -> date:
    """Return the calendar day in Germany (Europe/Berlin) of an aware instant."""
    if instant.tzinfo is None:
        raise ValueError("an instant without time zone belongs to no day")
    return instant.astimezone(_BERLIN).date()


def at_german_day(instant: datetime, day: date) -> datetime:
    """Return the instant of another day with the same time on German clocks, in UTC."""
    local = instant.astimezone(_BERLIN)
    return datetime.combine(day, local.time(), _BERLIN).astimezone(UTC)


def german_time(instant: datetime) -> datetime:
    """Return the instant as German wall time, whole milliseconds, as the frames of messages carry it."""
    local = instant.astimezone(_BERLIN)
    return local.replace(microsecond=local.microsecond // 1000 * 1000)


StopWatch = Callable[[], int]
"""Monotonic nanoseconds, such as `time.perf_counter_ns`."""
