"""The tables of information and takeover in the words of the tables, for people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from gateway.information.existence import ExistenceRow, existence_table
from gateway.information.scope import scope_table
from gateway.information.table import InformationTable, Row
from gateway.information.takeover import takeover_table

ANY = "any"


@dataclass(frozen=True, slots=True)
class ToldRow:
    """One row: whom and what it is about, what it answers, which groups of data are told then.

    `blocked` are the groups that are told of a person with a disclosure block whose case is hidden.
    """

    id: str
    about: str
    answer: str
    fields: tuple[str, ...]
    blocked: tuple[str, ...]
    legal_basis: str
    german: str
    english: str


@dataclass(frozen=True, slots=True)
class ToldTable:
    """A table: its name, the messages it decides about, its version, its rows in the order of deciding."""

    name: str
    messages: str
    version: str
    rows: tuple[ToldRow, ...]


@cache
def told_tables() -> tuple[ToldTable, ...]:
    """Return all tables in words."""
    existence = existence_table()
    return (
        ToldTable("existence", "070011, 080011", existence.version, tuple(map(_existence, existence.rows))),
        _table("takeover", "070016, 080016", takeover_table()),
        _table("scope", "070013, 080013, and after a takeover", scope_table()),
    )


def told_row(row_id: str, version: str | None = None) -> tuple[ToldTable, ToldRow] | None:
    """Return the row of an id with its table, None where none has it. In: only of this version."""
    return next(
        (
            (table, row)
            for table in told_tables()
            for row in table.rows
            if row.id == row_id and version in (None, table.version)
        ),
        None,
    )


def _table(name: str, messages: str, table: InformationTable) -> ToldTable:
    return ToldTable(name, messages, table.version, tuple(map(_row, table.rows)))


def _row(row: Row) -> ToldRow:
    about = [
        _listed("", row.askers),
        _listed("for ", row.purposes),
        _listed("about ", row.classes),
        _listed("in ", row.states),
        _listed("relation ", row.relations),
        _listed("if ", row.with_flags),
    ]
    answer = str(row.answer) if row.reason is None else f"{row.answer} {row.text or row.reason}"
    return ToldRow(
        row.id,
        _joined(about),
        answer,
        row.fields,
        row.fields_blocked,
        row.legal_basis,
        row.explanation_de,
        row.explanation_en,
    )


def _existence(row: ExistenceRow) -> ToldRow:
    codes = [code for code in (row.note, *row.info) if code is not None]
    return ToldRow(
        row.id,
        _joined([_listed("in ", row.states), _listed("if ", row.with_flags)]),
        " ".join((str(row.answer), *codes)),
        tuple(sorted(row.fields)),
        tuple(sorted(row.fields_blocked)),
        row.legal_basis,
        row.explanation_de,
        row.explanation_en,
    )


def _listed(head: str, values: Iterable[str] | None) -> str:
    return "" if not values else head + "/".join(sorted(values))


def _joined(parts: Iterable[str]) -> str:
    return ", ".join(part for part in parts if part) or ANY
