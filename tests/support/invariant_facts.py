"""What the model of the decision knows of messages, persons, cases, questions and what clerks did."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from store.records import DecisionRecord

ACCEPTED, REFUSED, PARKED, ASKED, RECEIPT = "070003", "070005", "070004", "070006", "quittung"
TOLD, NOT_TAKEN = "070015", "070017"
JOBCENTERS = ("5", "8")
"""The kinds of right that a Jobcenter gives: an obligation, an admission."""


@dataclass(frozen=True)
class Key:
    """What of a person is compared."""

    surname: str
    birth: str
    gender: str

    def hits(self, other: Key) -> bool:
        """Same surname and birth date; a gender that one side does not give counts as equal."""
        same = (self.surname, self.birth) == (other.surname, other.birth)
        return same and (self.gender == other.gender or "" in (self.gender, other.gender))


@dataclass(frozen=True)
class Report:
    """A report as it was sent. `limit` is "orientation", "language" or nothing."""

    uuid: str
    agency: str
    art: str
    key: Key
    number: str | None
    limit: str
    until: date | None


@dataclass(frozen=True)
class Reply:
    """An answer to a question as it was sent."""

    uuid: str
    agency: str
    asked: str
    yes: bool


@dataclass(frozen=True)
class Takeover:
    """A takeover as it was sent; `art` is any kind of right that agencies like the sender give."""

    uuid: str
    agency: str
    art: str
    number: str
    birth: str


@dataclass
class Right:
    """What a report brought; `rank` is when, `joined` who took it over."""

    report: Report
    until: date | None
    rank: int
    status: str = "CURRENT"
    replaced_by: Right | None = None
    joined: set[str] = field(default_factory=set)


@dataclass
class Case:
    """A case with its rights."""

    id: int
    number: str
    person: int
    rights: list[Right]
    cancelled: bool = False

    @property
    def current(self) -> Right | None:
        """Return the right that holds."""
        return next((right for right in self.rights if right.status == "CURRENT"), None)

    def active(self, today: date) -> bool:
        """Nobody registers here, so a case is open until its right expires."""
        right = self.current
        return not self.cancelled and right is not None and (right.until is None or right.until >= today)


@dataclass
class Question:
    """What an agency was asked about a report of its own."""

    report: Report
    person: int
    due: date
    state: str = "OPEN"


@dataclass
class Item:
    """An open work item."""

    kind: str
    key: Key
    messages: list[str]


@dataclass(frozen=True)
class ClerkAct:
    """What the journal tells of a clerk's act: who, what was chosen about which item, what came of it."""

    actor: str
    item: int
    choice: str
    events: Sequence[Mapping[str, Any]]
    decisions: Sequence[DecisionRecord]


class NotExplained(AssertionError):
    """The committed order does not explain what an agency was told."""


def acts_of(
    rows: Iterable[tuple[Any, Mapping[str, Any]]], decisions: Mapping[str, Sequence[DecisionRecord]]
) -> Iterator[tuple[Any, ClerkAct]]:
    """Return the acts of clerks in the journal with their time, each once however many rows it has.

    In: time and facts of the rows; later decisions by who decided.
    """
    seen = set()
    for at, facts in rows:
        actor = facts["actor"]
        if actor not in seen:
            seen.add(actor)
            yield (
                at,
                ClerkAct(
                    actor, facts["work_item"], facts["choice"], facts["events"], decisions.get(actor, ())
                ),
            )


def months_later(day: date, months: int) -> date:
    """The day of the same number, or the last of a shorter month (section 188 BGB)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def expect(record: DecisionRecord, answer: str, code: str | None, art: str = "") -> None:
    """Hold a decision against what it should be. Raises NotExplained.

    In: the answer to an immigration authority; to a kind of right of Jobcenters it is the one in their group.
    """
    expected = f"08{answer[2:]}" if art in JOBCENTERS else answer
    if (record.answer_type, record.reason_code) != (expected, code):
        raise NotExplained(f"expected {expected} {code}: {record}")
    if (record.number is not None) != (answer == ACCEPTED):
        raise NotExplained(f"a number goes with an acceptance only: {record}")


def same(found: Any, expected: Any, about: Any, words: str) -> None:
    """Hold what is against what should be. Raises NotExplained."""
    if found != expected:
        raise NotExplained(f"{words}: found {found}, expected {expected}: {about}")
