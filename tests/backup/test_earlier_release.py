"""A backup of an earlier release is restored into its own tables, which are then brought up to date."""

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, MetaData, Table, insert, select
from sqlalchemy.types import Boolean, Date, LargeBinary

from store.backup import FORMAT, BackupError, read_header
from store.database import make_engine
from store.migrate import migrate
from store.restore import load
from store.revision import HEAD, current_revision

EARLIER = "0002"
MADE_AT = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
SURVIVOR, MERGED = 9, 4


def backup_of(connection: Connection) -> Iterator[bytes]:
    """The lines that the release of this revision would have written, by what the database says of itself."""
    tables = MetaData()
    tables.reflect(connection)
    digest, counts = hashlib.sha256(), {}

    def line(value: object) -> bytes:
        written = json.dumps(value).encode("ascii") + b"\n"
        digest.update(written)
        return written

    yield line(
        {
            "format": FORMAT,
            "made_at": MADE_AT.isoformat(),
            "revision": EARLIER,
            "engine": "sqlite",
            "environment": "test",
            "key_checks": {},
            "position": 0,
        }
    )
    for each in tables.sorted_tables:
        if each.name == "alembic_version":
            continue
        yield line(
            {
                "table": each.name,
                "columns": [[column.name, kind_of(each, column.name)] for column in each.columns],
                "key": [column.name for column in each.primary_key.columns],
                "later": ["merged_into"] if each.name == "person" else [],
            }
        )
        rows = [list(row) for row in connection.execute(select(each).order_by(*each.primary_key.columns))]
        counts[each.name] = len(rows)
        for row in rows:
            yield line([value.isoformat() if hasattr(value, "isoformat") else value for value in row])
    yield json.dumps({"end": counts, "sha256": digest.hexdigest()}).encode("ascii") + b"\n"


def kind_of(table: Table, name: str) -> str:
    if name == "details":
        return "document"
    if str(table.c[name].type) == "VARCHAR(32)":
        return "moment"
    kinds = {LargeBinary: "bytes", Date: "day", Boolean: "truth"}
    return next((kind for type_, kind in kinds.items() if isinstance(table.c[name].type, type_)), "plain")


@pytest.fixture
def lines(empty_url: Callable[[str], str]) -> list[bytes]:
    """A backup of the earlier release with one person merged into a later one."""
    url = empty_url("sqlite")
    migrate(url, EARLIER)
    engine = make_engine(url)
    try:
        with engine.begin() as connection:
            person = Table("person", MetaData(), autoload_with=connection)
            common = {
                "lock_key": -5,
                "surname_key": "a",
                "first_name_key": "b",
                "birth": "1990-05",
                "gender": "w",
                "details": {"staatsangehoerigkeiten": ["163"]},
                "deceased": False,
            }
            connection.execute(insert(person).values(id=SURVIVOR, **common))
            connection.execute(insert(person).values(id=MERGED, merged_into=SURVIVOR, **common))
            return list(backup_of(connection))
    finally:
        engine.dispose()


def loaded(url: str, lines: list[bytes]) -> int:
    rest = iter(lines)
    header, first = read_header(rest)
    epoch, _ = load(
        url, header, first, rest, epoch_after=7, keep_epoch=lambda _: None, progress=lambda *_: None
    )
    return epoch


@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def test_it_is_brought_up_to_date(engine: str, lines: list[bytes], empty_url: Callable[[str], str]) -> None:
    url = empty_url(engine)
    assert loaded(url, lines) == 8
    made = make_engine(url)
    try:
        with made.connect() as connection:
            assert current_revision(connection) == HEAD
            person = Table("person", MetaData(), autoload_with=connection)
            rows = connection.execute(select(person.c.id, person.c.merged_into).order_by(person.c.id)).all()
    finally:
        made.dispose()
    assert rows == [(MERGED, SURVIVOR), (SURVIVOR, None)]


@pytest.mark.parametrize("place", [-1, 5])
def test_a_line_less_is_noticed(lines: list[bytes], empty_url: Callable[[str], str], place: int) -> None:
    url = empty_url("sqlite")
    shorter = [line for number, line in enumerate(lines) if number != place % len(lines)]
    with pytest.raises(BackupError):
        loaded(url, shorter)
    made = make_engine(url)
    try:
        with made.connect() as connection:
            person = Table("person", MetaData(), autoload_with=connection)
            assert connection.execute(select(person.c.id)).all() == []
    finally:
        made.dispose()
