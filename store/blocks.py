"""Rare questions about disclosure blocks, for lists and pages."""

from collections.abc import Iterable

from sqlalchemy import Connection, select

from store.schema import case_file, disclosure_block, entitlement, party, person, takeover

_AT_ONCE = 500
"""How many ids one question names."""


def blocked_among(connection: Connection, person_ids: Iterable[int]) -> set[int]:
    """Return which of these persons have a block, of one merged into another that of whom it is today."""
    blocked = set(connection.execute(select(disclosure_block.c.person_id).distinct()).scalars())
    if not blocked:
        return set()
    today = {each: each for each in person_ids}
    while merged := _merged(connection, set(today.values())):
        today = {each: merged.get(now, now) for each, now in today.items()}
    return {each for each, now in today.items() if now in blocked}


def persons_of(connection: Connection, case_ids: Iterable[int], numbers: Iterable[str]) -> set[int]:
    """Return whose these cases are, named by their ids or their numbers."""
    rows = connection.execute(
        select(case_file.c.person_id).where(
            case_file.c.id.in_(list(case_ids)) | case_file.c.number.in_(list(numbers))
        )
    )
    return set(rows.scalars())


def agencies_of(connection: Connection, person_id: int) -> set[str]:
    """Return keys and names of all agencies that a person's history may name."""
    rights = select(entitlement.c.agency, entitlement.c.agency_name).join(case_file)
    joined = select(takeover.c.agency, takeover.c.agency_name).join(case_file)
    questions = (
        select(party.c.kennung, party.c.name),
        rights.where(case_file.c.person_id == person_id),
        joined.where(case_file.c.person_id == person_id),
        select(disclosure_block.c.agency).where(disclosure_block.c.person_id == person_id),
    )
    return {text for question in questions for row in connection.execute(question) for text in row}


def _merged(connection: Connection, person_ids: set[int]) -> dict[int, int]:
    """Return whom those of the persons that were merged were merged into."""
    ids = sorted(person_ids)
    found: dict[int, int] = {}
    for first in range(0, len(ids), _AT_ONCE):
        rows = connection.execute(
            select(person.c.id, person.c.merged_into).where(
                person.c.id.in_(ids[first : first + _AT_ONCE]), person.c.merged_into.is_not(None)
            )
        )
        found.update((row.id, row.merged_into) for row in rows)
    return found
