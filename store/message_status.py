"""What has become of a message of a party: one reading of the rows about it, for whoever asks."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, select

from store.errors import ContentErased
from store.reader import Reader
from store.records import JournalKind, MessageRef, OfficeRecord, WorkItemState
from store.schema import content, journal, message, office, question, work_item, work_item_message


@dataclass(frozen=True, slots=True)
class FirstAnswer:
    """The answer that every resend gets; `document` is None after its content key was destroyed."""

    message_type: str
    reason_code: str | None
    document: bytes | None


@dataclass(frozen=True, slots=True)
class LastRefusal:
    """Why a message that was never taken was refused last; `path` and `line` where it was one place."""

    code: str
    at: datetime
    path: str | None
    line: int | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that waits for a clerk in a work item; `office` is None where nobody is competent."""

    since: datetime
    kind: str
    office: OfficeRecord | None


@dataclass(frozen=True, slots=True)
class Asked:
    """The last question that a message led to, with its QuestionState and, where it was answered, by whom."""

    since: datetime
    due_on: date
    state: str
    reply_uuid: str | None


@dataclass(frozen=True, slots=True)
class MessageStatus:
    """What is known of a message. `registered_at` is None if it was never taken, then only refusals count."""

    registered_at: datetime | None = None
    message_type: str | None = None
    answer: FirstAnswer | None = None
    refusal: LastRefusal | None = None
    waiting: Waiting | None = None
    question: Asked | None = None


def message_status(
    reader: Reader, ref: MessageRef, *, kinds_aside: Collection[str] = (), items_aside: Collection[str] = ()
) -> MessageStatus:
    """Read what has become of a message.

    In: whose message, message types that do not count as one (requests to the service), kinds of work items
    for which no message waits. What waits is read before what was answered, so that a decision made meanwhile
    does not make a message look as if nothing waited.
    """
    connection = reader.connection
    waiting, asked = _waiting(connection, ref, items_aside), _asked(connection, ref)
    known = connection.execute(
        select(message.c.registered_at, message.c.message_type).where(
            message.c.uuid == ref.uuid, message.c.party_id == ref.party_id
        )
    ).one_or_none()
    if known is None:
        return MessageStatus(refusal=_refusal(connection, ref, kinds_aside))
    if known.message_type in kinds_aside:
        return MessageStatus()
    return MessageStatus(
        registered_at=known.registered_at,
        message_type=known.message_type,
        answer=_answer(reader, ref),
        waiting=waiting,
        question=asked,
    )


def _waiting(connection: Connection, ref: MessageRef, items_aside: Collection[str]) -> Waiting | None:
    row = connection.execute(
        select(
            work_item_message.c.attached_at, work_item.c.kind, office.c.id, office.c.name, office.c.contact
        )
        .join(work_item, work_item.c.id == work_item_message.c.work_item_id)
        .outerjoin(office, office.c.id == work_item.c.office_id)
        .where(
            work_item_message.c.uuid == ref.uuid,
            work_item_message.c.party_id == ref.party_id,
            work_item.c.state == WorkItemState.OPEN.value,
            work_item.c.kind.not_in(list(items_aside)),
        )
        .order_by(work_item_message.c.attached_at.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    return Waiting(row[0], row[1], None if row[2] is None else OfficeRecord(*row[2:]))


def _asked(connection: Connection, ref: MessageRef) -> Asked | None:
    row = connection.execute(
        select(question.c.asked_at, question.c.due_on, question.c.state, question.c.reply_uuid)
        .where(question.c.uuid == ref.uuid, question.c.party_id == ref.party_id)
        .order_by(question.c.id.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else Asked(*row)


def _answer(reader: Reader, ref: MessageRef) -> FirstAnswer | None:
    row = reader.connection.execute(
        select(content.c.answer_type, content.c.reason_code)
        .join(message, message.c.content_key_id == content.c.id)
        .where(
            message.c.uuid == ref.uuid,
            message.c.party_id == ref.party_id,
            content.c.answer_type.is_not(None),
        )
    ).one_or_none()
    if row is None:
        return None
    try:
        document = reader.answer_document(ref)
    except ContentErased:
        document = None
    return FirstAnswer(row.answer_type, row.reason_code, document)


def _refusal(connection: Connection, ref: MessageRef, kinds_aside: Collection[str]) -> LastRefusal | None:
    row = connection.execute(
        select(journal.c.code, journal.c.at, journal.c.facts)
        .where(
            journal.c.uuid == ref.uuid,
            journal.c.party_id == ref.party_id,
            journal.c.kind == JournalKind.REFUSED.value,
            journal.c.code.is_not(None),
            journal.c.message_type.is_(None) | journal.c.message_type.not_in(list(kinds_aside)),
        )
        .order_by(journal.c.id.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    facts = json.loads(row.facts) if row.facts else {}
    return LastRefusal(row.code, row.at, facts.get("path"), facts.get("line"))
