"""The office directory as a file: which office is competent for which postcodes, and how to reach it.

A TOML file with one table per office::

    [[office]]
    id = "nbg"
    name = "Regional office Nuremberg"
    postcodes = ["90000-91999", "96000-96999"]
    contact = { name = "Duty desk", phone = "+49 …", email = "…" }
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from adapters.cli.console import CommandError

_RANGE = re.compile(r"(?P<first>[0-9]{5})(?:-(?P<last>[0-9]{5}))?")


@dataclass(frozen=True, slots=True)
class OfficeEntry:
    """One office of the file; `postcodes` are ranges with both ends included."""

    id: str
    name: str
    contact: Mapping[str, str]
    postcodes: tuple[tuple[str, str], ...]


def read_offices(path: Path) -> tuple[OfficeEntry, ...]:
    """Read an office directory.

    Raises CommandError for a broken file, an id used twice or ranges that overlap.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CommandError(f"{path}: {error}") from error
    entries = tuple(_entry(path, number, item) for number, item in enumerate(tables.get("office", []), 1))
    if not entries:
        raise CommandError(f"{path}: no [[office]] table")
    _refuse_doubles(path, entries)
    return entries


def _entry(path: Path, number: int, item: Mapping[str, Any]) -> OfficeEntry:
    missing = [key for key in ("id", "name", "postcodes", "contact") if key not in item]
    if missing:
        raise CommandError(f"{path}: office {number} lacks {', '.join(missing)}")
    ranges = []
    for text in item["postcodes"]:
        match = _RANGE.fullmatch(str(text))
        if match is None:
            raise CommandError(
                f"{path}: office {item['id']}: {text!r} is neither a postcode nor a range 12345-12999"
            )
        first, last = match["first"], match["last"] or match["first"]
        if last < first:
            raise CommandError(f"{path}: office {item['id']}: {text!r} runs backwards")
        ranges.append((first, last))
    return OfficeEntry(str(item["id"]), str(item["name"]), dict(item["contact"]), tuple(ranges))


def _refuse_doubles(path: Path, entries: tuple[OfficeEntry, ...]) -> None:
    ids = [entry.id for entry in entries]
    doubles = sorted({office for office in ids if ids.count(office) > 1})
    if doubles:
        raise CommandError(f"{path}: office {doubles[0]} stands there twice")
    ranges = sorted((first, last, entry.id) for entry in entries for first, last in entry.postcodes)
    for (_, last, office), (first, _, other) in pairwise(ranges):
        if first <= last:
            raise CommandError(f"{path}: {first} belongs to office {office} and to office {other}")
