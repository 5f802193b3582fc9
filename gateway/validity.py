"""From when until when a right may be used, by rules that are versioned by date."""

import calendar
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from importlib.resources import files


class Ends(StrEnum):
    """What sets the end of a right."""

    YEARS = "years"
    SENT = "sent"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class ValidityRule:
    """One rule: kind of right, from which day the rule holds, and what ends the right.

    `otherwise_years` is the term of an unlimited right where the operator decides against unlimited ones.
    """

    art: str
    valid_from: date
    ends: Ends
    years: int
    legal_basis: str
    otherwise_years: int = 0

    @property
    def id(self) -> str:
        """Return the name of the rule in evidence: kind of right and the day from which the rule holds."""
        return f"{self.art}/{self.valid_from.isoformat()}"

    @property
    def asks_operator(self) -> bool:
        """Tell whether the setting `unlimited_1b` has a say in the term."""
        return self.ends is Ends.NEVER and self.art == "1b"


@dataclass(frozen=True, slots=True)
class Validity:
    """First and last day of a right; no last day where it is unlimited."""

    valid_from: date
    valid_until: date | None

    @property
    def unlimited(self) -> bool:
        """Tell whether the right has no end (`teilnahmeUnbefristet`)."""
        return self.valid_until is None


class DateInThePastError(ValueError):
    """The agency sent an end that lies before the day of the decision (17099)."""


class ValidityRules:
    """All rules of validity.

    In: the rules; whether a 1b has no end, or else the term its rule names for that case.
    """

    def __init__(self, rules: Sequence[ValidityRule], *, unlimited_1b: bool = True) -> None:
        self._by_art: dict[str, list[ValidityRule]] = {}
        for rule in sorted(rules, key=lambda rule: rule.valid_from):
            self._by_art.setdefault(rule.art, []).append(rule)
        self._unlimited_1b = unlimited_1b

    @classmethod
    def load(cls, *, unlimited_1b: bool = True) -> "ValidityRules":
        """Read the bundled rules."""
        text = files("gateway.rules").joinpath("validity.toml").read_text(encoding="utf-8")
        return cls([_rule(row) for row in tomllib.loads(text)["rule"]], unlimited_1b=unlimited_1b)

    def term(self, art: str, decided: date, sent_end: date | None = None) -> Validity:
        """Return the term of a right decided on a day.

        In: kind of right (`1a`), German calendar day of the decision, the end that the agency sent if any.
        Raises DateInThePastError, and LookupError where no rule knows the kind on that day.
        """
        rule = self.rule_on(art, decided)
        if rule.ends is Ends.SENT:
            if sent_end is None:
                raise ValueError(f"a right of kind {art} needs the end that the agency sent")
            if sent_end < decided:
                raise DateInThePastError(art)
            return Validity(decided, sent_end)
        if rule.ends is Ends.NEVER:
            if rule.asks_operator and not self._unlimited_1b:
                return Validity(decided, add_months(decided, 12 * rule.otherwise_years))
            return Validity(decided, None)
        return Validity(decided, add_months(decided, 12 * rule.years))

    def rule_on(self, art: str, day: date) -> ValidityRule:
        """Return the rule for a kind of right on a day. Raises LookupError where there is none."""
        known = [rule for rule in self._by_art.get(art, ()) if rule.valid_from <= day]
        if not known:
            raise LookupError(f"no rule of validity for kind {art} on {day.isoformat()}")
        return known[-1]


def add_months(day: date, months: int) -> date:
    """Return the last day of a term of months that an event on `day` starts.

    §§ 187 (1), 188 (2) BGB: the day with the same number; § 188 (3) BGB: the month's last where it has none.
    """
    year, month0 = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month0 + 1, min(day.day, calendar.monthrange(year, month0 + 1)[1]))


def _rule(row: Mapping[str, object]) -> ValidityRule:
    art, valid_from, legal_basis = row["art"], row["valid_from"], row["legal_basis"]
    ends, years, otherwise = Ends(str(row["ends"])), row.get("years", 0), row.get("otherwise_years", 0)
    if not (
        isinstance(art, str)
        and isinstance(valid_from, date)
        and isinstance(legal_basis, str)
        and isinstance(years, int)
        and isinstance(otherwise, int)
    ):
        raise TypeError("a rule of validity needs art, valid_from, ends and legal_basis")
    if (ends is Ends.YEARS) != (years > 0):
        raise ValueError(f"the rule of validity for kind {art} needs years exactly where it ends by years")
    return ValidityRule(art, valid_from, ends, years, legal_basis, otherwise)
