"""Reading what is given separately: files, folders and ZIP archives with one document in each file."""

import lzma
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from gateway.trust.admission import Limits

MAX_FILES: Final = 2_000
"""Test data are some dozens of messages; an archive with more is no set of test data."""

MAX_BYTES: Final = 64 << 20
"""The same for all files together, which are held in memory."""

LIMITS: Final = Limits(max_bytes=16 << 20, max_siblings=20_000, max_elements=500_000)
"""An operator gives these files, and one may hold the records of a delivery: more room than at a door."""

_ENCRYPTED: Final = 0x1
"""The flag of an encrypted file in an archive (APPNOTE 4.4.4)."""


class GivenFileError(Exception):
    """A file or archive cannot be read as test data; the text names it and says why."""


@dataclass(frozen=True, slots=True)
class GivenFile:
    """A file as it lies there: its name below what was named, and its octets.

    The name comes from elsewhere and is shown: what is not printable in it is a question mark.
    """

    name: str
    octets: bytes


def read_given(places: Sequence[Path]) -> list[GivenFile]:
    """Read files, all `*.xml` of folders and their folders, and all `*.xml` of ZIP archives.

    Raises GivenFileError for what cannot be read, is too large, or holds nothing.
    """
    found: list[GivenFile] = []
    size = 0
    for place in places:
        for file in _read(place):
            found.append(file)
            size += len(file.octets)
            if len(found) > MAX_FILES or size > MAX_BYTES:
                raise GivenFileError(
                    f"{place}: more than {MAX_FILES} files or {MAX_BYTES} bytes are no set of test data"
                )
    if not found:
        raise GivenFileError(f"{', '.join(map(str, places))}: no *.xml in it")
    return found


def _read(place: Path) -> Iterator[GivenFile]:
    try:
        if place.is_dir():
            for file in sorted(place.rglob("*")):
                if file.is_file() and file.suffix.lower() == ".xml":
                    yield _file(str(file.relative_to(place)), file)
        elif zipfile.is_zipfile(place):
            yield from _archive(place)
        else:
            yield _file(place.name, place)
    except OSError as error:
        raise GivenFileError(f"{place}: {error.strerror or error}") from error


def _archive(place: Path) -> Iterator[GivenFile]:
    try:
        with zipfile.ZipFile(place) as archive:
            for entry in sorted(archive.infolist(), key=lambda each: each.filename):
                if entry.filename.lower().endswith(".xml"):
                    if entry.flag_bits & _ENCRYPTED:
                        raise GivenFileError(f"{place}: {_shown(entry.filename)} is encrypted")
                    with archive.open(entry) as opened:
                        yield _given(entry.filename, opened)
    except RuntimeError as error:  # also NotImplementedError: methods that are unknown, or not built in here
        raise GivenFileError(f"{place}: the archive is packed in a way not known here ({error})") from error
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, ValueError) as error:
        # ValueError: names that are no UTF-8, places beyond every file.
        raise GivenFileError(f"{place}: the archive cannot be read ({error})") from error
    except EOFError as error:
        raise GivenFileError(f"{place}: the archive cannot be read (a file in it ends too early)") from error


def _file(name: str, file: Path) -> GivenFile:
    with file.open("rb") as opened:
        return _given(name, opened)


def _given(name: str, opened: IO[bytes]) -> GivenFile:
    # One more than allowed tells: an archive may claim any size.
    octets = opened.read(LIMITS.max_bytes + 1)
    if len(octets) > LIMITS.max_bytes:
        raise GivenFileError(f"{_shown(name)}: larger than {LIMITS.max_bytes} bytes")
    return GivenFile(_shown(name), octets)


def _shown(name: str) -> str:
    return "".join(each if each.isprintable() else "?" for each in name)
