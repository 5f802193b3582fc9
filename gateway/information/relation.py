"""What an agency has to do with a case: the ground on which it is told something (§ 8 IntV)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from gateway.cases import counting_right
from store.records import CaseRecord, RightRecord, RightStatus
from store.records_information import Takeover


class Relation(StrEnum):
    """OWN issued the right that counts, TAKEN_OVER joined it, FORMER issued a past right of the case."""

    OWN = "own"
    TAKEN_OVER = "taken-over"
    FORMER = "former"
    OTHER = "other"


ENDED = frozenset({RightStatus.REVOKED, RightStatus.CANCELLED, RightStatus.REPLACED})
"""A right with one of these is over for whoever took it over, too."""


OBLIGING: Final = frozenset({"1b", "2", "5", "7", "8"})
"""The classes that oblige (list artberechtigung), a Jobcenter's admission among them."""


@dataclass(frozen=True, slots=True)
class Obliging:
    """An agency that a participant is obliged to: it issued the right or took it over, since which day."""

    agency: str
    agency_name: str
    since: date
    taken_over: bool


def obliging_agencies(case: CaseRecord, takeovers: Iterable[Takeover]) -> list[Obliging]:
    """Return all agencies that a participant is obliged to, who issued the right first.

    In: the case with all its rights, its takeovers. Out: none where the right that counts obliges nobody, or
    is withdrawn. Whose name may be told to whom is not asked here (disclosure block).
    """
    right = counting_right(case)
    if right is None or right.art not in OBLIGING or right.status in ENDED:
        return []
    issuer = Obliging(right.agency, right.agency_name, right.valid_from, taken_over=False)
    others = joined(right, takeovers)
    return [
        issuer,
        *(Obliging(each.agency, each.agency_name, each.taken_on, taken_over=True) for each in others),
    ]


def relation_of(case: CaseRecord, right: RightRecord, takeovers: Iterable[Takeover], agency: str) -> Relation:
    """Return what an agency has to do with a case.

    In: the case with all its rights, the right that counts of it, the takeovers of the case (of past rights
    too), the agency's key.
    """
    if right.agency == agency:
        return Relation.OWN
    if any(each.agency == agency for each in joined(right, takeovers)):
        return Relation.TAKEN_OVER
    if any(each.agency == agency for each in case.rights):
        return Relation.FORMER
    return Relation.OTHER


def joined(right: RightRecord, takeovers: Iterable[Takeover]) -> list[Takeover]:
    """Return the takeovers that hold: of this right, while it is neither replaced nor withdrawn."""
    if right.status in ENDED:
        return []
    return [each for each in takeovers if (each.case_id, each.right_id) == (right.case_id, right.id)]
