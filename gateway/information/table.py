"""Tables about what an agency may join and is told: who asks, what for, what it has to do with the case.

Like the decision table: the first row that matches decides, and there is no default.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from typing import Any, Final

from gateway.information.log import Purpose
from gateway.information.relation import Relation
from messages.errors import CATALOGUE

NO_CASE: Final = "none"
"""Class of the case where number and birth date name none."""
DECEASED: Final = "deceased"
REPETITION: Final = "repetition"


class Answer(StrEnum):
    """What a row answers: TAKE over and tell, TELL, or REFUSE with a reason."""

    TAKE = "TAKE"
    TELL = "TELL"
    REFUSE = "REFUSE"


@dataclass(frozen=True, slots=True)
class Facts:
    """A point of the product: what a request meets.

    `asker` is the kind of agency (ABH, TGS), `existing` the class of the right that obliges, `none` where
    there is no such case, `state` the state of its case (empty without one); `flags` are DECEASED and
    REPETITION.
    """

    asker: str
    purpose: Purpose
    existing: str = NO_CASE
    state: str = ""
    relation: Relation = Relation.OTHER
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table; a None among the conditions stands for any.

    `text` is the entry of the catalogue where it is not the reason's own. `fields` are the groups of data
    that are given, `fields_blocked` those of a person with a disclosure block.
    """

    id: str
    askers: frozenset[str] | None
    purposes: frozenset[str] | None
    classes: frozenset[str] | None
    states: frozenset[str] | None
    relations: frozenset[str] | None
    with_flags: frozenset[str]
    answer: Answer
    reason: str | None
    text: str | None
    fields: tuple[str, ...]
    fields_blocked: tuple[str, ...]
    legal_basis: str
    explanation_de: str
    explanation_en: str
    evidence: str

    def matches(self, facts: Facts) -> bool:
        """Tell whether the facts fulfil every condition of the row."""
        return (
            (self.askers is None or facts.asker in self.askers)
            and (self.purposes is None or facts.purpose in self.purposes)
            and (self.classes is None or facts.existing in self.classes)
            and (self.states is None or facts.state in self.states)
            and (self.relations is None or facts.relation in self.relations)
            and self.with_flags <= facts.flags
        )

    def told(self, details: Mapping[str, str]) -> str:
        """Return the German text of a refusal. Raises LookupError for a row that refuses nothing."""
        entry = self.text or self.reason
        if entry is None:
            raise LookupError(f"row {self.id} refuses nothing")
        return CATALOGUE[entry].render_de(details)


@dataclass(frozen=True, slots=True)
class InformationTable:
    """A table with its words; `version` names it in the records."""

    version: str
    words: Mapping[str, frozenset[str]]
    rows: tuple[Row, ...]

    def decide(self, facts: Facts) -> Row:
        """Return the first row that matches. Raises LookupError where none does: nothing is decided then."""
        for row in self.rows:
            if row.matches(facts):
                return row
        raise LookupError(f"table {self.version} has no row for {facts}")


class TableError(ValueError):
    """The table's text is wrong; the message names row and key."""


_CONDITIONS: Final = ("asker", "purpose", "classes", "states", "relation")
_TOLD: Final = ("legal_basis", "explanation_de", "explanation_en", "evidence")
_KEYS: Final = frozenset({"id", "with", "answer", "reason", "text", "fields", "fields_blocked"})
_KNOWN: Final = _KEYS | {*_CONDITIONS, *_TOLD}


def load_table(name: str) -> InformationTable:
    """Read a bundled table (`gateway/information/<name>.toml`). Raises TableError."""
    return read_table(files("gateway.information").joinpath(f"{name}.toml").read_text(encoding="utf-8"))


def read_table(text: str) -> InformationTable:
    """Read a table from TOML text. Raises TableError for what is unknown, missing or contradicts itself."""
    data = tomllib.loads(text)
    words = {word: frozenset(meaning) for word, meaning in data["words"].items()}
    known = frozenset(data.get("fields", ()))
    rows = tuple(_row(row, words, known) for row in data["row"])
    if len({row.id for row in rows}) != len(rows):
        raise TableError("two rows have the same id")
    return InformationTable(str(data["version"]), words, rows)


def _row(data: Mapping[str, Any], words: Mapping[str, frozenset[str]], known: frozenset[str]) -> Row:
    row_id = str(data.get("id", "without id"))
    if unknown := data.keys() - _KNOWN:
        raise TableError(f"row {row_id}: unknown key {sorted(unknown)[0]}")
    if missing := [key for key in ("answer", *_TOLD) if not data.get(key)]:
        raise TableError(f"row {row_id}: {missing[0]} is missing")
    answer, reason = Answer(data["answer"]), data.get("reason")
    if (answer is Answer.REFUSE) != (reason is not None):
        raise TableError(f"row {row_id}: a refusal, and only one, has a reason")
    for entry in (reason, data.get("text")):
        if entry is not None and entry not in CATALOGUE:
            raise TableError(f"row {row_id}: no entry {entry} in the catalogue")
    fields, blocked = tuple(data.get("fields", ())), tuple(data.get("fields_blocked", ()))
    if not frozenset(fields) <= known or not frozenset(blocked) <= frozenset(fields):
        raise TableError(f"row {row_id}: fields the table does not list, or more of them behind a block")
    askers, purposes, classes, states, relations = (
        _expand(data[key], words) if key in data else None for key in _CONDITIONS
    )
    return Row(
        id=row_id,
        askers=askers,
        purposes=purposes,
        classes=classes,
        states=states,
        relations=relations,
        with_flags=frozenset(data.get("with", ())),
        answer=answer,
        reason=reason,
        text=data.get("text"),
        fields=fields,
        fields_blocked=blocked,
        **{key: data[key] for key in _TOLD},
    )


def _expand(names: Iterable[str], words: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Replace the words of the table by what they stand for."""
    return frozenset().union(*(words.get(name, {name}) for name in names))
