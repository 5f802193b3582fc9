"""Working days by the calendar of the country and of its states."""

from datetime import UTC, date, datetime
from typing import get_args

import pytest

from adapters.config_sections_work import Region
from gateway.clerks.worklist import entry
from gateway.workdays import FEDERAL, Workdays, regions
from store.engine import Store
from store.records import WorkItem, WorkItemState
from tests.support.core import Core, StandingClock
from tests.support.pki import shared_pki


@pytest.mark.parametrize(
    "day",
    [
        date(2026, 1, 1), date(2026, 4, 3), date(2026, 4, 6), date(2026, 5, 1), date(2026, 5, 14),
        date(2026, 5, 25), date(2025, 10, 3), date(2026, 12, 25), date(2026, 11, 28), date(2026, 11, 29),
        date(2027, 3, 29), date(2017, 10, 31),
    ],
)  # fmt: skip
def test_no_working_day_anywhere(day: date) -> None:
    assert not any(Workdays(region).is_workday(day) for region in regions())


@pytest.mark.parametrize(
    ("day", "free"),
    [
        (date(2026, 1, 6), {"BW", "BY", "ST"}),
        (date(2027, 3, 8), {"BE", "MV"}),
        (date(2026, 6, 4), {"BW", "BY", "HE", "NW", "RP", "SL"}),
        (date(2025, 8, 15), {"SL"}),
        (date(2027, 9, 20), {"TH"}),
        (date(2025, 10, 31), {"BB", "HB", "HH", "MV", "NI", "SH", "SN", "ST", "TH"}),
        (date(2027, 11, 1), {"BW", "BY", "NW", "RP", "SL"}),
        (date(2026, 11, 18), {"SN"}),
        (date(2022, 11, 16), {"SN"}),
        (date(2026, 11, 24), set()),
    ],
)
def test_holidays_of_states_by_setting(day: date, free: set[str]) -> None:
    assert {region for region in regions() if not Workdays(region).is_workday(day)} == free


def test_three_working_days_skip_weekend_and_holidays() -> None:
    days = Workdays()
    assert days.after(date(2026, 11, 24), 3) == date(2026, 11, 27)
    assert days.after(date(2026, 11, 26), 3) == date(2026, 12, 1)
    assert days.after(date(2026, 12, 23), 3) == date(2026, 12, 29)
    assert Workdays("BY").after(date(2027, 1, 4), 3) == date(2027, 1, 8)
    assert days.after(date(2027, 1, 4), 3) == date(2027, 1, 7)
    assert days.after(date(2026, 11, 28), 0) == date(2026, 11, 28)


@pytest.mark.parametrize(("holidays", "mark"), [("federal", date(2027, 1, 7)), ("BY", date(2027, 1, 8))])
def test_the_mark_of_a_work_item_by_setting(store: Store, holidays: str, mark: date) -> None:
    opened = datetime(2027, 1, 4, 9, tzinfo=UTC)
    core = Core(store, shared_pki(), StandingClock(opened), clerk_holidays=holidays)
    item = WorkItem(1, "duplicate", None, 7, WorkItemState.OPEN, (), opened)
    assert entry(item, core.pipeline.tools).mark == mark


def test_counting_is_the_reverse_of_going_on() -> None:
    days = Workdays("SN")
    start = date(2026, 11, 1)
    for count in range(1, 60):
        assert days.between(start, days.after(start, count)) == count
    assert days.between(start, start) == 0
    assert days.between(date(2026, 11, 3), start) == 0


def test_another_region_is_an_error() -> None:
    assert regions()[0] == FEDERAL
    assert regions() == get_args(Region)
    with pytest.raises(LookupError):
        Workdays("XX")
    with pytest.raises(LookupError):
        Workdays("Augsburg")
