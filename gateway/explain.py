"""How an answer came about: what `inge explain` prints and the evidence export carries."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from gateway.clerks.concealing import reports_block
from gateway.disclosure import HIDDEN, concealed
from gateway.information.changes import change_table
from gateway.information.telling import told_row
from gateway.rules.engine import RuleBook
from store.blocks import blocked_among, persons_of
from store.engine import Store
from store.erasure import is_erased
from store.reader import Reader
from store.records import DecisionRecord, JournalKind, JournalRecord, MessageRef, OutboxEntry


@dataclass(frozen=True, slots=True)
class Step:
    """One journal row of a message. `digest` is the SHA-256 (hex) of the document it is about."""

    at: datetime
    kind: str
    message_type: str | None
    code: str | None
    door: str | None
    peer: str | None
    size: int | None
    digest: str | None
    sealed: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """How one answer was decided, with the row of the table in words."""

    record: DecisionRecord
    explanation_de: str | None
    explanation_en: str | None

    @property
    def microseconds(self) -> Mapping[str, int]:
        """Return what each stage took."""
        stages: Mapping[str, int] = self.record.evidence.get("microseconds", {})
        return stages

    @property
    def later(self) -> Mapping[str, Any] | None:
        """Return of a later decision who decided (`actor`), what caused it, and where the answer lies."""
        found: Mapping[str, Any] | None = self.record.evidence.get("later")
        return found

    @property
    def actor(self) -> str | None:
        """Return who decided later: a clerk's name, a party, "time-out"; None for the first decision."""
        return None if self.later is None else str(self.later["actor"])

    @property
    def grounds(self) -> Mapping[str, Any]:
        """Return what the decision rests on: facts, rule of validity, settings that had a say, ids."""
        own = ("microseconds", "later")
        return {name: value for name, value in self.record.evidence.items() if name not in own}


@dataclass(frozen=True, slots=True)
class LaterAnswer:
    """A later answer in the outbox of the party, and how far its delivery got. `kind` is its message type."""

    id: int
    kind: str
    trigger_uuid: str
    document_uuid: str
    reason_code: str | None
    number: str | None
    row: str | None
    created_at: datetime
    fetched_at: datetime | None
    confirmed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The way of one message: of one party and UUID.

    Without decisions it was a request to the service itself, or everything under it was refused. Of one that
    was `erased` the content is gone and what the decisions rested on; that it came and was answered is left.
    """

    uuid: str
    party_id: str
    party_name: str | None
    decisions: tuple[Decision, ...]
    later_answers: tuple[LaterAnswer, ...]
    steps: tuple[Step, ...]
    work_items: tuple[int, ...]
    erased: bool = False

    @property
    def is_service_request(self) -> bool:
        """Tell whether this was no message but a request to the service itself."""
        return any(step.kind == JournalKind.ASKED_SERVICE for step in self.steps)


def explain(store: Store, uuid: str, rules: RuleBook | None = None) -> list[Explanation]:
    """Tell the way of every message with this UUID, normally one; an empty list where none is known.

    In: the UUID in any case; the rule book, for the rows in words. Raises StoreUnavailable.
    """
    wanted = uuid.lower()
    with store.read() as reader:
        names = {party.kennung: party.name for party in reader.parties()}
        rows = reader.journal_of(wanted)
        found = {ref.party_id: ref for ref in reader.messages(wanted)}
        parties = sorted({row.party_id for row in rows if row.party_id is not None} | set(found))
        explanations = []
        for party_id in parties:
            ref = MessageRef(party_id, wanted)
            decisions = tuple(_decision(record, rules) for record in reader.decisions(ref))
            explanations.append(
                Explanation(
                    uuid=wanted,
                    party_id=party_id,
                    party_name=names.get(party_id),
                    decisions=decisions,
                    later_answers=tuple(_later(entry) for entry in reader.outbox_of(ref, documents=False)),
                    steps=tuple(_step(row) for row in rows if row.party_id == party_id),
                    work_items=tuple(
                        each.record.evidence["work_item"]
                        for each in decisions
                        if "work_item" in each.record.evidence
                    ),
                    erased=is_erased(reader.connection, ref),
                )
            )
        return [_concealed(each, names) if _is_hidden(reader, each) else each for each in explanations]


def _is_hidden(reader: Reader, whole: Explanation) -> bool:
    """Tell whether a message is about somebody with a disclosure block, or may be."""
    grounds = [each.record.evidence for each in whole.decisions]
    persons = {each["person"] for each in grounds if "person" in each}
    persons.update(person for each in grounds for person in each.get("candidates", ()))
    numbers = [each.record.number for each in whole.decisions if each.record.number is not None]
    cases = [each["case"] for each in grounds if "case" in each]
    persons |= persons_of(reader.connection, cases, numbers)
    if blocked_among(reader.connection, persons):
        return True
    return any(map(reports_block, reader.work_items(ids=whole.work_items)))


def _concealed(whole: Explanation, parties: Mapping[str, str]) -> Explanation:
    """Return an explanation without anything that tells an agency."""
    agencies = {*parties, *parties.values(), whole.party_id}
    decisions = tuple(
        replace(
            each,
            record=replace(
                each.record,
                party_id=HIDDEN,
                signer_fingerprint=HIDDEN,
                evidence=concealed(each.record.evidence, agencies),
            ),
        )
        for each in whole.decisions
    )
    return replace(
        whole,
        party_id=HIDDEN,
        party_name=HIDDEN,
        decisions=decisions,
        steps=tuple(replace(step, peer=None if step.peer is None else HIDDEN) for step in whole.steps),
    )


def _decision(record: DecisionRecord, rules: RuleBook | None) -> Decision:
    version = next(
        (table for table in (rules.tables if rules else ()) if table.version == record.rules_version), None
    )
    row = next((each for each in version.rows if each.id == record.row), None) if version else None
    changes = change_table()
    told = changes.rows.get(record.row or "") if record.rules_version == changes.version else None
    if told is not None:
        return Decision(record, told.de, told.en)
    informing = told_row(record.row or "", record.rules_version)
    if informing is not None:
        return Decision(record, informing[1].german, informing[1].english)
    if row is None:
        return Decision(record, None, None)
    return Decision(record, row.explanation_de, row.explanation_en)


def _later(entry: OutboxEntry) -> LaterAnswer:
    return LaterAnswer(
        id=entry.id,
        kind=entry.kind,
        trigger_uuid=entry.trigger_uuid,
        document_uuid=entry.document_uuid,
        reason_code=entry.reason_code,
        number=entry.number,
        row=entry.decided_row,
        created_at=entry.created_at,
        fetched_at=entry.first_fetched_at,
        confirmed_at=entry.confirmed_at,
    )


def _step(row: JournalRecord) -> Step:
    return Step(
        at=row.at,
        kind=row.kind,
        message_type=row.message_type,
        code=row.code,
        door=row.door,
        peer=row.peer,
        size=row.size,
        digest=None if row.digest is None else row.digest.hex(),
        sealed=row.position is not None,
    )
