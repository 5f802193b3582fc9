"""The engine of the decision table: the first row that matches the facts decides."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

NO_CASE = "none"
"""Class of the existing case where there is none."""


class Verdict(StrEnum):
    """What a row answers."""

    ACCEPT = "ACC"
    REFUSE = "REJ"
    ASK = "ASK"
    CLERK = "CLERK"
    CLOSE = "CLOSE"


@dataclass(frozen=True, slots=True)
class Facts:
    """A point of the product: what a request meets.

    `existing` is the class of the current right of the case that counts or `none`, `state` that case's state
    (empty without a case), `own` whether the asking agency issued the right, `same_kind` whether the right
    belongs to the class of the request, `flags` those of the table.
    """

    request: str
    existing: str = NO_CASE
    state: str = ""
    own: bool = False
    same_kind: bool = False
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table; a None among the conditions stands for any."""

    id: str
    classes: frozenset[str] | None
    states: frozenset[str] | None
    own: bool | None
    same_kind: bool
    requests: frozenset[str]
    with_flags: frozenset[str]
    without_flags: frozenset[str]
    answer: Verdict
    reason: str | None
    reason_by_existing: Mapping[str, str]
    reason_by_request: Mapping[str, str]
    text: str | None
    info: tuple[str, ...]
    takeover: bool
    show: bool
    effect: str
    legal_basis: str
    explanation_de: str
    explanation_en: str
    evidence: str
    point: bool

    def matches(self, facts: Facts) -> bool:
        """Tell whether the facts fulfil every condition of the row."""
        return (
            self.point
            and facts.request in self.requests
            and (self.classes is None or facts.existing in self.classes)
            and (self.states is None or facts.state in self.states)
            and (self.own is None or (facts.existing != NO_CASE and facts.own == self.own))
            and (facts.same_kind or not self.same_kind)
            and self.with_flags <= facts.flags
            and not self.without_flags & facts.flags
        )

    def reason_for(self, facts: Facts) -> str | None:
        """Return the reason code for the facts; None for an acceptance."""
        by_request = self.reason_by_request.get(facts.request, self.reason)
        return self.reason_by_existing.get(facts.existing, by_request)


@dataclass(frozen=True, slots=True)
class Note:
    """An id of the dossier's table that no row has: a rule of another form, or superseded."""

    id: str
    legal_basis: str
    explanation_de: str
    explanation_en: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the selection of the case that counts looks at: class, state and order of decision."""

    existing: str
    state: str
    decided: tuple[object, ...] = field(default=())


class UndecidableError(LookupError):
    """No row covers the facts. There is no default: the request is not decided at all."""

    def __init__(self, facts: Facts) -> None:
        super().__init__(f"no row for {facts}")
        self.facts = facts


@dataclass(frozen=True, slots=True)
class DecisionTable:
    """One version of the table, with the ranks by which one of several cases counts (D31)."""

    version: str
    valid_from: date
    flags: frozenset[str]
    kinds: Mapping[str, str]
    active_states: frozenset[str]
    rows: tuple[Row, ...]
    active_ranks: tuple[frozenset[str], ...]
    inactive_ranks: tuple[frozenset[str], ...]
    words: Mapping[str, frozenset[str]] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    _rows_about: dict[tuple[str, str], tuple[Row, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def decide(self, facts: Facts) -> Row:
        """Return the first row that matches. Raises UndecidableError where none does."""
        unknown = facts.flags - self.flags
        if unknown:
            raise ValueError(f"flags unknown to table {self.version}: {sorted(unknown)}")
        for row in self._about(facts.request, facts.existing):
            if row.matches(facts):
                return row
        raise UndecidableError(facts)

    def _about(self, request: str, existing: str) -> tuple[Row, ...]:
        """Return, in order, the rows that a request and an existing class may match at all."""
        known = self._rows_about.get((request, existing))
        if known is None:
            known = self._rows_about[request, existing] = tuple(
                row
                for row in self.rows
                if row.point
                and request in row.requests
                and (row.classes is None or existing in row.classes)
                and (existing != NO_CASE or row.states is None)
            )
        return known

    def row(self, row_id: str) -> Row:
        """Return the row of an id. Raises LookupError."""
        for row in self.rows:
            if row.id == row_id:
                return row
        raise LookupError(f"table {self.version} has no row {row_id}")

    def select(self, cases: Sequence[Candidate]) -> int | None:
        """Return the index of the case that counts (D31), None where there is none.

        An active case counts before every inactive one; then the ranks, then the one decided first.
        """
        if not cases:
            return None
        return min(range(len(cases)), key=lambda index: self._rank(cases[index]))

    def _rank(self, case: Candidate) -> tuple[object, ...]:
        if case.state in self.active_states:
            return (0, _position(self.active_ranks, case.existing), 0, case.decided)
        # "EXHAUSTED (`6` first)": the repeater's case says more than the one it repeats.
        repeater_first = 0 if case.existing == "6" else 1
        return (1, _position(self.inactive_ranks, case.state), repeater_first, case.decided)


class RuleBook:
    """All versions of the decision table."""

    def __init__(self, tables: Iterable[DecisionTable]) -> None:
        self._tables = sorted(tables, key=lambda table: table.valid_from)
        days = [table.valid_from for table in self._tables]
        if not days or len(set(days)) != len(days):
            raise ValueError(
                "the versions of the decision table need different days valid_from, at least one"
            )

    @property
    def tables(self) -> tuple[DecisionTable, ...]:
        """Return all versions, the oldest first."""
        return tuple(self._tables)

    def on(self, day: date) -> DecisionTable:
        """Return the version in force on a German calendar day. Raises LookupError before the first."""
        known = [table for table in self._tables if table.valid_from <= day]
        if not known:
            raise LookupError(f"no decision table is in force on {day.isoformat()}")
        return known[-1]


def _position(ranks: Sequence[frozenset[str]], value: str) -> int:
    for position, rank in enumerate(ranks):
        if value in rank:
            return position
    raise LookupError(f"the selection of the decision table does not rank {value!r}")
