"""A copy of the whole store as a stream of lines, consistent while others write, and its way back.

Lines of JSON: a header, for each table its columns and then a row per line, and an end that counts and hashes
what came before it. The columns carry the kinds of their values, so that a later program, and the other
engine, can read what an earlier one wrote.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Date,
    LargeBinary,
    func,
    select,
    text,
)
from sqlalchemy.types import JSON, NullType, TypeEngine

from store.columns import Document, Moment
from store.connected import outward_errors
from store.database import make_engine, unlimited
from store.errors import StoreUnavailable
from store.revision import HEAD, current_revision
from store.schema import journal, metadata

FORMAT: Final = "inge-backup-1"
ROWS_AT_ONCE: Final = 500

Progress = Callable[[str, int], None]
"""Told now and then: the table, and how many rows of all tables are done."""


class BackupError(Exception):
    """A backup cannot be made or read back; the text says why, without anything of its content."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a backup says of itself.

    `key_checks` tell, by name and without telling the keys, which secrets belong to it; `position` is the
    last sealed position of the journal in it.
    """

    made_at: datetime
    revision: str
    engine: str
    environment: str
    key_checks: Mapping[str, str]
    position: int


@dataclass(frozen=True, slots=True)
class Kind:
    """How values of a type are written and read."""

    types: tuple[type[Any], ...]
    type: TypeEngine[Any]
    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


KINDS: Final[Mapping[str, Kind]] = {
    "bytes": Kind(
        (LargeBinary,), LargeBinary(), lambda value: base64.b64encode(value).decode("ascii"), base64.b64decode
    ),
    "moment": Kind((Moment,), Moment(), datetime.isoformat, datetime.fromisoformat),
    "day": Kind((Date,), Date(), date.isoformat, date.fromisoformat),
    "document": Kind((JSON,), Document, lambda value: value, lambda value: value),
    "truth": Kind((Boolean,), Boolean(), lambda value: value, lambda value: value),
}
PLAIN: Final = Kind((), NullType(), lambda value: value, lambda value: value)


def export(
    url: str, *, environment: str, key_checks: Mapping[str, str], made_at: datetime, progress: Progress
) -> Iterator[bytes]:
    """Give the store at an address as lines, all of one moment; it goes on working meanwhile.

    Raises BackupError for a store that is not of this program's revision, StoreUnavailable.
    """
    engine = make_engine(url)
    # Opening it would make one.
    if engine.dialect.name == "sqlite" and not Path(str(engine.url.database)).is_file():
        raise StoreUnavailable("SQLite: the store has no file")
    try:
        with outward_errors(), engine.connect() as raw:
            connection = raw.execution_options(inge_write=False)
            connection.begin()
            if engine.dialect.name == "postgresql":
                connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
                unlimited(connection)
            revision = current_revision(connection)
            if revision != HEAD:
                raise BackupError("the store does not have the tables of this program: run `inge migrate`")
            position = connection.execute(select(func.max(journal.c.position))).scalar() or 0
            header = Header(made_at, revision, engine.dialect.name, environment, key_checks, int(position))
            yield from _lines(connection, header, progress)
    finally:
        engine.dispose()


def read_header(lines: Iterator[bytes]) -> tuple[Header, bytes]:
    """Take the header off a backup's lines; out: it, and the line it stood in. Raises BackupError."""
    line = next(lines, b"")
    data = read_line(line)
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise BackupError(f"this is no backup of the format {FORMAT}")
    try:
        return (
            Header(
                datetime.fromisoformat(data["made_at"]),
                str(data["revision"]),
                str(data["engine"]),
                str(data["environment"]),
                {str(name): str(check) for name, check in data["key_checks"].items()},
                int(data["position"]),
            ),
            line,
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BackupError("the header of the backup cannot be read") from error


def _lines(connection: Connection, header: Header, progress: Progress) -> Iterator[bytes]:
    digest, counts, done = hashlib.sha256(), {}, 0

    def line(value: Any) -> bytes:
        written = json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode("ascii") + b"\n"
        digest.update(written)
        return written

    yield line({"format": FORMAT, **_as_data(header)})
    streamed = connection.execution_options(yield_per=ROWS_AT_ONCE)
    for each in metadata.sorted_tables:
        kinds = [_kind(one) for one in each.columns]
        # A row that names another of its own table may come before it.
        later = [
            one.name for one in each.columns if any(key.column.table is each for key in one.foreign_keys)
        ]
        yield line(
            {
                "table": each.name,
                "columns": [[one.name, kind] for one, kind in zip(each.columns, kinds, strict=True)],
                "key": [one.name for one in each.primary_key.columns],
                "later": later,
            }
        )
        write = [KINDS.get(kind, PLAIN).write for kind in kinds]
        counts[each.name] = 0
        for row in streamed.execute(select(each).order_by(*each.primary_key.columns)):
            yield line([None if value is None else one(value) for one, value in zip(write, row, strict=True)])
            counts[each.name] += 1
            done += 1
            if done % ROWS_AT_ONCE == 0:
                progress(each.name, done)
    progress("", done)
    yield json.dumps({"end": counts, "sha256": digest.hexdigest()}).encode("ascii") + b"\n"


def _kind(one: Column[Any]) -> str:
    return next((name for name, kind in KINDS.items() if isinstance(one.type, kind.types)), "plain")


def _as_data(header: Header) -> dict[str, Any]:
    return {
        "made_at": header.made_at.isoformat(),
        "revision": header.revision,
        "engine": header.engine,
        "environment": header.environment,
        "key_checks": dict(header.key_checks),
        "position": header.position,
    }


def read_line(line: bytes) -> Any:
    """Read a line of a backup. Raises BackupError."""
    try:
        return json.loads(line)
    except ValueError as error:
        raise BackupError("a line of the backup cannot be read") from error
