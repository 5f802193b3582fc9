"""One unit of work: what a message reads and leaves, in one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING

from sqlalchemy import Table

from store.journal import row_hash
from store.links import Batch, Link
from store.queries import Queries
from store.records import (
    CaseRecord,
    CaseState,
    DecisionRecord,
    JournalEntry,
    KnownMessage,
    MessageRef,
    PersonRecord,
    RightRecord,
    StoredAnswer,
    WorkItem,
    WorkItemState,
)
from store.schema import (
    answer,
    case_file,
    case_history,
    content_key,
    decision,
    entitlement,
    journal,
    journal_content,
    person,
    work_item,
    work_item_message,
)
from store.statements import Row, to_json
from store.vault import ContentCipher

if TYPE_CHECKING:
    from store.engine import Store

ANSWER = b"answer"
"""Label of an answer document's ciphertext."""
REQUEST = b"journal"
"""Label of a journaled content's ciphertext."""

_ORDER: tuple[Table, ...] = (
    content_key,
    person,
    case_file,
    entitlement,
    case_history,
    work_item,
    work_item_message,
    decision,
    answer,
    journal,
    journal_content,
)
_CASE_WIDTH = len(case_file.columns)
_WORK_ITEM_WIDTH = len(work_item.columns)


class UnitOfWork:
    """A transaction in the order registration → locks → reading → writing → commit.

    Nothing that is added reaches the database before `commit`. Every method may raise StoreUnavailable
    (StoreBusy among them); then nothing of the unit of work was kept, and it is over.
    """

    __slots__ = ("_batch", "_cipher", "_link", "_open", "_queries", "_store")

    def __init__(self, store: Store, link: Link, queries: Queries) -> None:
        self._store = store
        self._link = link
        self._queries = queries
        self._batch: dict[Table, list[Row]] = {}
        self._cipher: ContentCipher | None = None
        self._open = False

    def __enter__(self) -> UnitOfWork:
        self._link.enter()
        try:
            self._link.begin()
        except BaseException:
            self._link.leave()
            raise
        self._open = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._open:
                self._open = False
                self._link.rollback()
        finally:
            self._link.leave()

    def new_id(self) -> int:
        """Return an id for a row of this unit of work."""
        return self._store.new_id()

    # --- reading ----------------------------------------------------------------------------------

    def register(
        self, party_id: str, uuid: str, content_hash: bytes, message_type: str, at: datetime
    ) -> KnownMessage | None:
        """Use up the UUID for this party, atomically. Out: None the first time, else what is known of it.

        While another process registers the same pair, this waits for its commit and then sees its answer.
        """
        row = (uuid, party_id, content_hash, message_type, self._link.moment(at))
        if self._link.run(self._queries.register, row):
            return None
        (known,) = self._link.run(self._queries.known, (uuid, party_id))
        stored_hash, stored_type, answer_type, reason, number, decided, key_id, ciphertext, wrapped = known
        if answer_type is None or wrapped is None:
            return KnownMessage(stored_hash, stored_type, None, erased=answer_type is not None)
        cipher = self._store.vault.open_key(key_id, wrapped)
        document = cipher.decrypt(ANSWER, ciphertext)
        return KnownMessage(
            stored_hash, stored_type, StoredAnswer(document, answer_type, reason, number, decided)
        )

    def lock_persons(self, lock_keys: Iterable[int]) -> None:
        """Lock the signed 64-bit keys until the end, in ascending order; call it once, with every key.

        On PostgreSQL the locks travel with the next question and are held before it reads. On SQLite the
        transaction is the lock.
        """
        keys = sorted(set(lock_keys))
        if self._link.dialect == "sqlite" or not keys:
            return
        if len(keys) == 1:
            self._link.defer(self._queries.lock_one, (keys[0],))
        else:
            text = "{" + ",".join(map(str, keys)) + "}"
            self._link.defer(self._queries.lock_many, (text,))

    def persons_by_lock_key(self, lock_key: int) -> list[PersonRecord]:
        """Return the persons with this lock key, by id."""
        return [PersonRecord(*row) for row in self._link.run(self._queries.persons, (lock_key,))]

    def person_by_number(self, number: str) -> PersonRecord | None:
        """Return the person one of whose cases has this identification number."""
        rows = self._link.run(self._queries.person_by_number, (number,))
        return PersonRecord(*rows[0]) if rows else None

    def cases_of(self, person_ids: Iterable[int]) -> list[CaseRecord]:
        """Return the cases of these persons with all their rights, by person and id."""
        cases: list[CaseRecord] = []
        for person_id in person_ids:
            cases.extend(_cases(self._link.run(self._queries.cases, (person_id,))))
        return cases

    def open_work_items(self, lock_key: int) -> list[WorkItem]:
        """Return the open work items under this lock key, oldest first, with their parked messages."""
        return work_items(self._link.run(self._queries.work_items, (lock_key, WorkItemState.OPEN.value)))

    def next_counter(self) -> tuple[int, int]:
        """Return (epoch, counter) for one identification number; no pair is ever handed out twice."""
        waiting = self._link.numbers
        if not waiting:
            waiting.extend(reversed(self._link.run(self._queries.numbers, ())))
        epoch, counter = waiting.pop()
        return epoch, counter

    # --- writing ----------------------------------------------------------------------------------

    def add_person(self, record: PersonRecord) -> None:
        """Queue a person."""
        self._add(
            person,
            (
                record.id,
                record.lock_key,
                record.surname_key,
                record.first_name_key,
                record.birth,
                record.gender,
                record.surname,
                record.first_name,
                record.details,
                record.deceased,
            ),
        )

    def add_case(self, record: CaseRecord) -> None:
        """Queue a case with all its rights."""
        self._add(
            case_file, (record.id, record.person_id, record.number, str(record.state), record.opened_on)
        )
        for right in record.rights:
            self.add_right(right)

    def change_case_state(
        self, case: CaseRecord, after: CaseState, *, at: datetime, actor: str, reason: str
    ) -> bool:
        """Move a case from the state it was read in to another, with a row of history (who, when, why).

        Out: False if the case is in another state by now; then nothing changes. Takes effect at `commit`.
        """
        if not self._link.run(self._queries.change_case, (str(after), case.id, str(case.state))):
            return False
        history = (self.new_id(), case.id, None, str(case.state), str(after), at, actor, reason)
        self._add(case_history, history)
        return True

    def add_right(self, record: RightRecord) -> None:
        """Queue a right of a case."""
        self._add(
            entitlement,
            (
                record.case_id,
                record.id,
                record.art,
                record.agency,
                record.agency_name,
                record.valid_from,
                record.valid_until,
                record.unlimited,
                str(record.status),
                record.only_orientation,
                record.only_language,
                record.decided_at,
            ),
        )

    def open_work_item(self, item: WorkItem) -> None:
        """Queue a work item with the messages it parks."""
        self._add(
            work_item,
            (
                item.id,
                item.kind,
                item.office_id,
                item.lock_key,
                str(item.state),
                list(item.candidates),
                item.details,
                item.opened_at,
            ),
        )
        for parked in item.messages:
            self.attach_message(item.id, parked, item.opened_at)

    def attach_message(self, work_item_id: int, parked: MessageRef, at: datetime) -> None:
        """Queue that a further message waits for a work item."""
        self._add(work_item_message, (work_item_id, parked.party_id, parked.uuid, at))

    def change_candidates(self, work_item_id: int, candidates: Iterable[int]) -> None:
        """Say anew which persons a work item is about; takes effect at `commit`."""
        self._link.run(self._queries.change_candidates, (to_json(list(candidates)), work_item_id))

    def add_decision(self, record: DecisionRecord) -> None:
        """Queue how an answer came about."""
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
        """Queue the answer document, encrypted under the request's content key."""
        cipher = self._content_cipher()
        self._add(
            answer,
            (
                uuid,
                party_id,
                stored.message_type,
                stored.reason_code,
                stored.number,
                stored.decided_row,
                cipher.key_id,
                cipher.encrypt(ANSWER, stored.document),
            ),
        )

    def add_journal(self, entry: JournalEntry) -> None:
        """Queue a journal row with its own hash; its content is encrypted under the request's content key."""
        row_id = self.new_id()
        key_id = sealed = None
        if entry.content is not None:
            cipher = self._content_cipher()
            key_id = cipher.key_id
            ciphertext = cipher.encrypt(REQUEST, entry.content)
            sealed = hashlib.sha256(ciphertext).digest()
            self._add(journal_content, (row_id, ciphertext))
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
        self._add(journal, (*hashed, row_hash(hashed), None, None))

    def commit(self) -> None:
        """Write everything queued and commit. After an error nothing of it is there.

        A connection lost during the commit itself leaves it open whether it happened; the resend of the
        message finds out, since its registration is part of the same transaction.
        """
        batch: Batch = {table: self._batch[table] for table in _ORDER if table in self._batch}
        self._link.commit(batch)
        self._open = False

    # --- inside -----------------------------------------------------------------------------------

    def _add(self, table: Table, row: Row) -> None:
        rows = self._batch.get(table)
        if rows is None:
            self._batch[table] = [row]
        else:
            rows.append(row)

    def _content_cipher(self) -> ContentCipher:
        cipher = self._cipher
        if cipher is None:
            cipher, wrapped = self._store.vault.new_key(self.new_id())
            self._cipher = cipher
            self._add(content_key, (cipher.key_id, wrapped))
        return cipher


def _cases(rows: list[Row]) -> list[CaseRecord]:
    heads: dict[int, Row] = {}
    rights: dict[int, list[RightRecord]] = {}
    for row in rows:
        heads[row[0]] = row[:_CASE_WIDTH]
        found = rights.setdefault(row[0], [])
        if row[_CASE_WIDTH] is not None:
            case_id, right_id, *values = row[_CASE_WIDTH:]
            found.append(RightRecord(right_id, case_id, *values))
    return [
        CaseRecord(case_id, person_id, number, state, opened_on, tuple(rights[case_id]))
        for case_id, person_id, number, state, opened_on in heads.values()
    ]


def work_items(rows: list[Row]) -> list[WorkItem]:
    """Make work items of joined rows (item, party, UUID of a parked message)."""
    heads: dict[int, Row] = {}
    parked: dict[int, list[MessageRef]] = {}
    for row in rows:
        heads[row[0]] = row
        parked.setdefault(row[0], []).append(MessageRef(*row[_WORK_ITEM_WIDTH:]))
    return [
        WorkItem(
            id=row[0],
            kind=row[1],
            office_id=row[2],
            lock_key=row[3],
            state=row[4],
            candidates=tuple(row[5]),
            details=row[6],
            opened_at=row[7],
            messages=tuple(parked[row[0]]),
        )
        for row in heads.values()
    ]
