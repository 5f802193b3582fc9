"""Reading test data that are given separately: files, folders and ZIP archives with one message each file.

They carry no signature and no SOAP envelope; that they come by another way than the sent ones is their point.
"""

import hashlib
import zipfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from lxml import etree

from gateway.permission import AUTHOR, text_at
from gateway.service.inspection import inspect
from gateway.trust import names
from gateway.trust.admission import Limits
from gateway.trust.canonical import canonical_octets
from schemas.registry import SchemaRegistry
from store.records_connection import Pair, Supplied

MAX_FILES: Final = 2_000
"""Test data are some dozens of messages; an archive with more is no set of test data."""
_UUID: Final = "nachrichtenkopf.g2g/identifikation.nachricht/nachrichtenUUID"


class GivenFileError(Exception):
    """A file or archive cannot be read as test data; the text names it and says why."""


@dataclass(frozen=True, slots=True)
class GivenFile:
    """A file as it lies there: its name below what was named, and its octets."""

    name: str
    octets: bytes


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why a file is no test data: path and line where there is one place."""

    file: str
    code: str
    path: str | None
    line: int | None
    text: str


def read_given(places: Sequence[Path], limits: Limits) -> list[GivenFile]:
    """Read files, all `*.xml` of folders and their folders, and all `*.xml` of ZIP archives.

    Raises GivenFileError for what cannot be read, is too large, or holds nothing.
    """
    found: list[GivenFile] = []
    for place in places:
        found.extend(_read(place, limits))
        if len(found) > MAX_FILES:
            raise GivenFileError(f"{place}: more than {MAX_FILES} files are no set of test data")
    if not found:
        raise GivenFileError(f"{', '.join(map(str, places))}: no *.xml in it")
    return found


def check_given(
    files: Sequence[GivenFile],
    *,
    kennung: str,
    scope: Collection[Pair],
    registry: SchemaRegistry,
    limits: Limits,
    on: date,
) -> tuple[list[Supplied], list[Flaw]]:
    """Make test data of files, as far as that goes, and tell everything that speaks against the others.

    In: whose messages they must be, of which types and versions; the day for which served versions count.
    """
    good: dict[str, Supplied] = {}
    flaws: list[Flaw] = []
    for file in files:
        found = inspect(file.octets, registry, limits, on)
        errors = [Flaw(file.name, e.code, e.path, e.line, e.text_en) for e in found.errors]
        root, contract = found.root, found.contract
        if root is not None and next(root.iter(names.DS_SIGNATURE), None) is not None:
            errors = [_flaw(file, "T010", "it carries a signature: give the message as it is before signing")]
        if root is None or contract is None or errors:
            flaws.extend(errors)
            continue
        pair = Pair(contract.message_type, contract.version_name)
        uuid = text_at(root, _UUID).lower()
        author = text_at(root, AUTHOR)
        if pair not in scope:
            flaws.append(_flaw(file, "T070.type-not-allowed", f"the procedure is not about {pair}"))
        elif author != kennung:
            flaws.append(_flaw(file, "T070.foreign-authority", f"its author is not {kennung}"))
        elif uuid in good:
            text = f"the same UUID {uuid} is in {good[uuid].file}"
            flaws.append(_flaw(file, "S999.uuid-reused", text))
        else:
            good[uuid] = _supplied(file.name, uuid, pair, root)
    return list(good.values()), flaws


def _supplied(file: str, uuid: str, pair: Pair, root: etree._Element) -> Supplied:
    document = canonical_octets(root)
    digest = hashlib.sha256(document).digest()
    return Supplied(uuid, file, pair.message_type, pair.version, digest, document)


def _flaw(file: GivenFile, code: str, text: str) -> Flaw:
    return Flaw(file.name, code, None, None, text)


def _read(place: Path, limits: Limits) -> Iterator[GivenFile]:
    try:
        if place.is_dir():
            for file in sorted(place.rglob("*")):
                if file.is_file() and file.suffix.lower() == ".xml":
                    yield _file(str(file.relative_to(place)), file, limits)
        elif zipfile.is_zipfile(place):
            yield from _archive(place, limits)
        else:
            yield _file(place.name, place, limits)
    except OSError as error:
        raise GivenFileError(f"{place}: {error.strerror or error}") from error


def _file(name: str, file: Path, limits: Limits) -> GivenFile:
    with file.open("rb") as opened:
        return GivenFile(name, _capped(name, opened.read(limits.max_bytes + 1), limits))


def _archive(place: Path, limits: Limits) -> Iterator[GivenFile]:
    try:
        with zipfile.ZipFile(place) as archive:
            entries = [each for each in archive.infolist() if not each.is_dir()]
            if len(entries) > MAX_FILES:
                raise GivenFileError(f"{place}: more than {MAX_FILES} files are no set of test data")
            for entry in sorted(entries, key=lambda each: each.filename):
                if entry.filename.lower().endswith(".xml"):
                    with archive.open(entry) as opened:
                        octets = opened.read(limits.max_bytes + 1)
                    yield GivenFile(entry.filename, _capped(entry.filename, octets, limits))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise GivenFileError(f"{place}: the archive cannot be read ({error})") from error


def _capped(name: str, octets: bytes, limits: Limits) -> bytes:
    if len(octets) > limits.max_bytes:
        raise GivenFileError(f"{name}: larger than {limits.max_bytes} bytes")
    return octets
