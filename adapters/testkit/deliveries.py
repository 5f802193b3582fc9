"""What is delivered in a case: records, the file they lie in, and its manifest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Final

from lxml import etree

from adapters.testkit.parties import Party, Reader
from adapters.testkit.people import Person
from gateway.trust.keys import SigningKey
from gateway.trust.signed_document import sign_document
from messages import bva
from messages.bva import Bescheinigung200002, Datei, Ereignis, Lieferfolge, Lieferschein200001, Personalien
from messages.codes import code
from messages.namespaces import BVA
from messages.registry import BUNDLED_MESSAGES

RECORDS: Final = "records.xml"
RESETTLER: Final = "1"
CHANGES: Final = frozenset({"gap", "other-file", "broken-manifest"})
_SKIPPED: Final = 1
"""How many numbers a delivery with a gap leaves out."""
_HAPPENED: Final = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)


def certificate(
    person: Person, mark: str = "BVA-1", *, status: str = RESETTLER, number: str | None = None
) -> Bescheinigung200002:
    """Return the record of a person. In: the sender's mark, the BAMF number where it is known."""
    data = person.personalien
    return Bescheinigung200002(
        rahmen=Ereignis(_HAPPENED, mark),
        aktenzeichen="III B 3 - 1/000001",
        personalien=Personalien(
            vorname=data.vorname,
            nachname=data.nachname,
            geburtsname=data.geburtsname,
            fruehere_nachnamen=data.fruehere_nachnamen,
            abweichende_schreibweisen_nachname=data.abweichende_schreibweisen_nachname,
            geschlecht=data.geschlecht,
            geburtsdatum=data.geburtsdatum,
            geburtsort=person.angaben.geburtsort,
            anschrift=data.anschrift,
        ),
        status=code("personenstatus", status),
        bescheinigungsdatum=date(2026, 11, 2),
        registrierscheinnummer="R0001",
        bamfkennziffer=number,
    )


def records_file(records: Iterable[tuple[str, Person]]) -> bytes:
    """The file of records. In: the kind of each ("faulty" has no birth date), and about whom it is."""
    root = etree.Element(f"{{{BVA}}}BVABAMF.Datensaetze.200003", nsmap={"b": BVA})
    for position, (kind, person) in enumerate(records, 1):
        record = BUNDLED_MESSAGES.build(certificate(person, f"TESTHEFT-{position}"))
        if kind == "faulty":
            birth = record.find(f".//{{{BVA}}}geburtsdatum")
            assert birth is not None
            birth.getparent().remove(birth)  # type: ignore[union-attr]
        root.append(record)
    etree.indent(root)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True) + b"\n"


def numbered(change: str | None, expected: int) -> int:
    """The number a delivery gets where this one is expected, with a gap where the case says so."""
    return expected + (_SKIPPED if change == "gap" else 0)


def expected_before(body: bytes) -> str:
    """Number and package that were expected when a manifest with a gap came, as refusals name them."""
    named: Lieferschein200001 = bva.parse(etree.fromstring(body))
    return f"{named.lieferung.nummer - _SKIPPED}/{named.lieferung.paketnummer}"


def manifest(
    sender: Party, reader: Reader, uuid: str, now: datetime, number: int, file: bytes, count: int
) -> Lieferschein200001:
    """The manifest of a file, with the number of the delivery."""
    return Lieferschein200001(
        test="1",
        lieferschein_uuid=uuid,
        erstellungszeitpunkt=now,
        autor=bva.Stelle(sender.kennung, sender.name),
        leser=bva.Stelle(reader.kennung, reader.name),
        lieferung=Lieferfolge(number, 1, True),
        datei=Datei(RECORDS, len(file), hashlib.sha256(file).digest()),
        anzahl_datensaetze=count,
    )


def signed_manifest(change: str | None, body: bytes, key: SigningKey) -> bytes:
    """A manifest with its signature, changed afterwards where the case says so."""
    signed = sign_document(body, key=key)
    if change == "broken-manifest":
        return signed.replace(RECORDS.encode(), RECORDS.upper().encode(), 1)
    return signed


def changed_file(change: str | None, file: bytes) -> bytes:
    """The file of records, changed after its manifest was made where the case says so."""
    return file.replace(b"Lindenweg", b"Lindenweh", 1) if change == "other-file" else file
