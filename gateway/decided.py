"""What became of a request: the decision before anybody puts it into words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from gateway.identity import Identity
from gateway.rules.engine import Row
from messages.values import Ansprechpartner
from store.records import CaseRecord, QuestionRecord, RightRecord


class Verdict(StrEnum):
    """What a request ends with. PARKED: a clerk has to say who it is; CLERK: what shall hold."""

    ACCEPTED = "ACC"
    REFUSED = "REJ"
    ASKED = "ASK"
    CLERK = "CLERK"
    PARKED = "PARKED"

    @property
    def waits(self) -> bool:
        """Tell whether nothing is decided before a clerk did."""
        return self in (Verdict.CLERK, Verdict.PARKED)


@dataclass(frozen=True, slots=True)
class ClerkChoice:
    """What a clerk decided where the table leaves it to one: the new right replaces the old, or is refused.

    `text` says why it is refused; the agency reads it.
    """

    replace: bool
    actor: str
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision on today's state, and what it wrote into the unit of work.

    `row` is the row of the table, None while parked. `case` and `right` are what was stored, `existing` what
    was there before and may be shown, `replaced` the right that ended by it. `text` names the catalogue's
    entry of the refusal's text where it is not the reason's own, `details` fill it. `evidence` holds ids,
    codes and keys only.
    """

    verdict: Verdict
    effect: str
    identity: Identity | None
    row: Row | None = None
    reason: str | None = None
    text: str | None = None
    details: Mapping[str, str] = field(default_factory=dict)
    number: str | None = None
    case: CaseRecord | None = None
    right: RightRecord | None = None
    existing: tuple[CaseRecord, RightRecord] | None = None
    replaced: RightRecord | None = None
    question: QuestionRecord | None = None
    work_item: int | None = None
    contact: Ansprechpartner | None = None
    evidence: dict[str, Any] = field(default_factory=dict)

    @property
    def given_reason(self) -> str:
        """Return the reason code. Raises LookupError for a decision that needs none."""
        if self.reason is None:
            raise LookupError(f"{self.verdict} without a reason")
        return self.reason

    @property
    def branch(self) -> str | None:
        """Return the id of the identity case, None where identity was not asked."""
        return None if self.identity is None else str(self.identity.branch)
