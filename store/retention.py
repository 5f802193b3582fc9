"""Finding whose data have to go: persons in pages, what belongs to them, and what still waits for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection, and_, exists, func, literal, literal_column, or_, select, tuple_

from store.case_files import list_cases
from store.erasure import ERASED
from store.records import CaseRecord, CaseState, MessageRef, PersonRecord, QuestionState, WorkItemState
from store.schema import (
    case_file,
    case_history,
    content,
    decision,
    delivery,
    delivery_chunk,
    entitlement,
    erasure,
    journal,
    outbox,
    person,
    question,
    retrieval,
    takeover,
    work_item,
    work_item_message,
)

_ALL: Final = 2
"""The stage after which nothing of a person is left to be found."""


@dataclass(frozen=True, slots=True)
class Group:
    """A person with all who were merged into it, first the one that it is today, and all their cases.

    `closed_at` tells when cases were revoked or cancelled. `erased` is the latest erasure: its stage, the day
    from which its years were counted, and whether the person took part.
    """

    persons: tuple[PersonRecord, ...]
    cases: tuple[CaseRecord, ...]
    closed_at: Mapping[int, datetime]
    erased: tuple[int, date, bool] | None

    @property
    def ids(self) -> tuple[int, ...]:
        """Return the ids of the persons."""
        return tuple(each.id for each in self.persons)

    @property
    def case_ids(self) -> tuple[int, ...]:
        """Return the ids of the cases."""
        return tuple(each.id for each in self.cases)

    @property
    def died_on(self) -> date | None:
        """Return the day of death, None while nobody died or the day is not known."""
        return max((each.died_on for each in self.persons if each.died_on is not None), default=None)

    @property
    def lock_keys(self) -> tuple[int, ...]:
        """Return the keys to be locked, in order."""
        return tuple(sorted({each.lock_key for each in self.persons}))


def page_of_persons(
    connection: Connection, *, after: int, at_most: int, opened_until: date, erased_until: date
) -> tuple[list[int], int | None]:
    """Return which of the next persons by id may have to be erased, and the last id looked at.

    In: no more than `at_most` are looked at, after an id; whoever has a case opened after `opened_until` is
    passed over, and who was erased in the first stage with years counted from after `erased_until`. Out: ids
    of persons that are not merged into another; None after the last person. Some may be found wrongly.
    """
    window = (
        select(person.c.id, person.c.merged_into)
        .where(person.c.id > after)
        .order_by(person.c.id)
        .limit(at_most)
        .subquery()
    )
    of_window = case_file.c.person_id == window.c.id
    first, joined = erasure.alias("first"), person.alias("joined")
    # A right that came after the first stage begins anew, and so does who was merged into it since.
    still = and_(
        first.c.person_id == window.c.id,
        first.c.stage == 1,
        first.c.ended_on > erased_until,
        ~exists().where(of_window, case_file.c.opened_on > first.c.ended_on),
        ~exists().where(
            joined.c.merged_into == window.c.id, ~exists().where(erasure.c.person_id == joined.c.id)
        ),
    )
    rows = connection.execute(
        select(window.c.id)
        .where(
            window.c.merged_into.is_(None),
            ~exists().where(of_window, case_file.c.opened_on > opened_until),
            ~exists().where(still),
            ~exists().where(erasure.c.person_id == window.c.id, erasure.c.stage == _ALL),
        )
        .order_by(window.c.id)
    )
    found = [int(each) for each in rows.scalars()]
    last = connection.execute(select(func.max(window.c.id))).scalar()
    return found, None if last is None else int(last)


def find_group(connection: Connection, person_id: int) -> Group | None:
    """Return the group of a person, whoever of it is named; None if there is no such person."""
    found = _person(connection, person_id)
    while found is not None and found.merged_into is not None:
        found = _person(connection, found.merged_into)
    if found is None:
        return None
    persons, new = [found], [found.id]
    while new:
        rows = connection.execute(select(person).where(person.c.merged_into.in_(new)).order_by(person.c.id))
        further = [PersonRecord(*row) for row in rows]
        persons += further
        new = [each.id for each in further]
    cases = [case for each in persons for case in list_cases(connection, each.id)]
    ids = [each.id for each in persons]
    latest = connection.execute(
        select(erasure.c.stage, erasure.c.ended_on, erasure.c.took_part)
        .where(erasure.c.person_id.in_(ids))
        .order_by(erasure.c.stage.desc(), erasure.c.ended_on.desc())
        .limit(1)
    ).one_or_none()
    return Group(
        tuple(persons),
        tuple(cases),
        _closed_at(connection, [each.id for each in cases]),
        None if latest is None else (int(latest[0]), latest[1], bool(latest[2])),
    )


def lock_group(connection: Connection, keys: Iterable[int]) -> None:
    """Lock person keys until the end of the transaction. On SQLite the transaction is the lock."""
    if connection.dialect.name == "postgresql":
        for key in sorted(set(keys)):
            connection.execute(select(func.pg_advisory_xact_lock(key)))


def messages_of(connection: Connection, group: Group) -> set[MessageRef]:
    """Return the messages that a group's rights, takeovers, questions and retrievals came by."""
    persons, cases = list(group.ids), list(group.case_ids)
    about = question.c.person_id.in_(persons)
    questions = (
        select(entitlement.c.agency, entitlement.c.party_uuid).where(entitlement.c.case_id.in_(cases)),
        select(takeover.c.agency, takeover.c.party_uuid).where(takeover.c.case_id.in_(cases)),
        select(question.c.party_id, question.c.uuid).where(about),
        select(question.c.party_id, question.c.reply_uuid).where(about),
        select(retrieval.c.party_id, retrieval.c.uuid).where(retrieval.c.person_id.in_(persons)),
    )
    return {
        MessageRef(party_id, uuid)
        for each in questions
        for party_id, uuid in connection.execute(each)
        if uuid is not None
    }


def waits_for(connection: Connection, group: Group, refs: Iterable[MessageRef]) -> list[str]:
    """Return why a group cannot be erased yet, in words of one's own; an empty list if it can."""
    ids = set(group.ids)
    reasons = []
    # As text, so that the index of the open ones serves.
    opened = connection.execute(
        select(work_item.c.candidates).where(
            work_item.c.state == literal_column(f"'{WorkItemState.OPEN.value}'")
        )
    )
    if any(ids.intersection(candidates) for candidates in opened.scalars()):
        reasons.append("work-item")
    if _any(
        connection, question.c.person_id.in_(ids) & (question.c.state == QuestionState.OPEN.value), question
    ):
        reasons.append("question")
    unconfirmed = outbox.c.confirmed_at.is_(None)
    if any(_any(connection, unconfirmed & _is(outbox, ref), outbox) for ref in refs):
        reasons.append("unconfirmed-answer")
    if _any(connection, retrieval.c.person_id.in_(ids) & retrieval.c.held_at.is_not(None), retrieval):
        reasons.append("held-retrieval")
    return reasons


@dataclass(frozen=True, slots=True)
class Mention:
    """What a decision about a message names: ids of persons and cases, and a number."""

    ref: MessageRef
    persons: frozenset[int]
    cases: frozenset[int]
    number: str | None


def page_of_mentions(
    connection: Connection, after: tuple[str, str, int] | None, at_most: int
) -> tuple[list[Mention], tuple[str, str, int] | None]:
    """Return whom the next decisions by their key are about, and the last key; None after the last one.

    Which message is about whom stands in the evidence only, which no index serves: a message must not pay
    for what is asked once a day.
    """
    wanted = select(
        decision.c.uuid, decision.c.party_id, decision.c.id, decision.c.number, decision.c.evidence
    ).order_by(decision.c.uuid, decision.c.party_id, decision.c.id)
    if after is not None:
        wanted = wanted.where(tuple_(decision.c.uuid, decision.c.party_id, decision.c.id) > tuple_(*after))
    rows = connection.execute(wanted.limit(at_most)).all()
    found = [_mention(row) for row in rows]
    return found, (rows[-1].uuid, rows[-1].party_id, rows[-1].id) if len(rows) == at_most else None


def mentions_of(connection: Connection, ref: MessageRef) -> list[Mention]:
    """Return whom the decisions about a message are about."""
    rows = connection.execute(
        select(decision.c.uuid, decision.c.party_id, decision.c.number, decision.c.evidence).where(
            _is(decision, ref)
        )
    )
    return [_mention(row) for row in rows]


@dataclass(frozen=True, slots=True)
class Touched:
    """A closed work item, the persons it names, the messages that waited in it, and whether it was erased."""

    id: int
    persons: frozenset[int]
    messages: frozenset[MessageRef]
    erased: bool


def page_of_items(connection: Connection, after: int, at_most: int) -> tuple[list[Touched], int | None]:
    """Return the next closed work items by id, and the last id; None after the last one."""
    rows = connection.execute(
        select(work_item.c.id, work_item.c.candidates, work_item.c.decision, work_item.c.state)
        .where(work_item.c.id > after)
        .order_by(work_item.c.id)
        .limit(at_most)
    ).all()
    if not rows:
        return [], None
    waited: dict[int, set[MessageRef]] = {}
    for item_id, party_id, uuid in connection.execute(
        select(
            work_item_message.c.work_item_id, work_item_message.c.party_id, work_item_message.c.uuid
        ).where(work_item_message.c.work_item_id > after, work_item_message.c.work_item_id <= rows[-1].id)
    ):
        waited.setdefault(item_id, set()).add(MessageRef(party_id, uuid))
    found = [
        Touched(
            row.id,
            frozenset((*row.candidates, *_named(row.decision or {}))),
            frozenset(waited.get(row.id, ())),
            (row.decision or {}).get("choice") == ERASED,
        )
        for row in rows
        if row.state == WorkItemState.CLOSED.value
    ]
    return found, int(rows[-1].id) if len(rows) == at_most else None


@dataclass(frozen=True, slots=True)
class OldContent:
    """A content key that can still be used, and its message; None where a refused one had no UUID to read."""

    key_id: int
    ref: MessageRef | None


def page_of_contents(
    connection: Connection, *, after: int, until: int, before: datetime, at_most: int
) -> tuple[list[OldContent], int | None]:
    """Return the next contents that can still be read and were journaled before an instant.

    In: rows of the journal with ids after `after` and no greater than `until` are looked at. Out: also the
    last id looked at; None after the last one.
    """
    rows = connection.execute(
        select(journal.c.id, journal.c.at, journal.c.party_id, journal.c.uuid, content.c.id.label("key_id"))
        .outerjoin(content, (content.c.id == journal.c.content_key_id) & content.c.wrapped.is_not(None))
        .where(journal.c.id > after, journal.c.id <= until)
        .order_by(journal.c.id)
        .limit(at_most)
    ).all()
    found = [
        OldContent(row.key_id, None if row.uuid is None else MessageRef(row.party_id, row.uuid))
        for row in rows
        if row.key_id is not None and row.at < before
    ]
    return found, int(rows[-1].id) if len(rows) == at_most else None


@dataclass(frozen=True, slots=True)
class OldChunk:
    """A chunk of a delivery that can still be read, and how many records are in it."""

    delivery_id: int
    ordinal: int
    records: int


def page_of_chunks(
    connection: Connection, *, after: tuple[int, int], before: datetime, at_most: int
) -> tuple[list[OldChunk], tuple[int, int] | None]:
    """Return the next chunks that came before an instant and whose records nobody could decide.

    In: delivery and ordinal of the last one that is known, (0, -1) for the first page. Out: also those of the
    last one found; None after the last page.
    """
    chunk = delivery_chunk.c
    rows = connection.execute(
        select(chunk.delivery_id, chunk.ordinal, chunk.count)
        .join(delivery)
        .where(
            chunk.done_at.is_(None),
            chunk.wrapped.is_not(None),
            delivery.c.received_at < before,
            tuple_(chunk.delivery_id, chunk.ordinal) > tuple_(*map(literal, after)),
        )
        .order_by(chunk.delivery_id, chunk.ordinal)
        .limit(at_most)
    )
    found = [OldChunk(*map(int, row)) for row in rows]
    return found, (found[-1].delivery_id, found[-1].ordinal) if len(found) == at_most else None


def still_known(connection: Connection, mentions: Iterable[Mention]) -> bool:
    """Tell whether somebody whom messages are about is stored with more than the first stage leaves."""
    persons = {each for mention in mentions for each in mention.persons}
    cases = {each for mention in mentions for each in mention.cases}
    numbers = {mention.number for mention in mentions if mention.number is not None}
    named = select(case_file.c.person_id).where(
        or_(case_file.c.id.in_(cases), case_file.c.number.in_(numbers))
    )
    persons.update(connection.execute(named).scalars())
    return persons_known(connection, persons)


def persons_known(connection: Connection, person_ids: Iterable[int]) -> bool:
    """Tell whether one of these persons, or whom it was merged into, is stored with details."""
    for each in person_ids:
        found = _person(connection, each)
        while found is not None and found.merged_into is not None:
            found = _person(connection, found.merged_into)
        if found is not None and found.details:
            return True
    return False


def waits_somewhere(connection: Connection, ref: MessageRef) -> bool:
    """Tell whether a message waits for a clerk, or an answer to it for its agency."""
    waiting = (
        select(work_item_message.c.work_item_id)
        .join(work_item)
        .where(_is(work_item_message, ref), work_item.c.state == WorkItemState.OPEN.value)
    )
    if connection.execute(waiting.limit(1)).first() is not None:
        return True
    return _any(connection, outbox.c.confirmed_at.is_(None) & _is(outbox, ref), outbox)


def count_erasures(connection: Connection) -> dict[int, int]:
    """Return how many erasures of persons each stage had."""
    rows = connection.execute(select(erasure.c.stage, func.count()).group_by(erasure.c.stage))
    return {int(stage): int(count) for stage, count in rows}


def _person(connection: Connection, person_id: int) -> PersonRecord | None:
    row = connection.execute(select(person).where(person.c.id == person_id)).one_or_none()
    return None if row is None else PersonRecord(*row)


def _closed_at(connection: Connection, case_ids: Sequence[int]) -> dict[int, datetime]:
    ended = (CaseState.REVOKED.value, CaseState.CANCELLED.value)
    rows = connection.execute(
        select(case_history.c.case_id, func.max(case_history.c.at, type_=case_history.c.at.type))
        .where(
            case_history.c.case_id.in_(case_ids),
            case_history.c.entitlement_id.is_(None),
            case_history.c.after.in_(ended),
            case_history.c.before != case_history.c.after,
        )
        .group_by(case_history.c.case_id)
    )
    return {int(case_id): at for case_id, at in rows}


def _mention(row: Any) -> Mention:
    evidence = row.evidence
    return Mention(
        MessageRef(row.party_id, row.uuid),
        frozenset(_numbers(evidence, "person")),
        frozenset(_numbers(evidence, "case")),
        row.number,
    )


def _numbers(evidence: Mapping[str, Any], name: str) -> list[int]:
    value = evidence.get(name)
    return [value] if isinstance(value, int) else []


def _named(decided: Mapping[str, Any]) -> list[int]:
    """Return the persons that a decision of a clerk names."""
    persons = ("person", "into", "one", "other", "of_person")
    return [
        each[name]
        for each in (decided, *decided.get("events", ()))
        for name in persons
        if isinstance(each.get(name), int)
    ]


def _is(table: Any, ref: MessageRef) -> Any:
    return and_(table.c.uuid == ref.uuid, table.c.party_id == ref.party_id)


def _any(connection: Connection, condition: Any, table: Any) -> bool:
    return (
        connection.execute(select(literal_column("1")).select_from(table).where(condition).limit(1)).first()
        is not None
    )
