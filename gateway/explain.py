"""How an answer came about: what `inge explain` prints and the evidence export carries."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.rules.engine import RuleBook
from store.engine import Store
from store.records import DecisionRecord, JournalRecord, MessageRef


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
    def grounds(self) -> Mapping[str, Any]:
        """Return what the decision rests on: facts, rule of validity, settings that had a say, ids."""
        return {name: value for name, value in self.record.evidence.items() if name != "microseconds"}


@dataclass(frozen=True, slots=True)
class Explanation:
    """The way of one message: of one party and UUID. Without decisions everything under it was refused."""

    uuid: str
    party_id: str
    party_name: str | None
    decisions: tuple[Decision, ...]
    steps: tuple[Step, ...]
    work_items: tuple[int, ...]


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
                    steps=tuple(_step(row) for row in rows if row.party_id == party_id),
                    work_items=tuple(
                        each.record.evidence["work_item"]
                        for each in decisions
                        if "work_item" in each.record.evidence
                    ),
                )
            )
    return explanations


def _decision(record: DecisionRecord, rules: RuleBook | None) -> Decision:
    version = next(
        (table for table in (rules.tables if rules else ()) if table.version == record.rules_version), None
    )
    row = next((each for each in version.rows if each.id == record.row), None) if version else None
    if row is None:
        return Decision(record, None, None)
    return Decision(record, row.explanation_de, row.explanation_en)


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
