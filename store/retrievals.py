"""Rare questions about the log of retrievals, for the data-protection officer."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from store.records_information import Retrieval
from store.schema import case_file, person, retrieval


@dataclass(frozen=True, slots=True)
class RetrievalQuery:
    """Which entries are wanted: of a party, about persons (ids), from an instant on, before another, held."""

    party_id: str | None = None
    persons: Collection[int] | None = None
    since: datetime | None = None
    before: datetime | None = None
    only_held: bool = False


def list_retrievals(
    connection: Connection, query: RetrievalQuery, limit: int
) -> list[tuple[Retrieval, str | None]]:
    """Return entries, the newest first, each with the number of the case if it is about one."""
    wanted = select(retrieval, case_file.c.number).outerjoin(case_file, case_file.c.id == retrieval.c.case_id)
    if query.party_id is not None:
        wanted = wanted.where(retrieval.c.party_id == query.party_id)
    if query.persons is not None:
        wanted = wanted.where(retrieval.c.person_id.in_(list(query.persons)))
    if query.since is not None:
        wanted = wanted.where(retrieval.c.at >= query.since)
    if query.before is not None:
        wanted = wanted.where(retrieval.c.at < query.before)
    if query.only_held:
        wanted = wanted.where(retrieval.c.held_at.is_not(None))
    rows = connection.execute(wanted.order_by(retrieval.c.at.desc(), retrieval.c.id.desc()).limit(limit))
    return [(Retrieval(*row[:-1]), row[-1]) for row in rows]


def find_retrieval(connection: Connection, entry_id: int) -> tuple[Retrieval, str | None] | None:
    """Return an entry with the number of its case."""
    row = connection.execute(
        select(retrieval, case_file.c.number)
        .outerjoin(case_file, case_file.c.id == retrieval.c.case_id)
        .where(retrieval.c.id == entry_id)
    ).one_or_none()
    return None if row is None else (Retrieval(*row[:-1]), row[-1])


def count_due(connection: Connection, before: datetime) -> tuple[int, int]:
    """Return how many entries from before an instant may be deleted, and how many of them somebody holds."""
    old = select(func.count(), func.count(retrieval.c.held_at)).where(retrieval.c.at < before)
    total, held = connection.execute(old.select_from(retrieval)).one()
    return int(total - held), int(held)


def persons_of_number(connection: Connection, number: str) -> set[int]:
    """Return the ids of the person of a number and of all who were merged into it; empty where none is."""
    found: set[int] = set()
    waiting = [
        row.person_id
        for row in connection.execute(select(case_file.c.person_id).where(case_file.c.number == number))
    ]
    while waiting:
        found.update(waiting)
        merged = connection.execute(select(person.c.id).where(person.c.merged_into.in_(waiting)))
        waiting = [row.id for row in merged if row.id not in found]
    return found
