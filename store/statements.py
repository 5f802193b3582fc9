"""SQL text made once per engine from the tables, and the way of values in and out."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Boolean, Date, Integer, LargeBinary, Select, String, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import JSON, TypeEngine

from store.columns import ON_CONFLICT, Moment, moment_text

Convert = Callable[[Any], Any]
Row = tuple[Any, ...]

to_json: Callable[[Any], str] = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), sort_keys=True
).encode


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """SQL with positional parameters and one converter per result column (None: as it is)."""

    sql: str
    results: tuple[Convert | None, ...] = ()
    name: bytes = b""

    def row(self, values: Sequence[Any]) -> Row:
        """Convert one row of the driver; NULL stays None."""
        return tuple(
            value if convert is None or value is None else convert(value)
            for convert, value in zip(self.results, values, strict=True)
        )


def query(dialect: str, select: Select[Any], names: Sequence[str]) -> Statement:
    """Compile a select of table columns. In: its bound parameters' names in the order they will be given."""
    engine = (
        postgresql.dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
        if dialect == "postgresql"
        else sqlite.dialect(paramstyle="qmark")
    )
    compiled = select.compile(dialect=engine)
    if compiled.positiontup != list(names):
        raise ValueError(f"parameters are {compiled.positiontup}, not {list(names)}")
    results = tuple(_reader(dialect, column.type) for column in select.selected_columns)
    return Statement(str(compiled), results)


def insert(dialect: str, table: Table, rows: int = 1, first: int = 1) -> str:
    """Return an insert of whole rows in the table's order; PostgreSQL's parameters count from `first`."""
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    width = len(table.columns)
    if dialect == "postgresql":
        values = ", ".join(
            "(" + ", ".join(f"${first + row * width + i}" for i in range(width)) + ")" for row in range(rows)
        )
    else:
        values = ", ".join(["(" + ", ".join("?" * width) + ")"] * rows)
    text = f'INSERT INTO "{table.name}" ({columns}) VALUES {values}'  # noqa: S608 - names of our own tables
    conflict = table.info.get(ON_CONFLICT)
    return text if conflict is None else f"{text} {conflict}"


def numbered(dialect: str, sql: str) -> str:
    """Return SQL with `?` for its parameters as the engine wants them; no text in it may hold a `?`."""
    if dialect != "postgresql":
        return sql
    first, *others = sql.split("?")
    return first + "".join(f"${number}{part}" for number, part in enumerate(others, 1))


def among(dialect: str, column: str) -> str:
    """Return a condition with one parameter: the column is among the ids that `ids_text` wrote."""
    if dialect == "postgresql":
        return f"{column} = ANY(?::bigint[])"
    return f"{column} IN (SELECT value FROM json_each(?))"  # noqa: S608 - a column of ours


def ids_text(dialect: str, ids: Iterable[int]) -> str:
    """Write ids as the parameter of `among`."""
    text = ",".join(map(str, ids))
    return f"{{{text}}}" if dialect == "postgresql" else f"[{text}]"


def inserts(shape: Sequence[tuple[Table, int]]) -> str:
    """Return one PostgreSQL statement that inserts the given numbers of rows into several tables.

    Foreign keys between them hold: PostgreSQL checks them at the end of the statement.
    """
    parts: list[str] = []
    first = 1
    for table, rows in shape:
        parts.append(insert("postgresql", table, rows, first))
        first += rows * len(table.columns)
    head = ", ".join(f"i{number} AS ({part})" for number, part in enumerate(parts[:-1]))
    return f"WITH {head} {parts[-1]}" if head else parts[-1]


def writers(dialect: str, table: Table) -> tuple[tuple[int, Convert], ...]:
    """Return, by column number, the converters a row needs before it goes to the driver of the hot path."""
    found = []
    for number, column in enumerate(table.columns):
        convert = _writer(dialect, column.type)
        if convert is not None:
            found.append((number, convert))
    return tuple(found)


def converted(row: Sequence[Any], converters: tuple[tuple[int, Convert], ...]) -> Row:
    """Return a row as the driver takes it. In: what `writers` said of its table."""
    values = list(row)
    for number, convert in converters:
        value = values[number]
        if value is not None:
            values[number] = convert(value)
    return tuple(values)


def _writer(dialect: str, kind: TypeEngine[Any]) -> Convert | None:
    if isinstance(kind, JSON):
        return to_json
    if dialect == "sqlite":
        if isinstance(kind, Moment):
            return moment_text
        if isinstance(kind, Date):
            return date.isoformat
    return None


def _reader(dialect: str, kind: TypeEngine[Any]) -> Convert | None:
    if dialect == "sqlite":
        if isinstance(kind, Moment):
            return datetime.fromisoformat
        if isinstance(kind, Date):
            return date.fromisoformat
        if isinstance(kind, JSON):
            return json.loads
        if isinstance(kind, Boolean):
            return bool
        return None
    # libpq hands out text.
    if isinstance(kind, Moment):
        return lambda value: datetime.fromisoformat(value.decode()).astimezone(UTC)
    if isinstance(kind, Date):
        return lambda value: date.fromisoformat(value.decode())
    if isinstance(kind, JSON):
        return json.loads
    if isinstance(kind, Boolean):
        return lambda value: value == b"t"
    if isinstance(kind, LargeBinary):
        return lambda value: bytes.fromhex(value[2:].decode())
    if isinstance(kind, Integer):
        return int
    if isinstance(kind, String):
        return lambda value: value.decode()
    raise TypeError(f"no reader for {kind!r}")
