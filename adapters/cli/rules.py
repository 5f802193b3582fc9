"""`inge rules`: the decision table in words."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.cli.console import REFUSED, CommandError, JsonOption, emit, table

if TYPE_CHECKING:
    from gateway.rules.engine import DecisionTable, Note, Row

app = typer.Typer(help="Read the decision table.", no_args_is_help=True)

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


@app.command("row")
def row(
    row_id: Annotated[str, typer.Argument(metavar="ROW", help="The id of a row, such as D12.")],
    on: OnOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one row with its reasons, in German and English."""
    version = _version(on)
    note = next((each for each in version.notes if each.id == row_id.upper()), None)
    try:
        data = _data(version.row(row_id.upper()), version) if note is None else _reasons(note, version)
    except LookupError as error:
        raise CommandError(str(error), exit_code=REFUSED) from error
    words = table(
        ["row", str(data["id"])], [(name, value) for name, value in data.items() if value and name != "id"]
    )
    emit(data, words, as_json=as_json)


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
