"""Terms of rights: German calendar days, §§ 187, 188 BGB, rules versioned by date."""

from datetime import UTC, date, datetime, timedelta

import pytest

from gateway.clock import german_day, german_time
from gateway.validity import DateInThePastError, Ends, Validity, ValidityRule, ValidityRules, add_months

RULES = ValidityRules.load()


@pytest.mark.parametrize(
    ("decided", "until"),
    [
        (date(2026, 11, 24), date(2027, 11, 24)),
        (date(2028, 2, 29), date(2029, 2, 28)),
        (date(2027, 2, 28), date(2028, 2, 28)),
        (date(2026, 12, 31), date(2027, 12, 31)),
    ],
)
def test_1a_ends_one_year_later(decided: date, until: date) -> None:
    assert RULES.term("1a", decided) == Validity(decided, until)


def test_1b_is_unlimited_unless_the_operator_decides_otherwise() -> None:
    term = RULES.term("1b", date(2026, 11, 24))
    assert term.unlimited
    assert term.valid_until is None
    limited = ValidityRules.load(unlimited_1b=False).term("1b", date(2026, 11, 24))
    assert limited.valid_until == date(2027, 11, 24)
    assert not limited.unlimited


def test_2_ends_on_the_day_sent() -> None:
    day = date(2026, 11, 24)
    assert RULES.term("2", day, date(2027, 3, 1)).valid_until == date(2027, 3, 1)
    assert RULES.term("2", day, day).valid_until == day
    with pytest.raises(DateInThePastError):
        RULES.term("2", day, day - timedelta(days=1))
    with pytest.raises(ValueError):
        RULES.term("2", day)


@pytest.mark.parametrize(
    ("decided", "until"),
    [(date(2024, 12, 6), date(2026, 12, 6)), (date(2024, 12, 7), date(2025, 12, 7))],
)
def test_3_ended_two_years_later_until_the_version_of_december_2024(decided: date, until: date) -> None:
    assert RULES.term("3", decided) == Validity(decided, until)


@pytest.mark.parametrize("art", ["4", "6"])
def test_4_and_6_have_no_end(art: str) -> None:
    assert RULES.term(art, date(2026, 11, 24)).unlimited


@pytest.mark.parametrize("art", ["5", "7", "8"])
def test_5_7_8_end_on_the_day_sent(art: str) -> None:
    day = date(2026, 11, 24)
    assert RULES.term(art, day, date(2027, 3, 1)).valid_until == date(2027, 3, 1)
    with pytest.raises(DateInThePastError):
        RULES.term(art, day, day - timedelta(days=1))


def test_8_exists_since_july_2023() -> None:
    assert RULES.rule_on("8", date(2023, 7, 1)).ends is Ends.SENT
    with pytest.raises(LookupError):
        RULES.rule_on("8", date(2023, 6, 30))


def test_unknown_kind_and_a_day_before_every_rule_are_errors() -> None:
    with pytest.raises(LookupError):
        RULES.term("9", date(2026, 11, 24))
    with pytest.raises(LookupError):
        RULES.term("1a", date(2004, 12, 31))


def test_the_rule_in_force_on_the_day_of_the_decision_counts() -> None:
    rules = ValidityRules(
        [
            ValidityRule("1a", date(2026, 1, 1), Ends.YEARS, 2, "new"),
            ValidityRule("1a", date(2010, 1, 1), Ends.YEARS, 1, "old"),
        ]
    )
    assert rules.term("1a", date(2025, 12, 31)).valid_until == date(2026, 12, 31)
    assert rules.term("1a", date(2026, 1, 1)).valid_until == date(2028, 1, 1)


@pytest.mark.parametrize(
    ("day", "months", "end"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2026, 10, 31), 4, date(2027, 2, 28)),
        (date(2026, 11, 24), 1, date(2026, 12, 24)),
        (date(2026, 12, 15), 13, date(2028, 1, 15)),
    ],
)
def test_months_by_paragraph_188(day: date, months: int, end: date) -> None:
    assert add_months(day, months) == end


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2026, 11, 23, 22, 59, 59, tzinfo=UTC), date(2026, 11, 23)),
        (datetime(2026, 11, 23, 23, 0, tzinfo=UTC), date(2026, 11, 24)),
        (datetime(2026, 7, 1, 22, 0, tzinfo=UTC), date(2026, 7, 2)),
    ],
)
def test_days_are_german_days(instant: datetime, day: date) -> None:
    assert german_day(instant) == day


def test_an_instant_without_zone_has_no_day() -> None:
    with pytest.raises(ValueError):
        german_day(datetime(2026, 11, 24))


def test_frame_time_has_milliseconds_and_the_german_offset() -> None:
    time = german_time(datetime(2026, 11, 24, 7, 0, 0, 123456, tzinfo=UTC))
    assert time.isoformat(timespec="milliseconds") == "2026-11-24T08:00:00.123+01:00"
