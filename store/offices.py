"""The directory of regional offices: which one is competent for a postcode, and how to reach it."""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from sqlalchemy import Connection, delete, insert, select

from schemas.din91379 import beyond_datatype_c
from store.records import OfficeRecord, PostcodeRange
from store.schema import office, office_postcode

_POSTCODE = re.compile(r"[0-9]{5}")


@dataclass(frozen=True, slots=True)
class OfficeTable:
    """A checked directory: offices with different ids, ranges that do not overlap and name known offices."""

    offices: tuple[OfficeRecord, ...]
    ranges: tuple[PostcodeRange, ...]

    def __post_init__(self) -> None:
        known = {entry.id for entry in self.offices}
        if len(known) != len(self.offices):
            raise ValueError("two offices have the same id")
        for entry in self.ranges:
            if entry.office_id not in known:
                raise ValueError(
                    f"range {entry.first}-{entry.last} names an unknown office {entry.office_id}"
                )
            if not (_POSTCODE.fullmatch(entry.first) and _POSTCODE.fullmatch(entry.last)):
                raise ValueError(f"range {entry.first}-{entry.last} is not made of postcodes of five digits")
            if entry.first > entry.last:
                raise ValueError(f"range {entry.first}-{entry.last} runs backwards")
        for listed in self.offices:
            for text in (listed.name, *listed.contact.values()):
                if strange := beyond_datatype_c(str(text)):
                    raise ValueError(
                        f"office {listed.id} has characters that messages do not know (DIN 91379): {strange}"
                    )
        ordered = sorted(self.ranges, key=lambda entry: entry.first)
        for lower, upper in pairwise(ordered):
            if upper.first <= lower.last:
                raise ValueError(f"ranges from {lower.first} and from {upper.first} overlap")


def read_office_table(text: str) -> OfficeTable:
    """Read a directory from TOML.

    In: tables `[[office]]` with `id`, `name`, `postcodes` (list of "first-last" or single postcodes) and a
    table `contact` of strings. Raises ValueError naming what is wrong.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"not TOML: {error}") from error
    offices: list[OfficeRecord] = []
    ranges: list[PostcodeRange] = []
    for number, entry in enumerate(data.get("office", []), start=1):
        missing = {"id", "name", "contact", "postcodes"} - set(entry)
        if missing:
            raise ValueError(f"office {number} has no {', '.join(sorted(missing))}")
        contact = {str(key): str(value) for key, value in entry["contact"].items()}
        offices.append(OfficeRecord(str(entry["id"]), str(entry["name"]), contact))
        for written in entry["postcodes"]:
            first, dash, last = str(written).partition("-")
            ranges.append(PostcodeRange(first.strip(), (last if dash else first).strip(), str(entry["id"])))
    if not offices:
        raise ValueError("the directory holds no office")
    return OfficeTable(tuple(offices), tuple(ranges))


def replace_offices(connection: Connection, table: OfficeTable) -> None:
    """Put a new directory in the place of the old one, within the caller's transaction."""
    connection.execute(delete(office_postcode))
    connection.execute(delete(office))
    connection.execute(
        insert(office),
        [{"id": entry.id, "name": entry.name, "contact": dict(entry.contact)} for entry in table.offices],
    )
    rows: Sequence[dict[str, str]] = [
        {"first": entry.first, "last": entry.last, "office_id": entry.office_id} for entry in table.ranges
    ]
    if rows:
        connection.execute(insert(office_postcode), rows)


def list_offices(connection: Connection) -> list[OfficeRecord]:
    """Return all offices, by id."""
    return [OfficeRecord(*row) for row in connection.execute(select(office).order_by(office.c.id))]


def list_ranges(connection: Connection) -> list[PostcodeRange]:
    """Return all postcode ranges, in order."""
    rows = connection.execute(select(office_postcode).order_by(office_postcode.c.first))
    return [PostcodeRange(*row) for row in rows]


def find_office(connection: Connection, postcode: str) -> OfficeRecord | None:
    """Return the office competent for a postcode of five digits, None where no range holds it."""
    row = connection.execute(
        select(office, office_postcode.c.last)
        .join(office_postcode)
        .where(office_postcode.c.first <= postcode)
        .order_by(office_postcode.c.first.desc())
        .limit(1)
    ).first()
    if row is None or row.last < postcode:
        return None
    return OfficeRecord(row.id, row.name, row.contact)
