"""What a unit of work knows of questions to agencies, and of later answers in the outbox."""

import hashlib
from collections.abc import Iterable
from datetime import datetime

from store.records import JournalEntry, JournalKind, OutboxEntry, QuestionRecord, QuestionState
from store.schema import outbox, question
from store.statements import Row, ids_text
from store.unit_messages import MessageWork
from store.vault import OUTBOX, ContentVault


class QuestionWork(MessageWork):
    """Questions and later answers."""

    __slots__ = ()

    def ask(self, record: QuestionRecord) -> None:
        """Queue a question."""
        self._add(
            question,
            (
                record.id,
                record.asked_uuid,
                record.party_id,
                record.uuid,
                record.person_id,
                record.case_id,
                record.right_id,
                record.lock_key,
                record.asked_on,
                record.asked_at,
                record.due_on,
                str(record.state),
                record.closed_at,
                record.reply_uuid,
            ),
        )

    def question_for(self, party_id: str, asked_uuid: str) -> QuestionRecord | None:
        """Return the question that this party was asked under this UUID, also a closed one."""
        rows = self._run(self._queries.question, party_id, asked_uuid)
        return QuestionRecord(*rows[0]) if rows else None

    def open_questions_of(self, person_id: int) -> list[QuestionRecord]:
        """Return the questions about a person that wait for an answer, in the order they were asked."""
        rows = self._run(self._queries.questions_of, person_id, QuestionState.OPEN.value)
        return [QuestionRecord(*row) for row in rows]

    def close_question(
        self, asked: QuestionRecord, state: QuestionState, at: datetime, reply_uuid: str | None = None
    ) -> bool:
        """Say what became of an open question; False if it is not open any more."""
        parameters = (str(state), self._at(at), reply_uuid, asked.id, QuestionState.OPEN.value)
        return self._changed(self._queries.close_question, parameters) == 1

    def lay_out(self, entry: OutboxEntry, at: datetime) -> None:
        """Queue a later answer, encrypted under a content key of the message it answers, and journal it.

        `at` is the real instant, for the journal; the party fetches the document and confirms it.
        """
        if entry.document is None:
            raise ValueError("a later answer without a document")
        cipher = self._content(entry.party_id, entry.uuid).cipher
        digest = hashlib.sha256(entry.document).digest()
        self._add(
            outbox,
            (
                entry.id,
                entry.party_id,
                entry.route,
                entry.uuid,
                entry.trigger_uuid,
                entry.document_uuid,
                entry.kind,
                entry.reason_code,
                entry.number,
                entry.decided_row,
                entry.created_at,
                cipher.key_id,
                cipher.encrypt(OUTBOX, entry.document),
                digest,
                entry.first_fetched_at,
                entry.confirmed_at,
            ),
        )
        self.add_journal(
            JournalEntry(
                JournalKind.LATER,
                at,
                party_id=entry.party_id,
                uuid=entry.uuid,
                message_type=entry.kind,
                code=entry.reason_code,
                door=entry.route,
                size=len(entry.document),
                digest=digest,
                facts={"document": entry.document_uuid, "trigger": entry.trigger_uuid, "outbox": entry.id},
            )
        )

    def unconfirmed(self, party_id: str, route: str, limit: int) -> list[OutboxEntry]:
        """Return what the party did not confirm yet on a route, oldest first, with the documents."""
        rows = self._run(self._queries.unconfirmed, party_id, route, limit)
        return [outbox_entry(row, self._vault) for row in rows]

    def outbox_entries(self, party_id: str, ids: Iterable[int]) -> list[OutboxEntry]:
        """Return those of these entries that are the party's, oldest first."""
        rows = self._run(self._queries.outbox_entries, party_id, ids_text(self._link.dialect, ids))
        return [outbox_entry(row, self._vault) for row in rows]

    def outbox_of(self, party_id: str, uuid: str) -> list[OutboxEntry]:
        """Return all later answers to a message, confirmed ones too, oldest first."""
        return [outbox_entry(row, self._vault) for row in self._run(self._queries.outbox_of, party_id, uuid)]

    def mark_fetched(self, ids: Iterable[int], at: datetime) -> int:
        """Note when entries were fetched for the first time; return of how many it was the first time."""
        parameters = (self._at(at), ids_text(self._link.dialect, ids))
        return self._changed(self._queries.mark_fetched, parameters)

    def confirm(self, party_id: str, ids: Iterable[int], at: datetime) -> set[int]:
        """Note that the party has these of its entries; return which were not confirmed before."""
        rows = self._run(self._queries.confirm, self._at(at), party_id, ids_text(self._link.dialect, ids))
        return {entry_id for (entry_id,) in rows}


def outbox_entry(row: Row, vault: ContentVault) -> OutboxEntry:
    """Make an entry of a row of the outbox with its wrapped content key."""
    *head, created_at, key_id, ciphertext, _digest, first_fetched_at, confirmed_at, wrapped = row
    entry_id, party_id, route, uuid, trigger_uuid, document_uuid, kind, reason_code, number, decided_row = (
        head
    )
    document = None if wrapped is None else vault.open_key(key_id, wrapped).decrypt(OUTBOX, ciphertext)
    return OutboxEntry(
        id=entry_id,
        party_id=party_id,
        route=route,
        uuid=uuid,
        trigger_uuid=trigger_uuid,
        document_uuid=document_uuid,
        kind=kind,
        created_at=created_at,
        document=document,
        reason_code=reason_code,
        number=number,
        decided_row=decided_row,
        first_fetched_at=first_fetched_at,
        confirmed_at=confirmed_at,
    )
