"""Working days: Monday to Friday without public holidays, of the whole country or of one state too."""

import tomllib
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Final

FEDERAL: Final = "federal"
"""The holidays of the whole country only."""
_SATURDAY: Final = 5
_WEDNESDAY: Final = 2


class Workdays:
    """Counts working days. In: `federal`, or the key of a state (`BY`). Raises LookupError for another."""

    def __init__(self, region: str = FEDERAL) -> None:
        data = _holidays()
        parts = [data[FEDERAL]]
        if region != FEDERAL:
            parts.append(data["states"][region])
        self._parts: tuple[Mapping[str, Any], ...] = tuple(parts)
        self._by_year: dict[int, frozenset[date]] = {}

    def is_workday(self, day: date) -> bool:
        """Tell whether a day is a working day."""
        return day.weekday() < _SATURDAY and day not in self._of_year(day.year)

    def after(self, day: date, count: int) -> date:
        """Return the last of the next `count` working days after a day; the day itself does not count."""
        while count > 0:
            day += timedelta(days=1)
            count -= self.is_workday(day)
        return day

    def between(self, first: date, last: date) -> int:
        """Return how many working days there are after `first`, up to and including `last`."""
        days = (first + timedelta(days=each) for each in range(1, (last - first).days + 1))
        return sum(self.is_workday(day) for day in days)

    def _of_year(self, year: int) -> frozenset[date]:
        known = self._by_year.get(year)
        if known is None:
            known = self._by_year[year] = frozenset(day for part in self._parts for day in _days(part, year))
        return known


def regions() -> tuple[str, ...]:
    """Return what `Workdays` takes: `federal` and the keys of the states."""
    return (FEDERAL, *sorted(_holidays()["states"]))


def easter(year: int) -> date:
    """Return Easter Sunday of a Gregorian year (Meeus, Jones and Butcher)."""
    golden, (century, rest) = year % 19, divmod(year, 100)
    leap, over = divmod(century, 4)
    moon = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - leap - moon + 15) % 30
    quarter, odd = divmod(rest, 4)
    weekday = (32 + 2 * over + 2 * quarter - epact - odd) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)


def _days(part: Mapping[str, Any], year: int) -> Iterable[date]:
    for text in part.get("fixed", ()):
        yield _in_year(text, year)
    sunday = easter(year)
    for offset in part.get("easter", ()):
        yield sunday + timedelta(days=offset)
    if "wednesday_before" in part:
        day = _in_year(part["wednesday_before"], year)
        yield day - timedelta(days=(day.weekday() - _WEDNESDAY - 1) % 7 + 1)


def _in_year(text: str, year: int) -> date:
    return date.fromisoformat(f"{year}-{text}")


@cache
def _holidays() -> Mapping[str, Any]:
    return tomllib.loads(files("gateway.rules").joinpath("holidays.toml").read_text(encoding="utf-8"))
