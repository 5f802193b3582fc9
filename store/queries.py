"""The questions of the hot path, compiled once per engine."""

from sqlalchemy import Select, and_, bindparam, select

from store.schema import (
    answer,
    case_file,
    content_key,
    entitlement,
    message,
    person,
    work_item,
    work_item_message,
)
from store.statements import Statement, insert, query

NUMBERS_AT_ONCE = 16
"""How many numbers a PostgreSQL connection takes at once, and loses at most when it is lost."""


class Queries:
    """All statements of a unit of work for one engine."""

    def __init__(self, dialect: str) -> None:
        self.register = Statement(
            insert(dialect, message) + " ON CONFLICT DO NOTHING RETURNING 1",
            (None,),
        )
        self.known = query(dialect, _known(), ["uuid", "party_id"])
        self.persons = query(
            dialect,
            select(person).where(person.c.lock_key == bindparam("lock_key")).order_by(person.c.id),
            ["lock_key"],
        )
        self.person_by_number = query(
            dialect,
            select(person).join(case_file).where(case_file.c.number == bindparam("number")),
            ["number"],
        )
        self.cases = query(
            dialect,
            select(case_file, entitlement)
            .outerjoin(entitlement)
            .where(case_file.c.person_id == bindparam("person_id"))
            .order_by(case_file.c.id, entitlement.c.id),
            ["person_id"],
        )
        self.work_items = query(
            dialect,
            select(work_item, work_item_message.c.party_id, work_item_message.c.uuid)
            .join(work_item_message)
            .where(
                and_(work_item.c.lock_key == bindparam("lock_key"), work_item.c.state == bindparam("state"))
            )
            .order_by(work_item.c.id, work_item_message.c.attached_at),
            ["lock_key", "state"],
        )
        self.change_case = Statement(
            'UPDATE "case_file" SET "state" = $1 WHERE "id" = $2 AND "state" = $3 RETURNING 1'
            if dialect == "postgresql"
            else 'UPDATE "case_file" SET "state" = ? WHERE "id" = ? AND "state" = ? RETURNING 1',
            (None,),
        )
        self.change_candidates = Statement(
            'UPDATE "work_item" SET "candidates" = $1 WHERE "id" = $2'
            if dialect == "postgresql"
            else 'UPDATE "work_item" SET "candidates" = ? WHERE "id" = ?'
        )
        if dialect == "postgresql":
            self.lock_one = Statement("SELECT pg_advisory_xact_lock($1)", (None,))
            self.lock_many = Statement(
                # The inner order is the locking order; OFFSET 0 keeps the planner from merging the two.
                "SELECT pg_advisory_xact_lock(key) FROM (SELECT key FROM unnest($1::bigint[]) WITH ORDINALITY"
                " AS keys(key, place) ORDER BY place OFFSET 0) AS ordered",
                (None,),
            )
            self.numbers = Statement(
                "SELECT epoch, nextval('number_counter')"  # noqa: S608 - a constant of ours
                f" FROM number_epoch, generate_series(1, {NUMBERS_AT_ONCE})",
                (int, int),
            )
        else:
            self.numbers = Statement(
                "UPDATE number_epoch SET counter = counter + 1 RETURNING epoch, counter", (int, int)
            )


def _known() -> Select[tuple[object, ...]]:
    return (
        select(
            message.c.content_hash,
            message.c.message_type,
            answer.c.message_type.label("answer_type"),
            answer.c.reason_code,
            answer.c.number,
            answer.c.decided_row,
            answer.c.content_key_id,
            answer.c.ciphertext,
            content_key.c.wrapped,
        )
        .select_from(message)
        .outerjoin(answer)
        .outerjoin(content_key, content_key.c.id == answer.c.content_key_id)
        .where(message.c.uuid == bindparam("uuid"), message.c.party_id == bindparam("party_id"))
    )
