"""Erasing: content keys, so that request and answers can never be read again, and what is stored of a person.

The chain of the journal holds all the same: it hashed what was encrypted.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Final

from sqlalchemy import Connection, Table, delete, insert, literal, or_, select, text, update

from store.engine import Store
from store.errors import NotAllowed, StoreBusy, translate
from store.records import MessageRef
from store.schema import (
    case_file,
    case_history,
    content,
    course_dropout,
    course_registration,
    course_section,
    course_test,
    decision,
    delivery_chunk,
    disclosure_block,
    entitlement,
    erasure,
    hint,
    homonym,
    journal,
    message,
    metadata,
    outbox,
    person,
    person_history,
    person_search,
    question,
    takeover,
    work_item,
    work_item_message,
)
from store.unit_persons import RENAMED

ERASED: Final = "erased"
"""What stands for the choice of a work item whose content is gone."""
NOBODY: Final = 0
"""The lock key of whoever is not to be found any more; no search by it hits, for the names are gone too."""
NO_DAY: Final = date(1970, 1, 1)
_OF_COURSE: Final[Sequence[Table]] = (
    course_registration,
    course_section,
    course_test,
    course_dropout,
    takeover,
    case_history,
)
_KEPT_OF_ITEMS: Final = frozenset({"branch", "row", "case", "right", "undoes", "name_change"})
"""Of the details of a work item what is codes and ids."""


@dataclass(frozen=True, slots=True)
class Remains:
    """What is left of a case after the first stage: its state, the right that says its kind, units left."""

    case_id: int
    state: str
    right_id: int | None
    units: int


def destroy_content(connection: Connection, ref: MessageRef) -> int:
    """Destroy the content keys of a message; return how many. The rows and their hashes stay as they are.

    A resend of the message is known as before, but has no answer any more; later answers that were not
    fetched yet have no document any more.
    """
    keys = select(journal.c.content_key_id).where(
        journal.c.uuid == ref.uuid, journal.c.party_id == ref.party_id, journal.c.content_key_id.is_not(None)
    )
    answers = select(message.c.content_key_id).where(
        message.c.uuid == ref.uuid, message.c.party_id == ref.party_id
    )
    later = select(outbox.c.content_key_id).where(
        outbox.c.uuid == ref.uuid, outbox.c.party_id == ref.party_id
    )
    done = connection.execute(
        update(content)
        .where(content.c.id.in_(keys.union(answers, later)), content.c.wrapped.is_not(None))
        .values(wrapped=None)
    )
    return done.rowcount


def destroy_keys(connection: Connection, key_ids: Sequence[int]) -> None:
    """Destroy content keys by their ids."""
    connection.execute(update(content).where(content.c.id.in_(key_ids)).values(wrapped=None))


def destroy_chunks(connection: Connection, chunks: Iterable[tuple[int, int]]) -> None:
    """Destroy keys and content of chunks of records; only the places of the records are left."""
    for delivery_id, ordinal in chunks:
        connection.execute(
            update(delivery_chunk)
            .where(
                delivery_chunk.c.delivery_id == delivery_id,
                delivery_chunk.c.ordinal == ordinal,
                delivery_chunk.c.done_at.is_(None),
            )
            .values(wrapped=None, ciphertext=None)
        )


def erase_messages(connection: Connection, refs: Iterable[MessageRef]) -> int:
    """Destroy the contents of messages and what their decisions rest on; return how many could be read."""
    done = 0
    for ref in refs:
        done += destroy_content(connection, ref) > 0
        connection.execute(
            update(decision)
            .where(decision.c.uuid == ref.uuid, decision.c.party_id == ref.party_id)
            .values(evidence={})
        )
        # A notice lies under a message that no decision ties to a number: the second stage would not find it.
        connection.execute(
            update(outbox)
            .where(
                outbox.c.uuid == ref.uuid, outbox.c.party_id == ref.party_id, outbox.c.kind == "mitteilung"
            )
            .values(number=None)
        )
    return done


def erase_items(connection: Connection, item_ids: Iterable[int]) -> None:
    """Leave of closed work items only that there were such: kind, office, days, who decided."""
    for item_id in item_ids:
        details = connection.execute(
            select(work_item.c.details).where(work_item.c.id == item_id)
        ).scalar_one_or_none()
        if details is not None:
            kept = {name: value for name, value in details.items() if name in _KEPT_OF_ITEMS}
            connection.execute(
                update(work_item)
                .where(work_item.c.id == item_id)
                .values(lock_key=NOBODY, details=kept, decision={"choice": ERASED})
            )


def erase_all_but_names(
    connection: Connection, person_ids: Sequence[int], cases: Sequence[Remains], ended_on: date
) -> None:
    """Leave of persons what the first stage leaves: names, birth date, gender, and of cases the outcome.

    In: the persons of a group, of each of their cases what is left, and the day with which the last one
    ended. All other days become that one.
    """
    connection.execute(
        update(person).where(person.c.id.in_(person_ids)).values(details={}, deceased=False, died_on=None)
    )
    for table in (person_history, disclosure_block, person_search, question):
        connection.execute(delete(table).where(table.c.person_id.in_(person_ids)))
    connection.execute(delete(hint).where(or_(hint.c.low_id.in_(person_ids), hint.c.high_id.in_(person_ids))))
    # The search for hints finds the names that are left.
    marks = [{"person_id": each, "kind": RENAMED, "form": "", "birth_year": 0} for each in person_ids]
    connection.execute(insert(person_search), marks)
    case_ids = [each.case_id for each in cases]
    for table in _OF_COURSE:
        connection.execute(delete(table).where(table.c.case_id.in_(case_ids)))
    rights = [each.right_id for each in cases if each.right_id is not None]
    connection.execute(
        delete(entitlement).where(entitlement.c.case_id.in_(case_ids), entitlement.c.id.not_in(rights))
    )
    connection.execute(
        update(entitlement)
        .where(entitlement.c.case_id.in_(case_ids))
        .values(
            agency="",
            agency_name="",
            valid_from=ended_on,
            valid_until=None,
            unlimited=False,
            only_orientation=False,
            only_language=False,
            decided_at=datetime.combine(ended_on, time(), UTC),
            party_uuid=None,
            replaced_by=None,
        )
    )
    for each in cases:
        connection.execute(
            update(case_file)
            .where(case_file.c.id == each.case_id)
            .values(opened_on=ended_on, state=each.state, granted_units=each.units, **_NO_COURSE)
        )


_NO_COURSE: Final[Mapping[str, Any]] = dict.fromkeys(
    ("course_type", "registered_on", "started_on", "last_activity", "completed_on", "b1")
)


def forget(
    connection: Connection, person_ids: Sequence[int], case_ids: Sequence[int], refs: Iterable[MessageRef]
) -> None:
    """Leave of persons nothing but the numbers of their cases, after everything else was erased.

    The rows stay, blank: what other rows name by its id must be there.
    """
    numbers = select(case_file.c.number).where(case_file.c.id.in_(case_ids)).scalar_subquery()
    for ref in refs:
        answers = select(message.c.content_key_id).where(
            message.c.uuid == ref.uuid, message.c.party_id == ref.party_id
        )
        connection.execute(update(content).where(content.c.id.in_(answers)).values(number=None))
        for table in (decision, outbox):
            connection.execute(
                update(table)
                .where(
                    table.c.uuid == ref.uuid, table.c.party_id == ref.party_id, table.c.number.in_(numbers)
                )
                .values(number=None)
            )
    connection.execute(delete(person_search).where(person_search.c.person_id.in_(person_ids)))
    for pairs in (homonym, hint):
        connection.execute(
            delete(pairs).where(or_(pairs.c.low_id.in_(person_ids), pairs.c.high_id.in_(person_ids)))
        )
    connection.execute(delete(entitlement).where(entitlement.c.case_id.in_(case_ids)))
    connection.execute(
        update(case_file)
        .where(case_file.c.id.in_(case_ids))
        .values(opened_on=NO_DAY, state="CANCELLED", granted_units=0, repeats=None, **_NO_COURSE)
    )
    connection.execute(
        update(person)
        .where(person.c.id.in_(person_ids))
        .values(
            lock_key=NOBODY,
            surname_key="",
            first_name_key="",
            birth="",
            gender="",
            surname=None,
            first_name=None,
            merged_into=None,
        )
    )


def forget_items(connection: Connection, item_ids: Iterable[int], person_ids: Iterable[int]) -> None:
    """Take forgotten persons out of work items; remove those that are about nobody else."""
    gone = set(person_ids)
    for item_id in item_ids:
        row = connection.execute(
            select(work_item.c.candidates).where(work_item.c.id == item_id)
        ).one_or_none()
        if row is None:
            continue
        others = [each for each in row.candidates if each not in gone]
        if others:
            connection.execute(update(work_item).where(work_item.c.id == item_id).values(candidates=others))
            continue
        connection.execute(delete(work_item_message).where(work_item_message.c.work_item_id == item_id))
        connection.execute(delete(work_item).where(work_item.c.id == item_id))


def note_erasure(
    connection: Connection,
    person_ids: Iterable[int],
    stage: int,
    *,
    ended_on: date,
    took_part: bool,
    at: datetime,
    actor: str,
) -> None:
    """Keep that persons were erased in a stage; done again after a new right, the last time counts."""
    for person_id in person_ids:
        connection.execute(delete(erasure).where(erasure.c.person_id == person_id, erasure.c.stage == stage))
        connection.execute(
            insert(erasure).values(
                person_id=person_id,
                stage=stage,
                ended_on=ended_on,
                took_part=took_part,
                at=at,
                actor=actor,
            )
        )


def scrub(store: Store) -> None:
    """Take what was erased out of the free space of the files too; on SQLite others cannot write meanwhile.

    SQLite: the file is written anew and the write-ahead log emptied. PostgreSQL: dead rows are removed; old
    bytes stay in its write-ahead log and in free pages until the server uses them again. Raises
    StoreUnavailable, on SQLite StoreBusy while somebody else uses the file, on PostgreSQL NotAllowed for a
    role that does not own the tables.
    """
    with store.engine.connect() as raw:
        driver: Any = raw.connection.driver_connection
        if store.dialect == "postgresql":
            warnings: list[str | None] = []
            driver.add_notice_handler(lambda told: warnings.append(told.severity_nonlocalized))
            free = raw.execution_options(isolation_level="AUTOCOMMIT")
            # A large store takes longer than any message may.
            free.execute(text("SET statement_timeout = 0"))
            tables = ", ".join(f'"{each.name}"' for each in metadata.sorted_tables)
            free.execute(text(f"VACUUM {tables}"))
            raw.invalidate()
            # It passes over what it may not touch, with a warning.
            if "WARNING" in warnings:
                raise NotAllowed("PostgreSQL: only who owns the tables can take what was erased out of them")
            return
        try:
            driver.execute("VACUUM")
            kept, _, _ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.Error as error:
            raise (translate(error) or error) from error
        if kept:
            raise StoreBusy("SQLite: somebody reads, so that the write-ahead log could not be emptied")


def is_erased(connection: Connection, ref: MessageRef) -> bool:
    """Tell whether the content of a registered message was erased."""
    found = connection.execute(
        select(literal(1))
        .select_from(message)
        .join(content, content.c.id == message.c.content_key_id)
        .where(message.c.uuid == ref.uuid, message.c.party_id == ref.party_id, content.c.wrapped.is_(None))
    )
    return found.first() is not None
