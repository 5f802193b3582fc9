"""What a printed confirmation is made of: read under the locks of the person, journaled before it is given.

The journal says who printed it, in ids only. A row too many, after a crash or a full disk, is no harm; a
paper that the journal does not know would be.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.cases.state import ACTIVE, counting_right, state_on
from gateway.clerks.capture import locked_case
from gateway.clerks.desk import ClerkError
from gateway.clock import german_day
from gateway.tools import Tools
from messages.errors import GatewayError
from store.engine import Store
from store.records import CaseRecord, JournalEntry, JournalKind, PersonRecord, RightRecord, RightStatus


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A right that counts, its case, and the person as it is known today.

    `blocked`: there is a disclosure block (Auskunftssperre).
    """

    person: PersonRecord
    case: CaseRecord
    right: RightRecord
    blocked: bool


def take_confirmed(store: Store, tools: Tools, number: str, *, actor: str) -> Confirmed:
    """Return what is printed for the number of a case, and leave a row of kind CLERK in the journal.

    Raises ClerkError with nothing journaled: for a number nobody has, a person whose data were erased or who
    died, a case that is not active today; and StoreUnavailable.
    """
    if not actor.strip():
        raise ClerkError("who prints? the name of a user is needed")
    tools.refresh()
    try:
        with store.unit_of_work() as work:
            case, chain = locked_case(work, number)
            person = chain[-1]
            right = _right_that_counts(case, person, tools)
            blocked = work.block_of([each.id for each in chain]) is not None
            facts = {
                "print": "confirmation",
                "actor": actor,
                "person": person.id,
                "case": case.id,
                "right": right.id,
            }
            work.add_journal(JournalEntry(JournalKind.CLERK, tools.real_clock.now(), facts=facts))
            work.commit()
    except GatewayError as error:
        raise ClerkError(error.text_en) from error
    return Confirmed(person, case, right, blocked)


def _right_that_counts(case: CaseRecord, person: PersonRecord, tools: Tools) -> RightRecord:
    # Every report and every clerk leaves details; only the end of the time for keeping them takes them away.
    if not person.details:
        raise ClerkError(f"case {case.number}: the personal data were erased, there is nothing to print")
    if person.deceased:
        raise ClerkError(f"case {case.number}: the person died, there is nothing to print")
    state = state_on(case, german_day(tools.clock.now()))
    right = counting_right(case)
    if state not in ACTIVE or right is None or right.status != RightStatus.CURRENT:
        raise ClerkError(f"case {case.number} is {state}: there is nothing to print")
    return right
