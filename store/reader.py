"""Rare questions: the party directory, the way of one message, the journal, open work."""

from collections.abc import Collection, Iterator
from datetime import date

from sqlalchemy import Connection, func, null, select

from store.errors import ContentErased
from store.offices import list_offices, list_ranges
from store.parties import list_parties
from store.records import (
    DecisionRecord,
    JournalRecord,
    MessageRef,
    OfficeRecord,
    OutboxEntry,
    PartyRecord,
    PostcodeRange,
    QuestionRecord,
    QuestionState,
    WorkItem,
)
from store.schema import (
    case_file,
    content,
    decision,
    journal,
    message,
    outbox,
    person,
    question,
    work_item,
    work_item_message,
)
from store.unit_items import work_items
from store.unit_questions import outbox_entry
from store.vault import ANSWER, REQUEST, ContentVault


class Reader:
    """Reads on one connection (`connection`, for questions of other modules of the store)."""

    def __init__(self, connection: Connection, vault: ContentVault) -> None:
        self.connection = connection
        self._vault = vault

    def parties(self) -> list[PartyRecord]:
        """Return all parties with types and certificates, locked ones too, by kennung."""
        return list_parties(self.connection)

    def offices(self) -> list[OfficeRecord]:
        """Return the office directory, by id."""
        return list_offices(self.connection)

    def postcode_ranges(self) -> list[PostcodeRange]:
        """Return which postcodes belong to which office, in order."""
        return list_ranges(self.connection)

    def messages(self, uuid: str) -> list[MessageRef]:
        """Return which parties used this UUID; normally one."""
        rows = self.connection.execute(
            select(message.c.party_id, message.c.uuid)
            .where(message.c.uuid == uuid)
            .order_by(message.c.party_id)
        )
        return [MessageRef(*row) for row in rows]

    def decisions(self, ref: MessageRef) -> list[DecisionRecord]:
        """Return how the answers to a message came about, in order."""
        rows = self.connection.execute(
            select(decision)
            .where(decision.c.party_id == ref.party_id, decision.c.uuid == ref.uuid)
            .order_by(decision.c.id)
        )
        return [DecisionRecord(**row._asdict()) for row in rows]

    def journal_of(self, uuid: str) -> list[JournalRecord]:
        """Return all journal rows about a UUID, of any party, by id."""
        rows = self.connection.execute(select(journal).where(journal.c.uuid == uuid).order_by(journal.c.id))
        return [JournalRecord(*row) for row in rows]

    def journal(self, *, unsealed: bool = False) -> Iterator[JournalRecord]:
        """Return the sealed rows in the order of the chain, or those not sealed yet by id."""
        question = (
            select(journal).where(journal.c.position.is_(None)).order_by(journal.c.id)
            if unsealed
            else select(journal).where(journal.c.position.is_not(None)).order_by(journal.c.position)
        )
        streamed = self.connection.execution_options(yield_per=1000).execute(question)
        return (JournalRecord(*row) for row in streamed)

    def journaled_content(self, row: JournalRecord) -> bytes | None:
        """Return the decrypted content of a journal row, None if it has none.

        Raises ContentErased after its key was destroyed, ContentBroken when the ciphertext was changed.
        """
        if row.content_key_id is None:
            return None
        found = self.connection.execute(
            select(content.c.id, content.c.wrapped, content.c.request).where(
                content.c.id == row.content_key_id
            )
        ).one()
        return self._decrypt(*found, REQUEST)

    def answer_document(self, ref: MessageRef) -> bytes | None:
        """Return the stored answer document of a message, None if it has none; errors as above."""
        found = self.connection.execute(
            select(content.c.id, content.c.wrapped, content.c.answer)
            .join(message, message.c.content_key_id == content.c.id)
            .where(
                message.c.party_id == ref.party_id,
                message.c.uuid == ref.uuid,
                content.c.answer.is_not(None),
            )
        ).one_or_none()
        return None if found is None else self._decrypt(*found, ANSWER)

    def answer_documents(self, party_id: str, uuids: Collection[str]) -> dict[str, bytes | None]:
        """Return the stored answers to those of a party's messages that have one, by UUID.

        None where the content key was destroyed. Raises ContentBroken when a ciphertext was changed.
        """
        rows = self.connection.execute(
            select(message.c.uuid, content.c.id, content.c.wrapped, content.c.answer)
            .join(content, message.c.content_key_id == content.c.id)
            .where(
                message.c.party_id == party_id,
                message.c.uuid.in_(uuids),
                content.c.answer.is_not(None),
            )
        )
        return {
            uuid: None if wrapped is None else self._decrypt(key_id, wrapped, ciphertext, ANSWER)
            for uuid, key_id, wrapped, ciphertext in rows
        }

    def work_items(self, *, state: str | None = None, ids: Collection[int] | None = None) -> list[WorkItem]:
        """Return work items, oldest first, of one state if given, only these ids if given."""
        wanted = select(work_item, work_item_message.c.party_id, work_item_message.c.uuid).outerjoin(
            work_item_message
        )
        if state is not None:
            wanted = wanted.where(work_item.c.state == state)
        if ids is not None:
            wanted = wanted.where(work_item.c.id.in_(ids))
        in_order = wanted.order_by(work_item.c.id, work_item_message.c.attached_at, work_item_message.c.uuid)
        return work_items([tuple(row) for row in self.connection.execute(in_order)])

    def overdue_questions(self, today: date) -> list[QuestionRecord]:
        """Return the open questions whose last day for an answer is over, oldest first."""
        rows = self.connection.execute(
            select(question)
            .where(question.c.state == QuestionState.OPEN.value, question.c.due_on < today)
            .order_by(question.c.due_on, question.c.id)
        )
        return [QuestionRecord(*row) for row in rows]

    def outbox_of(self, ref: MessageRef, *, documents: bool = True) -> list[OutboxEntry]:
        """Return all later answers to a message, confirmed ones too, oldest first.

        Without `documents` nothing is decrypted: who asks how far a delivery got need not read it.
        """
        rows = self.connection.execute(
            select(outbox, content.c.wrapped if documents else null())
            .outerjoin(content, content.c.id == outbox.c.content_key_id)
            .where(outbox.c.uuid == ref.uuid, outbox.c.party_id == ref.party_id)
            .order_by(outbox.c.id)
        )
        return [outbox_entry(tuple(row), self._vault) for row in rows]

    def counts(self) -> dict[str, int]:
        """Return how many rows there are, for status pages and tests."""
        tables = (message, decision, person, case_file, work_item, journal)
        wanted = {table.name: select(func.count()).select_from(table) for table in tables}
        wanted["answer"] = select(func.count(content.c.answer))
        return {name: int(self.connection.execute(count).scalar_one()) for name, count in wanted.items()}

    def _decrypt(self, key_id: int, wrapped: bytes | None, ciphertext: bytes, label: bytes) -> bytes:
        if wrapped is None:
            raise ContentErased("the content key was destroyed")
        return self._vault.open_key(key_id, wrapped).decrypt(label, ciphertext)
