"""`inge rules`: the decision table, and the tables of information and takeover, in words."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.cli.console import REFUSED, CommandError, JsonOption, emit, table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.information.telling import ToldRow
    from gateway.rules.engine import DecisionTable, Note, Row

app = typer.Typer(help="Read the tables that decide.", no_args_is_help=True)

OnOption = Annotated[
    str | None, typer.Option("--on", metavar="DAY", help="The version in force on a day; today if not given.")
]


@app.command("show")
def show(on: OnOption = None, as_json: JsonOption = False) -> None:
    """Show all rows in the order in which they decide; the first that matches holds."""
    from gateway.rules import telling

    version = _version(on)
    rows = [
        (
            row.id,
            telling.existing(row, version),
            telling.requests(row, version),
            telling.flags(row),
            telling.answer(row),
            row.effect,
        )
        for row in version.rows
    ]
    words = f"version {version.version}, in force from {version.valid_from}\n" + table(
        ["row", "existing case", "request", "if", "answer", "effect"], rows
    )
    data = {
        "version": version.version,
        "valid_from": version.valid_from,
        "rows": [_data(row, version) for row in version.rows],
    }
    emit(data, words, as_json=as_json)


@app.command("existence")
def existence(as_json: JsonOption = False) -> None:
    """Show what is told to whoever asks whether a person has a right (070011, 080011)."""
    _show("existence", as_json=as_json)


@app.command("takeover")
def takeover(as_json: JsonOption = False) -> None:
    """Show when an agency may take the obligation of another over (070016, 080016)."""
    _show("takeover", as_json=as_json)


@app.command("scope")
def scope(as_json: JsonOption = False) -> None:
    """Show which data of the course an agency is told (070013, 080013)."""
    _show("scope", as_json=as_json)


@app.command("row")
def row(
    row_id: Annotated[str, typer.Argument(metavar="ROW", help="The id of a row, such as D12 or T13.")],
    on: OnOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one row with its reasons, in German and English."""
    from gateway.information.telling import told_row

    informing = told_row(row_id.upper())
    if informing is not None:
        told, found = informing
        data = {**_informing(found), "version": told.version}
        emit(data, _columns(data), as_json=as_json)
        return
    version = _version(on)
    note = next((each for each in version.notes if each.id == row_id.upper()), None)
    try:
        data = _data(version.row(row_id.upper()), version) if note is None else _reasons(note, version)
    except LookupError as error:
        raise CommandError(str(error), exit_code=REFUSED) from error
    emit(data, _columns(data), as_json=as_json)


def _show(name: str, *, as_json: bool) -> None:
    from gateway.information.telling import told_tables

    told = next(each for each in told_tables() if each.name == name)
    rows = [(row.id, row.about, row.answer, ", ".join(row.fields)) for row in told.rows]
    words = f"version {told.version}, about {told.messages}\n" + table(
        ["row", "about", "answer", "told"], rows
    )
    data = {"version": told.version, "rows": [_informing(row) for row in told.rows]}
    emit(data, words, as_json=as_json)


def _columns(data: Mapping[str, Any]) -> str:
    return table(
        ["row", str(data["id"])],
        [
            (name, ", ".join(value) if isinstance(value, list) else value)
            for name, value in data.items()
            if value and name != "id"
        ],
    )


def _informing(row: ToldRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "about": row.about,
        "answer": row.answer,
        "told": list(row.fields),
        "told_behind_block": list(row.blocked),
        "legal_basis": row.legal_basis,
        "german": row.german,
        "english": row.english,
    }


def _version(on: str | None) -> DecisionTable:
    from gateway.clock import SystemClock, german_day
    from gateway.rules.reader import load_rules

    try:
        day = german_day(SystemClock().now()) if on is None else date.fromisoformat(on)
    except ValueError as error:
        raise CommandError(f"--on: {on!r} is no day such as 2026-12-01") from error
    try:
        return load_rules().on(day)
    except LookupError as error:
        raise CommandError(str(error), exit_code=REFUSED) from error


def _data(row: Row, version: DecisionTable) -> dict[str, Any]:
    from gateway.rules import telling

    return {
        "id": row.id,
        "existing": telling.existing(row, version),
        "request": telling.requests(row, version),
        "if": telling.flags(row),
        "answer": telling.answer(row),
        "effect": row.effect,
        "shows_existing": row.show,
        **_reasons(row, version),
    }


def _reasons(told: Row | Note, version: DecisionTable) -> dict[str, Any]:
    return {
        "id": told.id,
        "legal_basis": told.legal_basis,
        "german": told.explanation_de,
        "english": told.explanation_en,
        "evidence": told.evidence,
        "version": version.version,
    }
