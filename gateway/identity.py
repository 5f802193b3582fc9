"""The identity branch: who a report is about, before any rule is asked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Protocol

from gateway.cases import state_on
from gateway.normalise import KeyProfile, PersonKey
from messages.errors import GatewayError
from store.records import CaseRecord, CaseState, MessageRef, PersonRecord, WorkItem

DUPLICATE = "duplicate"
"""Kind of a work item that parks messages: is it the same person?"""
CONFLICT = "conflict"
"""Kind of a work item that parks one message: shall the new right hold, or what is there?"""
WEAK = "weak"
"""Kind of a work item that blocks nothing: two persons may be one."""
INQUIRY = "inquiry"
"""Kind of a work item that parks an inquiry: whom is it about?"""
BLOCK = "block"
"""Kind of a work item that parks reports: is a disclosure block lifted that another agency reported?"""


class Branch(StrEnum):
    """The cases of the dossier, by their ids."""

    NO_HIT = "I01"
    ONE_HIT = "I02"
    SEVERAL_HITS = "I03"
    SAME = "I04"
    DIFFERENT = "I05"
    NUMBER_AND_BIRTH = "I07"
    NUMBER_DOES_NOT_FIT = "I08"
    EXPIRED_ONLY = "I09"
    OTHER_FIRST_NAME = "I10"
    PARKED_ALREADY = "I12"


PARKED = frozenset({Branch.ONE_HIT, Branch.SEVERAL_HITS, Branch.NUMBER_DOES_NOT_FIT, Branch.PARKED_ALREADY})
"""Branches that end with 070004: nothing is decided before a clerk did."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who it is: `person` where it is certain, `candidates` (ids) where a clerk has to see to it.

    `parked_under` is the work item that already waits for the same key. `only_expired` tells that the hits
    have expired rights only, so that the setting `expired_only_accepts` chose the branch.
    """

    branch: Branch
    person: PersonRecord | None = None
    candidates: tuple[int, ...] = ()
    parked_under: WorkItem | None = None
    only_expired: bool = False


def same(person: PersonRecord, branch: Branch = Branch.SAME) -> Identity:
    """Return what a clerk says: it is this person. After a question the branch is that of the report."""
    return Identity(branch, person)


def different(candidates: Iterable[int]) -> Identity:
    """Return what a clerk says: it is none of these persons."""
    return Identity(Branch.DIFFERENT, candidates=tuple(candidates))


class People(Protocol):
    """What of a unit of work the identity branch needs."""

    def lock_persons(self, lock_keys: Sequence[int]) -> None:
        """Lock until the end of the transaction."""

    def person(self, person_id: int) -> PersonRecord | None:
        """Return the person of an id, also a merged one."""

    def persons_by_lock_key(self, lock_key: int) -> list[PersonRecord]:
        """Return the persons under a lock key, merged ones too."""

    def person_by_number(self, number: str) -> PersonRecord | None:
        """Return the person one of whose cases has the number."""

    def cases_of(self, person_ids: Sequence[int]) -> list[CaseRecord]:
        """Return the cases of persons."""

    def open_work_items(self, lock_key: int) -> list[WorkItem]:
        """Return the open work items under a lock key."""


def key_of(person: PersonRecord) -> PersonKey:
    """Return what of a stored person is compared."""
    return PersonKey(person.surname_key, person.first_name_key, person.birth, person.gender)


def survivor(people: People, person: PersonRecord) -> PersonRecord:
    """Return the person that a person was merged into, over all steps; one not merged itself."""
    return person if person.merged_into is None else _chain(people, person)[-1]


def identify(
    people: People,
    key: PersonKey,
    number: str | None,
    *,
    profile: KeyProfile,
    expired_only_accepts: bool,
    today: date,
) -> Identity:
    """Lock the keys a report touches and say who it is about.

    In: the key of the person reported, the identification number if the report has one. From here to the end
    of the transaction nobody else decides about these keys (I13). Raises GatewayError T200.busy when the
    person of the number got another key while the lock was awaited.
    """
    if number is not None:
        return _by_number(people, key, number, profile)
    people.lock_persons([key.lock])
    return _by_key(people, key, profile=profile, expired_only_accepts=expired_only_accepts, today=today)


def settle(
    people: People,
    key: PersonKey,
    said: Identity,
    *,
    profile: KeyProfile,
    ref: MessageRef | None,
) -> Identity:
    """Lock the keys and say on today's state who it is, after somebody decided about it.

    In: what was said (`same`, `different`); the message it is about. A person merged since is the one it was
    merged into. Who is said to be different from some persons is a new one, unless the key hits others that
    were not among them: then a clerk has to look again. Raises GatewayError T200.busy when keys changed while
    the lock was awaited.
    """
    if said.person is not None:
        expected = _chain(people, _known(people, said.person.id))
        people.lock_persons(sorted({key.lock, *(person.lock_key for person in expected)}))
        found = _chain(people, _known(people, said.person.id))
        if [person.lock_key for person in found] != [person.lock_key for person in expected]:
            raise GatewayError("T200.busy")
        return replace(said, person=found[-1])
    people.lock_persons([key.lock])
    apart = {survivor(people, _known(people, each)).id for each in said.candidates}
    unseen = tuple(each for each in _candidates(people, _hits(people, key, profile)) if each not in apart)
    if not unseen:
        return said
    return Identity(
        Branch.ONE_HIT if len(unseen) == 1 else Branch.SEVERAL_HITS,
        candidates=unseen,
        parked_under=_parked_under(people, key, profile, without=ref),
    )


def _by_number(people: People, key: PersonKey, number: str, profile: KeyProfile) -> Identity:
    expected = _holder(people, number)
    keys = {key.lock} if expected is None else {key.lock, expected.lock_key}
    people.lock_persons(sorted(keys))
    holder = _holder(people, number)
    if holder is not None and holder.lock_key not in keys:
        raise GatewayError("T200.busy")
    if holder is not None and holder.birth == key.birth:
        return Identity(Branch.NUMBER_AND_BIRTH, holder)
    hits = list(_candidates(people, _hits(people, key, profile)))
    if holder is not None and holder.id not in hits:
        hits.append(holder.id)
    return Identity(
        Branch.NUMBER_DOES_NOT_FIT,
        candidates=tuple(hits),
        parked_under=_parked_under(people, key, profile),
    )


def _by_key(
    people: People, key: PersonKey, *, profile: KeyProfile, expired_only_accepts: bool, today: date
) -> Identity:
    known = people.persons_by_lock_key(key.lock)
    hits = [person for person in known if key.hits(key_of(person), profile)]
    candidates = _candidates(people, hits)
    parked = _parked_under(people, key, profile)
    if parked is not None:
        return Identity(Branch.PARKED_ALREADY, candidates=candidates, parked_under=parked)
    if not hits:
        others = _candidates(people, [each for each in known if key.hits(key_of(each), KeyProfile.XA)])
        branch = Branch.OTHER_FIRST_NAME if others else Branch.NO_HIT
        return Identity(branch, candidates=others)
    only_expired = all(_only_expired(people, survivor(people, hit), key, today) for hit in hits)
    if only_expired and expired_only_accepts:
        branch = Branch.EXPIRED_ONLY
    else:
        branch = Branch.ONE_HIT if len(candidates) == 1 else Branch.SEVERAL_HITS
    return Identity(branch, candidates=candidates, only_expired=only_expired)


def _holder(people: People, number: str) -> PersonRecord | None:
    person = people.person_by_number(number)
    return None if person is None else survivor(people, person)


def _chain(people: People, person: PersonRecord) -> list[PersonRecord]:
    """Return a person and, in order, whom it was merged into; the last one is who it is today."""
    chain = [person]
    while chain[-1].merged_into is not None:
        chain.append(_known(people, chain[-1].merged_into))
    return chain


def _known(people: People, person_id: int) -> PersonRecord:
    person = people.person(person_id)
    if person is None:
        raise LookupError(f"there is no person {person_id}")
    return person


def _candidates(people: People, hits: Iterable[PersonRecord]) -> tuple[int, ...]:
    """Return who the hits are today, each once."""
    return tuple(dict.fromkeys(survivor(people, person).id for person in hits))


def _hits(people: People, key: PersonKey, profile: KeyProfile) -> list[PersonRecord]:
    known = people.persons_by_lock_key(key.lock)
    return [person for person in known if key.hits(key_of(person), profile)]


def _only_expired(people: People, person: PersonRecord, key: PersonKey, today: date) -> bool:
    if person.lock_key != key.lock:
        # The hit was merged into a person under another key, which is not locked here.
        return False
    cases = people.cases_of([person.id])
    expired = CaseState.EXPIRED_UNUSED
    return bool(cases) and not person.deceased and all(state_on(case, today) is expired for case in cases)


def _parked_under(
    people: People, key: PersonKey, profile: KeyProfile, without: MessageRef | None = None
) -> WorkItem | None:
    for item in people.open_work_items(key.lock):
        parked = item.details.get("key")
        if (
            item.kind == DUPLICATE
            and parked is not None
            and without not in item.messages
            and key.hits(PersonKey(**parked), profile)
        ):
            return item
    return None
