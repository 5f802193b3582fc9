"""Making test data of files that were given separately: messages, and deliveries with their records.

They carry no signature and no SOAP envelope; that they come by another way than the sent ones is their point.
The records of a delivery are known by the UUIDs that they have in the store, which follow from the manifest.
"""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath
from typing import Final, TypeAlias

from lxml import etree

from gateway.connecting.given import LIMITS, GivenFile
from gateway.permission import AUTHOR, MESSAGE_UUID, text_at
from gateway.service.inspection import inspect
from gateway.trust import names
from gateway.trust.canonical import canonical_octets
from messages.bva import Bescheinigung200002, Lieferschein200001, parse
from messages.namespaces import BVA
from schemas.registry import Contract, SchemaRegistry
from store.record_ids import record_uuid, stem_for
from store.records_connection import Pair, Supplied

_RECORDS: Final = f"{{{BVA}}}BVABAMF.Datensaetze.200003"

_Manifests: TypeAlias = dict[PurePosixPath, list[Lieferschein200001]]
"""By the file that they name, in the folder in which they lie."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why a file is no test data: path and line where there is one place."""

    file: str
    code: str
    path: str | None
    line: int | None
    text: str


@dataclass(frozen=True, slots=True)
class _Read:
    """A file that keeps its contract and carries no signature."""

    name: str
    root: etree._Element
    contract: Contract

    @property
    def is_records(self) -> bool:
        """Tell whether it holds the records of a delivery."""
        return bool(self.root.tag == _RECORDS)

    @property
    def pair(self) -> Pair:
        """What it is connected by."""
        if self.is_records:
            return Pair(Lieferschein200001.message_type, self.contract.version_name)
        return Pair(self.contract.message_type, self.contract.version_name)


def check_given(
    files: Sequence[GivenFile],
    *,
    kennung: str,
    scope: Collection[Pair],
    registry: SchemaRegistry,
    on: date,
) -> tuple[list[Supplied], list[Flaw]]:
    """Make test data of files, as far as that goes, and tell everything that speaks against the others.

    In: whose messages they must be, of which types and versions; the day for which served versions count.
    """
    good: dict[str, Supplied] = {}
    flaws: list[Flaw] = []
    documents: list[_Read] = []
    files_of_records: list[_Read] = []
    for file in files:
        found = _read(file, registry, on)
        if not isinstance(found, _Read):
            flaws.extend(found)
        elif found.pair not in scope:
            text = f"the procedure is not about {found.pair}"
            flaws.append(_flaw(file.name, "T070.type-not-allowed", text))
        else:
            (files_of_records if found.is_records else documents).append(found)
    manifests: _Manifests = {}
    # A file that has a flaw may have been one of records; the flaw is told.
    there = {PurePosixPath(each.name) for each in files_of_records}
    there |= {PurePosixPath(flaw.file) for flaw in flaws}
    for each in documents:
        uuid, author, beside = _named(each, manifests)
        if beside is not None and beside not in there:
            # Compared alone, it would be equal before any of its records is there.
            text = f"its file of records {beside.name} is not in the same folder"
            flaws.append(_flaw(each.name, "S999.records-hash", text))
        if author != kennung:
            flaws.append(_flaw(each.name, "T070.foreign-authority", f"its author is not {kennung}"))
        elif uuid in good:
            text = f"the same UUID {uuid} is in {good[uuid].file}"
            flaws.append(_flaw(each.name, "S999.uuid-reused", text))
        else:
            good[uuid] = _supplied(each.name, uuid, each.contract.message_type, each.pair.version, each.root)
    for each in files_of_records:
        naming = manifests.get(PurePosixPath(each.name), [])
        if len(naming) != 1:
            text = f"{'several manifests' if naming else 'no manifest'} in the same folder for it"
            flaws.append(_flaw(each.name, "S999.records-hash", text))
        elif naming[0].anzahl_datensaetze != len(each.root):
            text = f"it holds {len(each.root)} records, its manifest says {naming[0].anzahl_datensaetze}"
            flaws.append(_flaw(each.name, "S999.records-count", text))
        else:
            good.update((record.uuid, record) for record in _records(each, naming[0], kennung))
    return list(good.values()), flaws


def _read(file: GivenFile, registry: SchemaRegistry, on: date) -> "_Read | list[Flaw]":
    found = inspect(file.octets, registry, LIMITS, on)
    root, contract = found.root, found.contract
    if root is not None and next(root.iter(names.DS_SIGNATURE), None) is not None:
        return [_flaw(file.name, "T010", "it carries a signature: give the document as it is before signing")]
    if root is None or contract is None or found.errors:
        return [Flaw(file.name, e.code, e.path, e.line, e.text_en) for e in found.errors]
    return _Read(file.name, root, contract)


def _named(read: _Read, manifests: _Manifests) -> tuple[str, str, PurePosixPath | None]:
    """UUID and author of a document; a manifest is noted by where the file of its records has to lie.

    Out: that place as well, None for a message.
    """
    if read.root.tag != Lieferschein200001.root:
        return text_at(read.root, MESSAGE_UUID).lower(), text_at(read.root, AUTHOR), None
    manifest: Lieferschein200001 = parse(read.root)
    beside = PurePosixPath(read.name).parent / manifest.datei.name
    manifests.setdefault(beside, []).append(manifest)
    return manifest.lieferschein_uuid.lower(), manifest.autor.kennung, beside


def _records(read: _Read, manifest: Lieferschein200001, kennung: str) -> Iterator[Supplied]:
    stem = stem_for(kennung, manifest.lieferschein_uuid)
    for position, record in enumerate(read.root, 1):
        yield _supplied(
            f"{read.name}, record {position}",
            record_uuid(stem, position),
            Bescheinigung200002.message_type,
            read.contract.version_name,
            record,
        )


def _supplied(file: str, uuid: str, message_type: str, version: str, root: etree._Element) -> Supplied:
    document = canonical_octets(root)
    return Supplied(uuid, file, message_type, version, hashlib.sha256(document).digest(), document)


def _flaw(file: str, code: str, text: str) -> Flaw:
    return Flaw(file, code, None, None, text)
