"""What a unit of work knows of messages: registration, answer, decision, journal."""

import hashlib
from datetime import datetime

from sqlalchemy import Connection, insert

from store.journal import row_hash
from store.records import DecisionRecord, JournalEntry, JournalKind, KnownMessage, MessageRef, StoredAnswer
from store.schema import content, decision, journal, message
from store.statements import to_json
from store.unit_base import Work
from store.vault import ANSWER, REQUEST

_REQUEST = content.columns.keys().index("request")
_ANSWER = content.columns.keys().index("answer")


class MessageWork(Work):
    """Messages and their answers."""

    __slots__ = ()

    def register(
        self, party_id: str, uuid: str, content_hash: bytes, message_type: str, at: datetime
    ) -> KnownMessage | None:
        """Use up the UUID for this party, atomically. Out: None the first time, else what is known of it.

        While another process registers the same pair, this waits for its commit and then sees its answer.
        """
        key_id = self._new_id()
        row = (uuid, party_id, content_hash, message_type, self._link.moment(at), key_id)
        if self._link.run(self._queries.register, row):
            self._registered[party_id, uuid] = key_id
            return None
        (known,) = self._run(self._queries.known, uuid, party_id)
        stored_hash, stored_type, answer_type, reason, number, decided, key_id, ciphertext, wrapped = known
        if answer_type is None or wrapped is None:
            return KnownMessage(stored_hash, stored_type, None, erased=answer_type is not None)
        document = self._vault.open_key(key_id, wrapped).decrypt(ANSWER, ciphertext)
        return KnownMessage(
            stored_hash, stored_type, StoredAnswer(document, answer_type, reason, number, decided)
        )

    def register_record(
        self, party_id: str, uuid: str, content_hash: bytes, message_type: str, at: datetime
    ) -> None:
        """Queue the registration of a record, whose UUID nobody but its delivery can have used up."""
        key_id = self._registered[party_id, uuid] = self._new_id()
        self._add(message, (uuid, party_id, content_hash, message_type, at, key_id))

    def request_document(self, ref: MessageRef) -> tuple[bytes, datetime, str] | None:
        """Return the canonical bytes of a registered message, when it came and by which door.

        Out: None for one that is not known, or whose content key was destroyed.
        """
        rows = self._run(self._queries.request_document, ref.uuid, ref.party_id, JournalKind.RECEIVED.value)
        if not rows or rows[0][4] is None:
            return None
        at, door, key_id, ciphertext, wrapped = rows[0]
        return self._vault.open_key(key_id, wrapped).decrypt(REQUEST, ciphertext), at, door

    def decision_of(self, ref: MessageRef) -> DecisionRecord | None:
        """Return how the latest answer to a message came about."""
        rows = self._run(self._queries.decision, ref.uuid, ref.party_id)
        if not rows:
            return None
        uuid, party_id, record_id, *values = rows[0]
        return DecisionRecord(record_id, party_id, uuid, *values)

    def add_decision(self, record: DecisionRecord) -> None:
        """Queue how an answer came about; one more of the same message for every later answer."""
        self._add(
            decision,
            (
                record.uuid,
                record.party_id,
                record.id,
                record.message_type,
                record.schema_version,
                record.signer_fingerprint,
                record.identity_branch,
                record.row,
                record.rules_version,
                record.legal_basis,
                record.effect,
                record.answer_type,
                record.reason_code,
                record.number,
                record.evidence,
                record.received_at,
                record.decided_at,
            ),
        )

    def store_answer(self, party_id: str, uuid: str, stored: StoredAnswer) -> None:
        """Queue the answer document to a message registered here, encrypted under its content key."""
        cipher, row = self._content(party_id, uuid)
        if cipher.key_id != self._registered.get((party_id, uuid)) or row[_ANSWER] is not None:
            raise ValueError("an answer is stored once, with the registration of its message")
        row[_ANSWER:] = (
            cipher.encrypt(ANSWER, stored.document),
            stored.message_type,
            stored.reason_code,
            stored.number,
            stored.decided_row,
        )

    def replace_answer(self, party_id: str, uuid: str, document: bytes) -> None:
        """Store another document as the answer to a known message, where that was what its sender got.

        Raises LookupError where the answer is not known, or was erased.
        """
        rows = self._run(self._queries.known, uuid, party_id)
        key_id, _, wrapped = rows[0][-3:] if rows else (None, None, None)
        if wrapped is None:
            raise LookupError("there is no answer to replace")
        ciphertext = self._vault.open_key(key_id, wrapped).encrypt(ANSWER, document)
        self._run(self._queries.replace_answer, ciphertext, key_id)

    def add_journal(self, entry: JournalEntry) -> None:
        """Queue a journal row with its own hash; its content is encrypted under the message's content key."""
        row_id = self.new_id()
        key_id = sealed = None
        if entry.content is not None:
            cipher, row = self._content(entry.party_id, entry.uuid)
            if row[_REQUEST] is not None:
                cipher, row = self._new_content(self._new_id())
            key_id = cipher.key_id
            row[_REQUEST] = ciphertext = cipher.encrypt(REQUEST, entry.content)
            sealed = hashlib.sha256(ciphertext).digest()
        self._add(journal, _hashed(row_id, entry, key_id, sealed))


def journal_row(connection: Connection, row_id: int, entry: JournalEntry) -> None:
    """Write a journal row without content at once, in a transaction of a rare change."""
    if entry.content is not None:
        raise ValueError("content is journaled in a unit of work")
    row = dict(zip(journal.columns.keys(), _hashed(row_id, entry, None, None), strict=True))
    connection.execute(insert(journal).values(row))


def _hashed(row_id: int, entry: JournalEntry, key_id: int | None, sealed: bytes | None) -> tuple[object, ...]:
    """Return a row of the journal with its own hash; it is not in the chain yet."""
    hashed = (
        row_id,
        entry.at,
        entry.kind.value,
        entry.party_id,
        entry.uuid,
        entry.message_type,
        entry.code,
        entry.door,
        entry.peer,
        entry.size,
        entry.digest,
        None if entry.facts is None else to_json(entry.facts),
        key_id,
        sealed,
    )
    return (*hashed, row_hash(hashed), None, None)
