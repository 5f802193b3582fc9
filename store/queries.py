"""The statements of a unit of work, compiled once per engine."""

from functools import cache

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    ColumnElement,
    Integer,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    func,
    literal_column,
    select,
)

from store.schema import (
    case_file,
    content,
    course_dropout,
    course_registration,
    course_section,
    course_site,
    course_test,
    decision,
    disclosure_block,
    entitlement,
    journal,
    message,
    organiser,
    outbox,
    person,
    question,
    takeover,
    work_item,
    work_item_message,
)
from store.statements import Statement, among, insert, numbered, query

NUMBERS_AT_ONCE = 16
"""How many numbers a PostgreSQL connection takes at once, and loses at most when it is lost."""

CHANGEABLE = (
    "state",
    "granted_units",
    "course_type",
    "registered_on",
    "started_on",
    "last_activity",
    "completed_on",
    "b1",
)
"""Columns of a case that change in its life; they are compared with what was read before they are set."""


class Queries:
    """All statements of a unit of work for one engine."""

    def __init__(self, dialect: str) -> None:
        self._dialect = dialect
        self._messages()
        self._locks_and_numbers()
        self._persons()
        self._cases()
        self._courses()
        self._takeovers()
        self._blocks()
        self._questions()
        self._outbox()
        self._work_items()

    def _messages(self) -> None:
        dialect = self._dialect
        self.register = Statement(
            insert(dialect, message) + " ON CONFLICT DO NOTHING RETURNING 1",
            (None,),
        )
        self.known = query(dialect, _known(), ["uuid", "party_id"])
        self.replace_answer = Statement(
            numbered(dialect, 'UPDATE "content" SET "answer" = ? WHERE "id" = ? RETURNING 1'), (None,)
        )
        self.request_document = query(dialect, _request(), ["uuid", "party_id", "kind"])
        self.decision = query(
            dialect,
            select(decision)
            .where(decision.c.uuid == bindparam("uuid"), decision.c.party_id == bindparam("party_id"))
            .order_by(decision.c.id.desc()),
            ["uuid", "party_id"],
        )

    def _locks_and_numbers(self) -> None:
        if self._dialect == "postgresql":
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

    def _persons(self) -> None:
        dialect = self._dialect
        self.persons = query(
            dialect,
            select(person).where(person.c.lock_key == bindparam("lock_key")).order_by(person.c.id),
            ["lock_key"],
        )
        # As text, so that the index of the open ones serves.
        waiting = f"SELECT lock_key FROM work_item WHERE state = 'OPEN' AND {among(dialect, 'lock_key')}"  # noqa: S608 - ours
        stored = f"SELECT lock_key FROM person WHERE {among(dialect, 'lock_key')}"  # noqa: S608 - ours
        self.keys_in_use = Statement(numbered(dialect, f"{stored} UNION {waiting}"), (int,))
        self.person = query(dialect, select(person).where(person.c.id == bindparam("id")), ["id"])
        self.person_by_number = query(
            dialect,
            # Whoever was erased altogether has no birth date: the number leads to nobody.
            select(person)
            .join(case_file)
            .where(case_file.c.number == bindparam("number"), person.c.birth != literal_column("''")),
            ["number"],
        )
        self.merge = self._change('"person" SET "merged_into" = ? WHERE "id" = ? AND "merged_into" IS NULL')
        self.split = self._change('"person" SET "merged_into" = NULL WHERE "id" = ? AND "merged_into" = ?')
        self.die = self._change(
            '"person" SET "deceased" = TRUE, "died_on" = ? WHERE "id" = ? AND NOT "deceased"'
        )
        self.change_details = self._change('"person" SET "details" = ? WHERE "id" = ? AND "details" = ?')
        self.rename = self._change(
            '"person" SET "lock_key" = ?, "surname_key" = ?, "surname" = ?, "details" = ?'
            ' WHERE "id" = ? AND "lock_key" = ? AND "surname_key" = ? AND "details" = ?'
        )
        self.forget_index = Statement(numbered(dialect, 'DELETE FROM "person_search" WHERE "person_id" = ?'))
        ids = "SELECT low_id, high_id FROM homonym WHERE revoked_at IS NULL AND "
        self.homonyms = Statement(
            numbered(dialect, f"{ids}({among(dialect, 'low_id')} OR {among(dialect, 'high_id')})"),
            (int, int),
        )
        self.revoke_homonym = self._change(
            '"homonym" SET "revoked_at" = ? WHERE "low_id" = ? AND "high_id" = ? AND "revoked_at" IS NULL'
        )

    def _cases(self) -> None:
        dialect = self._dialect
        cases = with_units()
        self.cases = query(
            dialect,
            cases.where(case_file.c.person_id == bindparam("person_id")).order_by(
                case_file.c.id, entitlement.c.id
            ),
            ["person_id"],
        )
        self.case = query(
            dialect, cases.where(case_file.c.id == bindparam("id")).order_by(entitlement.c.id), ["id"]
        )
        self.case_by_number = query(
            dialect,
            cases.where(case_file.c.number == bindparam("number")).order_by(entitlement.c.id),
            ["number"],
        )
        values = ", ".join(f'"{name}" = ?' for name in CHANGEABLE)
        # Compares NULL too; SQLite knows the words of the standard only from 3.39 on.
        is_same = "IS NOT DISTINCT FROM" if dialect == "postgresql" else "IS"
        same = " AND ".join(f'"{name}" {is_same} ?' for name in CHANGEABLE)
        self.change_case = self._change(f'"case_file" SET {values} WHERE "id" = ? AND {same}')
        self.move_case = self._change('"case_file" SET "person_id" = ? WHERE "id" = ? AND "person_id" = ?')
        self.change_right = self._change(
            '"entitlement" SET "status" = ?, "replaced_by" = ?'
            ' WHERE "case_id" = ? AND "id" = ? AND "status" = ?'
        )
        self.sections = query(
            dialect,
            select(course_section)
            .where(course_section.c.case_id == bindparam("case_id"))
            .order_by(course_section.c.began_on, course_section.c.id),
            ["case_id"],
        )
        self.end_section = self._change(
            '"course_section" SET "ended_on" = ?, "units" = ?, "absent_excused" = ?, "absent_unexcused" = ?'
            ' WHERE "id" = ? AND "ended_on" IS NULL'
        )

    def _courses(self) -> None:
        dialect = self._dialect
        self.registrations = query(
            dialect,
            select(course_registration)
            .where(course_registration.c.case_id == bindparam("case_id"))
            .order_by(course_registration.c.registered_on, course_registration.c.id),
            ["case_id"],
        )
        self.expect_end = self._change(
            '"course_section" SET "expected_end" = ? WHERE "id" = ? AND "ended_on" IS NULL'
        )
        self.change_course_test = self._change(
            '"course_test" SET "test_type" = ?, "overall" = ?, "passed" = ?, "parts" = ? WHERE "id" = ?'
        )
        self.course_tests = query(
            dialect,
            select(course_test)
            .where(course_test.c.case_id == bindparam("case_id"))
            .order_by(course_test.c.taken_on, course_test.c.id),
            ["case_id"],
        )
        self.organiser = query(
            dialect, select(organiser).where(organiser.c.number == bindparam("number")), ["number"]
        )
        self.course_site = query(
            dialect, select(course_site).where(course_site.c.number == bindparam("number")), ["number"]
        )
        self.course_dropout = query(
            dialect,
            select(course_dropout).where(course_dropout.c.case_id == bindparam("case_id")),
            ["case_id"],
        )
        self.take_dropout_back = Statement(
            numbered(dialect, 'DELETE FROM "course_dropout" WHERE "case_id" = ? RETURNING 1'), (int,)
        )

    def _takeovers(self) -> None:
        dialect = self._dialect
        self.takeovers = query(
            dialect,
            select(takeover)
            .where(_is_among(dialect, takeover.c.case_id, "case_ids"))
            .order_by(takeover.c.id),
            ["case_ids"],
        )

    def _blocks(self) -> None:
        dialect = self._dialect
        self.blocks = query(
            dialect,
            select(disclosure_block)
            .where(_is_among(dialect, disclosure_block.c.person_id, "person_ids"))
            .order_by(disclosure_block.c.at, disclosure_block.c.person_id),
            ["person_ids"],
        )
        self.lift_block = Statement(
            numbered(
                dialect, 'DELETE FROM "disclosure_block" WHERE "person_id" = ? AND "agency" = ? RETURNING 1'
            ),
            (int,),
        )
        self.move_block = self._change(
            '"disclosure_block" SET "person_id" = ? WHERE "person_id" = ? AND "agency" = ? AND NOT EXISTS'
            ' (SELECT 1 FROM "disclosure_block" WHERE "person_id" = ? AND "agency" = ?)'
        )

    def _questions(self) -> None:
        dialect = self._dialect
        self.question = query(
            dialect,
            select(question).where(
                question.c.party_id == bindparam("party_id"), question.c.asked_uuid == bindparam("asked_uuid")
            ),
            ["party_id", "asked_uuid"],
        )
        self.questions_of = query(
            dialect,
            select(question)
            .where(question.c.person_id == bindparam("person_id"), question.c.state == bindparam("state"))
            .order_by(question.c.id),
            ["person_id", "state"],
        )
        self.close_question = self._change(
            '"question" SET "state" = ?, "closed_at" = ?, "reply_uuid" = ? WHERE "id" = ? AND "state" = ?'
        )

    def _outbox(self) -> None:
        dialect = self._dialect
        entries = (
            select(outbox, content.c.wrapped)
            .outerjoin(content, content.c.id == outbox.c.content_key_id)
            .order_by(outbox.c.id)
        )
        self.unconfirmed = query(
            dialect,
            entries.where(
                outbox.c.party_id == bindparam("party_id"),
                outbox.c.route == bindparam("route"),
                outbox.c.confirmed_at.is_(None),
            )
            .limit(bindparam("limit", type_=Integer))
            # As text: for SQLite it would be one more parameter.
            .offset(literal_column("0")),
            ["party_id", "route", "limit"],
        )
        self.outbox_entries = query(
            dialect,
            entries.where(outbox.c.party_id == bindparam("party_id"), _is_among(dialect, outbox.c.id, "ids")),
            ["party_id", "ids"],
        )
        self.outbox_of = query(
            dialect,
            entries.where(outbox.c.party_id == bindparam("party_id"), outbox.c.uuid == bindparam("uuid")),
            ["party_id", "uuid"],
        )
        # Whoever hands out or confirms the same entries meanwhile must lock them in the same order.
        chosen = among(dialect, '"id"')
        if dialect == "postgresql":
            chosen = f'"id" IN (SELECT "id" FROM "outbox" WHERE {chosen} ORDER BY "id" FOR UPDATE)'  # noqa: S608 - columns of ours
        self.mark_fetched = self._change(
            f'"outbox" SET "first_fetched_at" = ? WHERE {chosen} AND "first_fetched_at" IS NULL'
        )
        self.confirm = self._change(
            f'"outbox" SET "confirmed_at" = ? WHERE "party_id" = ? AND {chosen} AND "confirmed_at" IS NULL',
            returning="id",
        )

    def _work_items(self) -> None:
        dialect = self._dialect
        items = (
            select(work_item, work_item_message.c.party_id, work_item_message.c.uuid)
            .outerjoin(work_item_message)
            .order_by(work_item.c.id, work_item_message.c.attached_at, work_item_message.c.uuid)
        )
        self.work_items = query(
            dialect,
            items.where(
                and_(work_item.c.lock_key == bindparam("lock_key"), work_item.c.state == bindparam("state"))
            ),
            ["lock_key", "state"],
        )
        self.work_item = query(dialect, items.where(work_item.c.id == bindparam("id")), ["id"])
        self.attached = query(
            dialect,
            select(
                work_item_message.c.party_id, work_item_message.c.uuid, work_item_message.c.attached_at
            ).where(work_item_message.c.work_item_id == bindparam("id")),
            ["id"],
        )
        self.change_candidates = Statement(
            numbered(dialect, 'UPDATE "work_item" SET "candidates" = ? WHERE "id" = ?')
        )
        self.close_work_item = self._change(
            '"work_item" SET "state" = ?, "decision" = ?, "decided_by" = ?, "decided_at" = ?,'
            ' "undone_at" = NULL WHERE "id" = ? AND "state" = ?'
        )
        self.undo_work_item = self._change(
            '"work_item" SET "undone_at" = ? WHERE "id" = ? AND "state" = ? AND "undone_at" IS NULL'
        )
        self.remind = self._change('"work_item" SET "reminded_at" = ? WHERE "id" = ? AND "state" = ?')

    def _change(self, what: str, returning: str = "1") -> Statement:
        """Return an update that tells by one row each what it changed, or a number in it: `returning`."""
        return Statement(numbered(self._dialect, f"UPDATE {what} RETURNING {returning}"), (int,))


def _is_among(dialect: str, column: Column[int], name: str) -> ColumnElement[bool]:
    """Return the condition of `among` for a compiled select; its parameter is called `name`."""
    ids = bindparam(name, type_=Text)
    if dialect == "postgresql":
        return column == func.any(cast(ids, ARRAY(BigInteger)))
    return column.in_(select(func.json_each(ids).table_valued("value").c.value))


def with_units() -> "Select[tuple[object, ...]]":
    """Return the question for cases with the units that were used, joined with their rights."""
    used = (
        select(func.coalesce(func.sum(course_section.c.units), literal_column("0"), type_=Integer))
        .where(course_section.c.case_id == case_file.c.id)
        .scalar_subquery()
        .label("used_units")
    )
    return select(case_file, used, entitlement).outerjoin(entitlement)


@cache
def queries_of(dialect: str) -> Queries:
    """Return the statements of an engine, compiled once per process."""
    return Queries(dialect)


def _known() -> Select[tuple[object, ...]]:
    return (
        select(
            message.c.content_hash,
            message.c.message_type,
            content.c.answer_type,
            content.c.reason_code,
            content.c.number,
            content.c.decided_row,
            content.c.id,
            content.c.answer,
            content.c.wrapped,
        )
        .select_from(message)
        .outerjoin(content, content.c.id == message.c.content_key_id)
        .where(message.c.uuid == bindparam("uuid"), message.c.party_id == bindparam("party_id"))
    )


def _request() -> Select[tuple[object, ...]]:
    return (
        select(
            journal.c.at,
            journal.c.door,
            journal.c.content_key_id,
            content.c.request,
            content.c.wrapped,
        )
        .join(content, content.c.id == journal.c.content_key_id)
        .where(
            journal.c.uuid == bindparam("uuid"),
            journal.c.party_id == bindparam("party_id"),
            journal.c.kind == bindparam("kind"),
        )
        .order_by(journal.c.id)
    )
