"""May an agency join the obligation of another: the table of takeovers, and one who takes over."""

from functools import cache
from typing import Final

from gateway.information.log import Purpose
from gateway.information.relation import Relation
from gateway.information.table import Answer, Facts, InformationTable, Row, load_table

TAKERS: Final = frozenset({"ABH", "TGS"})
"""The kinds of agency that have a message to take over by."""


@cache
def takeover_table() -> InformationTable:
    """Return the bundled table."""
    return load_table("takeover")


def takeover_row(
    asker: str, existing: str, state: str, relation: Relation, flags: frozenset[str] = frozenset()
) -> Row:
    """Return the row that decides about a takeover; arguments as in `Facts`."""
    return takeover_table().decide(Facts(asker, Purpose.TAKEOVER, existing, state, relation, flags))


def may_take_over(
    asker: str, existing: str, state: str, relation: Relation, flags: frozenset[str] = frozenset()
) -> bool:
    """Tell whether an agency may take a right over now (`kannUebernommenWerden`).

    In: the type of the agency; the class of the right that counts, the state of its case today
    (`gateway.cases.state_on`), what the agency has to do with it, the flags of `Facts`. A right taken over
    already, or one's own, is not taken over again.
    """
    if asker not in TAKERS:
        return False
    return takeover_row(asker, existing, state, relation, flags).answer is Answer.TAKE
