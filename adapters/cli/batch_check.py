"""`inge batch check`: everything that speaks against a file of records, before it is delivered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from adapters.cli.console import CommandError, JsonOption, emit, finish
from adapters.cli.progress import counted

if TYPE_CHECKING:
    from gateway.batch.records_file import RecordsFile
    from messages.errors import GatewayError

_SHOWN = 50
"""Faulty records that are named one by one; the number of all of them is always told."""


@dataclass(frozen=True)
class _Finding:
    position: int
    code: str
    path: str | None
    text_de: str
    text_en: str


def check(
    file: Annotated[Path, typer.Argument(help="File of records (XML, 200003).")],
    as_json: JsonOption = False,
) -> None:
    """Check a file of records here: as a whole, and each record against its contract. Nothing is sent.

    Exit code 1 if the file or one of its records would be refused.
    """
    from gateway.batch.records_file import RecordsFile, RecordsLimits
    from messages.errors import GatewayError

    findings: list[_Finding] = []
    faulty = 0
    try:
        with file.open("rb") as opened, RecordsFile.survey(opened, RecordsLimits()) as records:
            count = records.found.count
            with counted("records", total=count) as counter:
                for position, errors in _checked(records):
                    counter("", position)
                    faulty += bool(errors)
                    if len(findings) < _SHOWN:
                        findings += [_finding(position, error) for error in errors]
    except GatewayError as error:
        data = {"file": str(file), "taken": False, **_refusal(error)}
        emit(data, f"{file}:{error.line or ''}: {error.code}: {error.text_en}", as_json=as_json)
        finish(True)
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}") from error
    data = {
        "file": str(file),
        "taken": True,
        "records": count,
        "faulty": faulty,
        "findings": [vars(each) for each in findings],
    }
    lines = [f"record {each.position}: {each.code} {each.path or ''}: {each.text_en}" for each in findings]
    if len(findings) > _SHOWN:
        lines.append("…")
    lines.append(f"{file}: {count} records, {faulty} of them faulty")
    emit(data, "\n".join(lines), as_json=as_json)
    finish(faulty > 0)


def _checked(records: RecordsFile) -> Iterator[tuple[int, tuple[GatewayError, ...]]]:
    from gateway.service.inspection import inspect
    from gateway.trust.admission import Limits
    from schemas.registry import SchemaRegistry

    registry, today = SchemaRegistry.load(), datetime.now(ZoneInfo("Europe/Berlin")).date()
    limits = Limits()
    for piece in records.pieces(100):
        for position, octets in enumerate(piece.records, piece.first):
            found = inspect(octets, registry, limits, today)
            yield position, found.errors


def _finding(position: int, error: GatewayError) -> _Finding:
    return _Finding(position, error.code, error.path, error.text_de, error.text_en)


def _refusal(error: GatewayError) -> dict[str, Any]:
    return {"code": error.code, "line": error.line, "text_de": error.text_de, "text_en": error.text_en}
