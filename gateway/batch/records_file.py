"""A file of records, read in constant memory: first what it is as a whole, then piece by piece.

The first pass finds the digest, whether it is plain well-formed XML in UTF-8, where every record begins and
how many there are; whether a record keeps its contract is asked later, of each alone. Expat tells where in
the octets something stands, libxml2 does not. The places go into a file of their own, so that a million
records need no more memory than one.
"""

from __future__ import annotations

import codecs
import hashlib
import re
import struct
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from gateway.trust.admission import begins_foreign
from messages.errors import GatewayError
from messages.namespaces import BVA
from schemas.violations import shown_name

ROOT: Final = f"{{{BVA}}}BVABAMF.Datensaetze.200003"
RECORD: Final = f"{{{BVA}}}BVABAMF.Bescheinigung.200002"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordsLimits:
    """Caps on a file of records. What is inside a record is bounded once more when it is admitted."""

    max_bytes: int = 4 << 30
    """Of the whole file: it lies in the spool folder while it is taken in."""
    max_records: int = 1_000_000
    """As many as the contract allows."""
    max_record_bytes: int = 256 * 1024
    """Of one record, and of what stands between two. Memory grows with it, and with nothing else."""
    max_namespaces: int = 32
    """Declared at the root: each record gets a copy of them."""
    max_namespace: int = 256
    """Characters of one of their names."""
    max_names: int = 64 * 1024
    """Characters of all different names in the file, each with its namespace and prefix: whoever parses keeps
    them to the end. The contract needs a tenth of it."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some consecutive records: the position of the first in the file (from 1), and their octets.

    Each record is a document of its own: it carries the namespaces declared around it.
    """

    first: int
    records: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Surveyed:
    """What the first pass found: length and SHA-256 of the octets, and how many records there are."""

    size: int
    sha256: bytes
    count: int


class RecordsFile:
    """An open file of records that was surveyed. Not for use by several threads at once."""

    def __init__(
        self, file: IO[bytes], found: Surveyed, places: IO[bytes], around: dict[str | None, str]
    ) -> None:
        self.found = found
        self._file = file
        self._places = places
        self._around = _declarations(around)

    @classmethod
    def survey(cls, file: IO[bytes], limits: RecordsLimits, spool: Path | None = None) -> RecordsFile:
        """Read a file once from its beginning to its end.

        In: a seekable file that nobody else can change, the caps, the folder for the places of the records.
        Raises GatewayError, all of them about the whole file and with a line where there is one, never with
        content: T099.* for an exceeded cap, S001 for another encoding than UTF-8, X000.* if it is not
        well-formed, X001.* for a document type, an entity, a comment, a processing instruction, another root,
        and anything beside records in it.
        """
        places: IO[bytes] = tempfile.TemporaryFile(dir=spool)  # noqa: SIM115 - closed with this object
        try:
            survey = _Survey(limits, places)
            found = survey.read(file)
        except BaseException:
            places.close()
            raise
        return cls(file, found, places, survey.around)

    def pieces(self, size: int, first_piece: int = 0) -> Iterator[Piece]:
        """Yield the records in pieces of `size`, from the piece of an ordinal (from 0) on.

        The file must be the one that was surveyed, unchanged. Raises EOFError if it became shorter.
        """
        position = first_piece * size
        self._places.seek(position * _PLACE.size)
        while position < self.found.count:
            wanted = min(size, self.found.count - position)
            entries = self._places.read(wanted * _PLACE.size)
            records = tuple(self._record(start, length) for start, length in _PLACE.iter_unpack(entries))
            yield Piece(position + 1, records)
            position += wanted

    def close(self) -> None:
        """Forget the places; the file itself stays open."""
        self._places.close()

    def __enter__(self) -> RecordsFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _record(self, start: int, length: int) -> bytes:
        self._file.seek(start)
        raw = self._file.read(length)
        if len(raw) != length:
            raise EOFError("the file of records became shorter")
        return _self_contained(raw, self._around) if self._around else raw


_PLACE: Final = struct.Struct("<QI")
_BLOCK: Final = 64 * 1024
_SEPARATOR: Final = " "
"""Stands between namespace, local name and prefix as Expat tells them; none of them holds a blank."""
_ROOT: Final = ROOT[1:].replace("}", _SEPARATOR)
_RECORD: Final = RECORD[1:].replace("}", _SEPARATOR)
_LOCATIONS: Final = frozenset(
    f"http://www.w3.org/2001/XMLSchema-instance{_SEPARATOR}{name}"
    for name in ("schemaLocation", "noNamespaceSchemaLocation")
)
_ENCODINGS: Final = frozenset({None, "utf-8", "us-ascii"})
_UNDEFINED_ENTITY: Final = expat.errors.codes[expat.errors.XML_ERROR_UNDEFINED_ENTITY]
_CODES: Final = {
    _UNDEFINED_ENTITY: "X001.entity",
    expat.errors.codes[expat.errors.XML_ERROR_BAD_CHAR_REF]: "X000.illegal-character",
    **{
        expat.errors.codes[name]: "X000.namespace"
        for name in (
            expat.errors.XML_ERROR_UNBOUND_PREFIX,
            expat.errors.XML_ERROR_UNDECLARING_PREFIX,
            expat.errors.XML_ERROR_RESERVED_PREFIX_XML,
            expat.errors.XML_ERROR_RESERVED_PREFIX_XMLNS,
            expat.errors.XML_ERROR_RESERVED_NAMESPACE_URI,
        )
    },
}


class _Survey:
    """The first pass over one file."""

    def __init__(self, limits: RecordsLimits, places: IO[bytes]) -> None:
        self.around: dict[str | None, str] = {}
        self._limits = limits
        self._places = places
        self._count = 0
        self._ascii = False
        self._record: int | None = None
        """Offset of the record that is open, or closed without that its end is known yet."""
        self._reached = 0
        """Offset of the latest boundary: what follows it is one record or one piece of markup, or blanks."""
        self._names: dict[Any, Any] = {}
        """Every name there was, noted by pyexpat; with prefixes, since Expat keeps them as written."""
        self._seen = 0
        self._characters = 0
        self._parser = parser = expat.ParserCreate("utf-8", _SEPARATOR, self._names)
        parser.namespace_prefixes = True
        parser.XmlDeclHandler = self._declaration
        parser.StartDoctypeDeclHandler = self._doctype
        parser.CommentHandler = self._comment
        parser.ProcessingInstructionHandler = self._instruction
        parser.StartNamespaceDeclHandler = self._namespace
        parser.StartElementHandler = self._root

    def read(self, file: IO[bytes]) -> Surveyed:
        """Read the file from its beginning; see `RecordsFile.survey`."""
        digest, size, lines = hashlib.sha256(), 0, 1
        decoder = codecs.getincrementaldecoder("utf-8")()
        file.seek(0)
        while block := file.read(_BLOCK):
            if not size and begins_foreign(block):
                raise GatewayError("S001")
            size += len(block)
            if size > self._limits.max_bytes:
                raise GatewayError("T099.delivery-too-large", details={"limit": str(self._limits.max_bytes)})
            digest.update(block)
            try:
                decoder.decode(block)
            except UnicodeDecodeError:
                raise GatewayError("S001", line=lines) from None
            lines += block.count(b"\n")
            self._feed(block)
            self._count_names()
            if self._ascii and not block.isascii():
                raise GatewayError("S001", line=1)
            # Twice: Expat may wait for as much again before it looks at a long piece of markup anew.
            if size - self._reached > 2 * self._limits.max_record_bytes:
                raise self._too_large()
        if not size:
            raise GatewayError("T099.delivery-parts", details={"found": "an empty file"})
        self._feed(b"", final=True)
        return Surveyed(size, digest.digest(), self._count)

    def _feed(self, block: bytes, *, final: bool = False) -> None:
        try:
            self._parser.Parse(block, final)
        except expat.ExpatError as error:
            details = {"found": "&"} if error.code == _UNDEFINED_ENTITY else None
            raise GatewayError(_CODES.get(error.code, "X000"), line=error.lineno, details=details) from None

    def _count_names(self) -> None:
        self._characters += sum(len(each or "") for each in islice(self._names, self._seen, None))
        self._seen = len(self._names)
        if self._characters > self._limits.max_names:
            raise self._error("T099.too-many-names", limit=str(self._limits.max_names))

    def _error(self, code: str, **details: str) -> GatewayError:
        return GatewayError(code, line=self._parser.CurrentLineNumber, details=details or None)

    def _too_large(self) -> GatewayError:
        return self._error("T099.record-too-large", limit=str(self._limits.max_record_bytes))

    # Before the root.

    def _declaration(self, version: str, encoding: str | None, _standalone: int) -> None:
        named = None if encoding is None else encoding.lower()
        if version != "1.0":
            raise self._error("X000.xml-version")
        if named not in _ENCODINGS:
            raise self._error("S001")
        self._ascii = named == "us-ascii"

    def _doctype(self, *_: object) -> None:
        raise self._error("X001.doctype")

    def _comment(self, _content: str) -> None:
        raise self._error("X001.comment")

    def _instruction(self, _target: str, _content: str) -> None:
        raise self._error("X001.processing-instruction")

    def _namespace(self, prefix: str | None, name: str | None) -> None:
        """Note what the root declares: Expat tells it before the element."""
        limits = self._limits
        if len(self.around) >= limits.max_namespaces:
            raise self._error("T099.too-many-namespaces", limit=str(limits.max_namespaces))
        if max(len(name or ""), len(prefix or "")) > limits.max_namespace:
            raise self._error("T099.too-long", limit=str(limits.max_namespace))
        self.around[prefix] = name or ""

    def _root(self, name: str, attributes: dict[str, str]) -> None:
        if _plain(name) != _ROOT:
            raise self._error("X001.unknown-root", found=_shown(name))
        unknown = next((each for each in attributes if _plain(each) not in _LOCATIONS), None)
        if unknown is not None:
            raise self._error("X001", expected="no such attribute", found=_shown(unknown))
        # Not without any: prefixes are noted only for somebody who listens.
        self._parser.StartNamespaceDeclHandler = _heard
        self._listen_between()

    # Between records. Expat tells an end before it has passed the tag, so a record ends where the next thing
    # begins.

    def _listen_between(self) -> None:
        parser = self._parser
        parser.StartElementHandler = self._begin
        parser.EndElementHandler = self._end_of_root
        parser.CharacterDataHandler = self._text
        parser.StartCdataSectionHandler = self._cdata

    def _begin(self, name: str, _attributes: dict[str, str]) -> None:
        self._pass_boundary()
        if _plain(name) != _RECORD:
            raise self._error("X001", expected=_shown(_RECORD), found=_shown(name))
        if self._count >= self._limits.max_records:
            raise self._error("T099.too-many-records", limit=str(self._limits.max_records))
        self._count += 1
        self._record = self._reached
        parser = self._parser
        parser.CharacterDataHandler = parser.StartCdataSectionHandler = None
        depth = 1

        # Closures, since these two run for every element of a million records.
        def begin(_name: str, _attributes: dict[str, str]) -> None:
            nonlocal depth
            depth += 1

        def end(_name: str) -> None:
            nonlocal depth
            depth -= 1
            if not depth:
                self._listen_between()

        parser.StartElementHandler = begin
        parser.EndElementHandler = end

    def _text(self, text: str) -> None:
        self._pass_boundary()
        if text.strip(" \t\r\n"):
            raise self._error("X001", expected=_shown(_RECORD), found="text between the records")

    def _cdata(self) -> None:
        raise self._error("X001", expected=_shown(_RECORD), found="text between the records")

    def _end_of_root(self, _name: str) -> None:
        self._pass_boundary()
        parser = self._parser
        # What follows may be blanks only, and Expat looks after that.
        parser.StartElementHandler = parser.EndElementHandler = None
        parser.CharacterDataHandler = parser.StartCdataSectionHandler = None

    def _pass_boundary(self) -> None:
        self._reached = here = self._parser.CurrentByteIndex
        if self._record is not None:
            length = here - self._record
            if length > self._limits.max_record_bytes:
                raise self._too_large()
            self._places.write(_PLACE.pack(self._record, length))
            self._record = None


def _heard(*_: object) -> None:
    """Do nothing."""


def _plain(name: str) -> str:
    """Return namespace and local name, without the prefix."""
    return _SEPARATOR.join(name.split(_SEPARATOR)[:2])


def _shown(name: str) -> str:
    return shown_name("}" + _plain(name).rpartition(_SEPARATOR)[2])


_START: Final = re.compile(rb"<[^ \t\r\n/>]+")
_ATTRIBUTE: Final = re.compile(rb"""[ \t\r\n]+([^ \t\r\n=<>"'/]+)[ \t\r\n]*=[ \t\r\n]*(?:"[^"]*"|'[^']*')""")


def _declarations(around: dict[str | None, str]) -> dict[bytes, bytes]:
    """Return the declarations of the root as they are written into a tag, by attribute name."""
    written = {}
    for prefix, namespace in around.items():
        name = "xmlns" if prefix is None else f"xmlns:{prefix}"
        written[name.encode()] = f" {name}={quoteattr(namespace)}".encode()
    return written


def _self_contained(raw: bytes, around: dict[bytes, bytes]) -> bytes:
    """Return a record with the declarations around it that it does not make itself."""
    start = _START.match(raw)
    if start is None:
        raise EOFError("the file of records was changed")
    own = set()
    position = start.end()
    while attribute := _ATTRIBUTE.match(raw, position):
        own.add(attribute[1])
        position = attribute.end()
    added = b"".join(written for name, written in around.items() if name not in own)
    return b"".join((raw[: start.end()], added, raw[start.end() :]))
