"""What an agency has to do with a case: the ground on which it is told something (§ 8 IntV)."""

from collections.abc import Iterable
from enum import StrEnum

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
