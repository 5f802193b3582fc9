"""The search index over persons and the hints found with it; filled beside the messages, never by them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Text, and_, bindparam, delete, exists, or_, select, update

from store.inserting import insert_unless_there, tolerant_insert
from store.records import Hint, PersonRecord
from store.schema import hint, homonym, person, person_search
from store.unit_persons import RENAMED

FIRST = "first"
"""The kind of the rows that hold first names; all others hold surnames."""

# Made once: to build it costs more than to run it.
_POSSIBLY_SAME = (
    select(person)
    .where(
        person.c.id.in_(
            select(person_search.c.person_id).where(
                person_search.c.birth_year == bindparam("year"),
                or_(
                    and_(
                        person_search.c.kind != FIRST,
                        person_search.c.form.in_(bindparam("surnames", expanding=True)),
                    ),
                    and_(person_search.c.kind == FIRST, person_search.c.form == bindparam("swapped")),
                ),
            )
        ),
        person.c.merged_into.is_(None),
        # The less precise of two birth dates is the beginning of the other.
        or_(
            person.c.birth == bindparam("birth"),
            person.c.birth.like(bindparam("within")),
            bindparam("birth", type_=Text).like(person.c.birth.concat("-%")),
        ),
    )
    .order_by(person.c.id)
)


def unindexed(connection: Connection, limit: int, after: int) -> list[PersonRecord]:
    """Return some persons with an id greater than `after` that are not in the index yet, by id.

    Who was erased altogether has no birth date, and is not to be found.
    """
    rows = connection.execute(
        select(person)
        .where(
            person.c.id > after,
            person.c.birth != "",
            ~exists().where(person_search.c.person_id == person.c.id),
        )
        .order_by(person.c.id)
        .limit(limit)
    )
    return [PersonRecord(*row) for row in rows]


def index_persons(connection: Connection, rows: Iterable[tuple[int, str, str, int]]) -> None:
    """Put names into the index. In: of each the person, its kind, search form, and the year of birth."""
    columns = [column.name for column in person_search.columns]
    values = [dict(zip(columns, row, strict=True)) for row in rows]
    connection.execute(tolerant_insert(connection, person_search), values)


def renamed(connection: Connection, limit: int) -> list[int]:
    """Return some persons whose names have to be read anew, by id."""
    rows = connection.execute(
        select(person_search.c.person_id)
        .where(person_search.c.form == "", person_search.c.birth_year == 0, person_search.c.kind == RENAMED)
        .order_by(person_search.c.person_id)
        .limit(limit)
    )
    return list(rows.scalars())


def read_anew(connection: Connection, person_ids: Iterable[int]) -> list[PersonRecord]:
    """Take persons out of the index and return them as they are then.

    The mark goes before the names are read: who is renamed once more meanwhile is marked again.
    """
    ids = list(person_ids)
    connection.execute(delete(person_search).where(person_search.c.person_id.in_(ids)))
    rows = connection.execute(select(person).where(person.c.id.in_(ids)).order_by(person.c.id))
    return [PersonRecord(*row) for row in rows]


def possibly_same(
    connection: Connection, *, birth: str, surnames: Iterable[str], swapped_first: str
) -> list[PersonRecord]:
    """Return indexed persons with one of the surnames, or with a surname as first name, born when it fits.

    In: the birth date as ISO text of its precision, the search forms of all surnames, that of the surname
    that may stand as a first name. Persons that were merged into another are left out.
    """
    found = connection.execute(
        _POSSIBLY_SAME,
        {
            "year": int(birth[:4]),
            "surnames": sorted(form for form in surnames if form),
            "swapped": swapped_first,
            "birth": birth,
            "within": f"{birth}-%",
        },
    )
    return [PersonRecord(*row) for row in found]


def said_different(connection: Connection, person_id: int) -> set[int]:
    """Return the persons of whom a clerk said that this one is somebody else."""
    rows = connection.execute(
        select(homonym.c.low_id, homonym.c.high_id).where(
            or_(homonym.c.low_id == person_id, homonym.c.high_id == person_id), homonym.c.revoked_at.is_(None)
        )
    )
    return {low if high == person_id else high for low, high in rows}


def add_hint(
    connection: Connection, one: int, other: int, reasons: Sequence[dict[str, str]], at: datetime
) -> bool:
    """Store that two persons may be one; False if that is known, also where it was dismissed."""
    row: dict[str, Any] = {
        "low_id": min(one, other),
        "high_id": max(one, other),
        "reasons": list(reasons),
        "found_at": at,
    }
    return insert_unless_there(connection, hint, row)


def dismiss_hint(connection: Connection, one: int, other: int, at: datetime) -> bool:
    """Note that a clerk looked at a hint; False if there is none that waits."""
    changed = connection.execute(
        update(hint)
        .where(
            hint.c.low_id == min(one, other),
            hint.c.high_id == max(one, other),
            hint.c.dismissed_at.is_(None),
        )
        .values(dismissed_at=at)
    )
    return changed.rowcount == 1


def waiting_hints(connection: Connection, *, limit: int, person_id: int | None = None) -> list[Hint]:
    """Return hints nobody has looked at, oldest first, of one person if given.

    What is about persons that were merged or said to be different is none any more.
    """
    low, high = person.alias("low"), person.alias("high")
    question = (
        select(hint)
        .join(low, low.c.id == hint.c.low_id)
        .join(high, high.c.id == hint.c.high_id)
        .where(
            hint.c.dismissed_at.is_(None),
            low.c.merged_into.is_(None),
            high.c.merged_into.is_(None),
            ~exists().where(
                homonym.c.low_id == hint.c.low_id,
                homonym.c.high_id == hint.c.high_id,
                homonym.c.revoked_at.is_(None),
            ),
        )
        .order_by(hint.c.found_at, hint.c.low_id, hint.c.high_id)
        .limit(limit)
    )
    if person_id is not None:
        question = question.where(or_(hint.c.low_id == person_id, hint.c.high_id == person_id))
    return [Hint(*row) for row in connection.execute(question)]
