"""Deciding about two stored persons of whom a hint says that they may be one."""

from __future__ import annotations

from gateway.clerks.decide import DIFFERENT, SAME, Choice, decide
from gateway.clerks.desk import Act, ClerkError, named_person
from gateway.identity import WEAK
from gateway.tools import Tools
from store.engine import Store
from store.records import WorkItem, WorkItemState
from store.search import dismiss_hint


def decide_pair(
    store: Store, tools: Tools, one: str, other: str, *, are_same: bool, actor: str, reason: str = ""
) -> Act:
    """Open a work item about two persons and decide it: the younger one is merged, or both are different.

    In: two BAMF numbers or ids. Raises ClerkError, StoreUnavailable; then the item stays open.
    """
    tools.refresh()
    with store.unit_of_work() as work:
        # Ids grow with time, so the older person is the one that stays.
        older, younger = sorted(
            (named_person(work, name) for name in (one, other)), key=lambda person: person.id
        )
        if older.id == younger.id:
            raise ClerkError("these are one person already")
        if not are_same and frozenset((older.id, younger.id)) in work.homonyms_of([older.id]):
            raise ClerkError("these are remembered as different already")
        postcode = younger.details.get("anschrift", {}).get("postleitzahl")
        office = None if postcode is None else tools.offices.find(postcode)
        item = WorkItem(
            id=work.new_id(),
            kind=WEAK,
            office_id=None if office is None else office.id,
            lock_key=younger.lock_key,
            state=WorkItemState.OPEN,
            candidates=(older.id, younger.id),
            opened_at=tools.clock.now(),
            details={"hint": True},
        )
        work.open_work_item(item)
        work.commit()
    choice = Choice(SAME, person=str(older.id)) if are_same else Choice(DIFFERENT)
    done = decide(store, tools, item.id, choice, actor=actor, reason=reason)
    with store.write() as connection:
        dismiss_hint(connection, older.id, younger.id, tools.clock.now())
    return done
