"""Working days: Monday to Friday without public holidays, of the whole country or of one state too."""

from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from holidays.countries.germany import Germany

FEDERAL: Final = "federal"
"""The holidays of the whole country only."""
_SATURDAY: Final = 5


class Workdays:
    """Counts working days. In: `federal`, or the key of a state (`BY`). Raises LookupError for another.

    Days that some municipalities alone keep are working days.
    """

    def __init__(self, region: str = FEDERAL) -> None:
        # The library takes a quarter of a second to load, which not every process needs.
        if region != FEDERAL and region not in regions():
            raise LookupError(region)
        self._state = None if region == FEDERAL else region
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
        # Sets of whole years: the library's own calendar grows while it is asked, and several threads ask.
        known = self._by_year.get(year)
        if known is None:
            known = self._by_year[year] = frozenset(_germany()(subdiv=self._state, years=year, expand=False))
        return known


@cache
def regions() -> tuple[str, ...]:
    """Return what `Workdays` takes: `federal` and the keys of the states."""
    # The names of states alone: the library's subdivisions hold the municipality of Augsburg too.
    return (FEDERAL, *sorted(_germany().subdivisions_aliases.values()))


def _germany() -> "type[Germany]":
    # Here and not above: a sender's installation has no holidays, but does read the settings.
    from holidays.countries.germany import Germany

    return Germany
