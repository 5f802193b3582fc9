"""The messages of our own contract for deliveries by the Federal Administration Office (InGe-BVA).

A delivery is a manifest (200001) and a file of records (200002); the answer to it is a note (200006) and a
file with one result (200004) for each record. `MESSAGES` are the two that a request and its answer are made
of: the registry of messages reads and writes them. `parse` and `write` are for the documents around them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from enum import StrEnum
from functools import partial
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Final

from lxml import etree

from messages.binding import Attr, Codec, El, Inline, plan_of, refuse
from messages.errors import Advice
from messages.fehler import ADVICE
from messages.group07 import BerechtigungVerpflichtung
from messages.leaves import NUMBER, TOKEN, parse_token, write_text
from messages.namespaces import BVA
from messages.values import (
    Ansprechpartner,
    Code,
    Gebaeudeanschrift,
    Name,
    PartialDate,
    maybe_inside,
    text_or_unknown,
)

LARGEST_NUMBER: Final = 999_999_999
"""The largest number of a delivery, and of a package in it."""

_El: Final = partial(El, namespace=BVA)
# Empty and unknown as in the reports of immigration authorities, whose types these are.
_GESCHLECHT: Final = maybe_inside(El("geschlecht"), Code)
_GEBURTSORT: Final = text_or_unknown(El("ort"), El("unbekannt"))


def _parse_digest(element: etree._Element) -> bytes:
    try:
        return bytes.fromhex(parse_token(element))
    except ValueError:
        raise refuse(element, "a digest in hexadecimal digits", "another text") from None


def _parse_place(element: etree._Element) -> int:
    number: int = NUMBER.parse(element)
    # The bound of the contract once more: beyond it the stores could not hold it.
    if not 0 < number <= LARGEST_NUMBER:
        raise refuse(element, f"a number from 1 to {LARGEST_NUMBER}", "another number")
    return number


_PLACE: Final = Codec(_parse_place, NUMBER.write)
_DIGEST: Final = Codec(_parse_digest, lambda name, value: write_text(name, value.hex()))


def _one_of(kind: type[StrEnum]) -> Codec:
    def parse(element: etree._Element) -> StrEnum:
        try:
            return kind(parse_token(element))
        except ValueError:
            raise refuse(element, "a value of this version of the contract", "another text") from None

    return Codec(parse, lambda name, value: write_text(name, value.value))


class Eingangszustand(StrEnum):
    """What became of a delivery when it arrived."""

    ACCEPTED = "angenommen"
    KEPT = "zwischengelagert"


class Lieferzustand(StrEnum):
    """How far a delivery is."""

    KEPT = "zwischengelagert"
    IN_WORK = "in-arbeit"
    DONE = "fertig"
    REFUSED = "zurueckgewiesen"


class Gegenstand(StrEnum):
    """What is fetched: an overview, the note of a result, or its file."""

    STATE = "stand"
    NOTE = "schein"
    FILE = "datei"


class _Root:
    """What the roots share; `message_type` is the number at the end of the root's name."""

    __slots__ = ()
    standard: ClassVar[str] = "InGe-BVA"
    version: ClassVar[str] = "1"
    message_type: ClassVar[str]
    root: ClassVar[str]

    def __init_subclass__(cls, *, name: str = "") -> None:
        super().__init_subclass__()
        if name:
            cls.root, cls.message_type = f"{{{BVA}}}{name}", name.rpartition(".")[2]


@dataclass(frozen=True, slots=True)
class Stelle:
    """Sender or reader of a delivery; ``kennung`` as in the register of parties."""

    kennung: Annotated[str, _El("kennung", codec=TOKEN)]
    name: Annotated[str, _El("name")]


@dataclass(frozen=True, slots=True)
class Lieferfolge:
    """The place of a delivery in the gapless row of its sender."""

    nummer: Annotated[int, _El("laufende.nummer.der.lieferung", codec=_PLACE)]
    paketnummer: Annotated[int, _El("paketnummer", codec=_PLACE)]
    letztes_paket: Annotated[bool, _El("letztes.paket")]


@dataclass(frozen=True, slots=True)
class Datei:
    """A file beside a note: its name without folder, its length in bytes, its SHA-256."""

    name: Annotated[str, _El("name", codec=TOKEN)]
    groesse: Annotated[int, _El("groesse")]
    sha256: Annotated[bytes, _El("sha256", codec=_DIGEST)]


@dataclass(frozen=True, slots=True)
class Zaehlung:
    """How the records ended: with a number, before a clerk, refused with a reason, not processed."""

    angenommen: Annotated[int, _El("angenommen")]
    zurueckgestellt: Annotated[int, _El("zurueckgestellt")]
    abgelehnt: Annotated[int, _El("abgelehnt")]
    fehlerhaft: Annotated[int, _El("fehlerhaft")]

    @classmethod
    def of(cls, endings: Iterable[str | None]) -> Zaehlung:
        """Count what records ended with, by the names in `ENDINGS`. Raises ValueError for any other."""
        counted = Counter(endings)
        if not counted.keys() <= set(ENDINGS):
            raise ValueError("a record that ended with nothing of the contract")
        return cls(*(counted[name] for name in ENDINGS))


ENDINGS: Final = tuple(field.name for field in fields(Zaehlung))
"""How a record can end: the names of the elements in its result, and of the counts in a note."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lieferschein200001(_Root, name="BVABAMF.Lieferschein.200001"):
    """The manifest: it carries the signature for itself and for the file of records."""

    test: Annotated[str | None, Attr("test")] = None
    lieferschein_uuid: Annotated[str, _El("lieferscheinUUID")]
    erstellungszeitpunkt: Annotated[datetime, _El("erstellungszeitpunkt")]
    autor: Annotated[Stelle, _El("autor")]
    leser: Annotated[Stelle, _El("leser")]
    lieferung: Annotated[Lieferfolge, _El("lieferung")]
    datei: Annotated[Datei, _El("datei")]
    anzahl_datensaetze: Annotated[int, _El("anzahlDatensaetze")]


@dataclass(frozen=True, slots=True)
class Ereignis:
    """What the sender recognises a record by. It stands where other messages have their frame."""

    zeitpunkt: Annotated[datetime, _El("ereignis.zeitpunkt")]
    zeichen: Annotated[str, _El("ereignis.zeichen")]


@dataclass(frozen=True, slots=True)
class Personalien:
    """A person as the certificate names it; ``geschlecht`` None: empty, ``geburtsort`` None: unknown."""

    vorname: Annotated[Name, _El("vorname")]
    nachname: Annotated[Name, _El("nachname")]
    geburtsname: Annotated[Name | None, _El("geburtsname")]
    fruehere_nachnamen: Annotated[tuple[Name, ...], _El("fruehererNachname")]
    abweichende_schreibweisen_nachname: Annotated[tuple[Name, ...], _El("abweichendeSchreibweiseNachname")]
    geschlecht: Annotated[Code | None, _El("geschlecht", codec=_GESCHLECHT)]
    geburtsdatum: Annotated[PartialDate, _El("geburtsdatum")]
    geburtsort: Annotated[str | None, _El("geburtsort", codec=_GEBURTSORT)]
    anschrift: Annotated[Gebaeudeanschrift, _El("anschrift")]


@dataclass(frozen=True, slots=True)
class Bescheinigung200002(_Root, name="BVABAMF.Bescheinigung.200002"):
    """A record: the person may take part as a resettler or a member of the family of one."""

    rahmen: Annotated[Ereignis, _El("identifikation.ereignis")]
    aktenzeichen: Annotated[str, _El("aktenzeichen")]
    personalien: Annotated[Personalien, _El("personalien")]
    status: Annotated[Code, _El("status")]
    bescheinigungsdatum: Annotated[date, _El("bescheinigungsdatum")]
    registrierscheinnummer: Annotated[str | None, _El("registrierscheinnummer")] = None
    bamfkennziffer: Annotated[str | None, _El("bamfkennziffer")] = None


@dataclass(frozen=True, slots=True)
class Ergebnisrahmen:
    """Which record a result is about: its position in the file from 1, the sender's mark if it was read."""

    position: Annotated[int, _El("position")]
    zeichen: Annotated[str | None, _El("ereignis.zeichen")] = None


@dataclass(frozen=True, slots=True)
class Angenommen:
    """The right is stored, under this number."""

    bamfkennziffer: Annotated[str, _El("bamfkennziffer")]
    gueltig_von: Annotated[date, _El("gueltigVon")]
    teilnahme_unbefristet: Annotated[bool, _El("teilnahmeUnbefristet")]


@dataclass(frozen=True, slots=True)
class Zurueckgestellt:
    """A clerk has to decide first; the result follows in an addendum."""

    information_sachbearbeitung: Annotated[Code, _El("informationSachbearbeitung")]
    beschreibung: Annotated[str, _El("beschreibung")]
    ansprechpartner: Annotated[Ansprechpartner | None, _El("ansprechpartner")] = None


@dataclass(frozen=True, slots=True)
class Abgelehnt:
    """The right is refused; the one that is there, where it may be shown."""

    ablehnungsgrund: Annotated[Code, _El("ablehnungsgrund")]
    beschreibung: Annotated[str, _El("beschreibung")]
    aktuelle_berechtigung_verpflichtung: Annotated[
        BerechtigungVerpflichtung | None, _El("aktuelleBerechtigungVerpflichtung")
    ] = None


@dataclass(frozen=True, slots=True)
class Einzelfehler:
    """A finding about a record or a delivery; ``pfad`` names elements, never values."""

    code: Annotated[str, _El("code", codec=TOKEN)]
    pfad: Annotated[str | None, _El("pfad")]
    text: Annotated[str, _El("text")]
    text_englisch: Annotated[str, _El("textEnglisch")]
    handlung: Annotated[Advice, _El("handlung", codec=ADVICE)]


@dataclass(frozen=True, slots=True)
class Fehlerhaft:
    """The record was not processed."""

    fehler: Annotated[tuple[Einzelfehler, ...], _El("fehler")]


@dataclass(frozen=True, slots=True)
class Ergebnis200004(_Root, name="BAMFBVA.Ergebnis.200004"):
    """What became of a record: exactly one of the four."""

    rahmen: Annotated[Ergebnisrahmen, Inline()]
    angenommen: Annotated[Angenommen | None, _El("angenommen")] = None
    zurueckgestellt: Annotated[Zurueckgestellt | None, _El("zurueckgestellt")] = None
    abgelehnt: Annotated[Abgelehnt | None, _El("abgelehnt")] = None
    fehlerhaft: Annotated[Fehlerhaft | None, _El("fehlerhaft")] = None

    @property
    def ending(self) -> str | None:
        """Return which of `ENDINGS` it was; None only of what breaks the contract."""
        return next((name for name in ENDINGS if getattr(self, name) is not None), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ergebnisschein200006(_Root, name="BAMFBVA.Ergebnisschein.200006"):
    """The note of a file of results; ``nachtrag`` 0 is the first one."""

    test: Annotated[str | None, Attr("test")] = None
    ergebnisschein_uuid: Annotated[str, _El("ergebnisscheinUUID")]
    erstellungszeitpunkt: Annotated[datetime, _El("erstellungszeitpunkt")]
    autor: Annotated[Stelle, _El("autor")]
    leser: Annotated[Stelle, _El("leser")]
    lieferschein_uuid: Annotated[str, _El("lieferscheinUUID")]
    lieferung: Annotated[Lieferfolge, _El("lieferung")]
    nachtrag: Annotated[int, _El("nachtrag")]
    datei: Annotated[Datei, _El("datei")]
    anzahl: Annotated[Zaehlung, _El("anzahl")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Eingang200007(_Root, name="BAMFBVA.Eingang.200007"):
    """The receipt of a delivery: complete, genuine, safely stored. It says nothing about the records."""

    test: Annotated[str | None, Attr("test")] = None
    lieferschein_uuid: Annotated[str, _El("lieferscheinUUID")]
    erstellungszeitpunkt: Annotated[datetime, _El("erstellungszeitpunkt")]
    autor: Annotated[Stelle, _El("autor")]
    leser: Annotated[Stelle, _El("leser")]
    lieferung: Annotated[Lieferfolge, _El("lieferung")]
    anzahl_datensaetze: Annotated[int, _El("anzahlDatensaetze")]
    zustand: Annotated[Eingangszustand, _El("zustand", codec=_one_of(Eingangszustand))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Abruf200008(_Root, name="BVABAMF.Abruf.200008"):
    """Fetches an overview or a result, and confirms results that the sender keeps for good.

    At most one of ``lieferschein_uuid`` (its first result) and ``ergebnisschein_uuid`` is there.
    """

    test: Annotated[str | None, Attr("test")] = None
    abruf_uuid: Annotated[str, _El("abrufUUID")]
    erstellungszeitpunkt: Annotated[datetime, _El("erstellungszeitpunkt")]
    autor: Annotated[Stelle, _El("autor")]
    leser: Annotated[Stelle, _El("leser")]
    gegenstand: Annotated[Gegenstand, _El("gegenstand", codec=_one_of(Gegenstand))]
    lieferschein_uuid: Annotated[str | None, _El("lieferscheinUUID")] = None
    ergebnisschein_uuid: Annotated[str | None, _El("ergebnisscheinUUID")] = None
    bestaetigt: Annotated[tuple[str, ...], _El("bestaetigt")] = ()


@dataclass(frozen=True, slots=True)
class Naechstes:
    """What is expected next of the sender."""

    nummer: Annotated[int, _El("laufende.nummer.der.lieferung")]
    paketnummer: Annotated[int, _El("paketnummer")]


@dataclass(frozen=True, slots=True)
class Ergebnisstand:
    """A result, and when it was first fetched and confirmed."""

    ergebnisschein_uuid: Annotated[str, _El("ergebnisscheinUUID")]
    nachtrag: Annotated[int, _El("nachtrag")]
    erstellungszeitpunkt: Annotated[datetime, _El("erstellungszeitpunkt")]
    abgerufen_am: Annotated[datetime | None, _El("abgerufenAm")] = None
    bestaetigt_am: Annotated[datetime | None, _El("bestaetigtAm")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lieferstand:
    """How far a delivery is; ``bearbeitet`` counts the records that are decided about.

    ``fehler`` is why one was refused that had been kept while the store was away.
    """

    lieferschein_uuid: Annotated[str, _El("lieferscheinUUID")]
    lieferung: Annotated[Lieferfolge, _El("lieferung")]
    eingangszeitpunkt: Annotated[datetime, _El("eingangszeitpunkt")]
    zustand: Annotated[Lieferzustand, _El("zustand", codec=_one_of(Lieferzustand))]
    anzahl_datensaetze: Annotated[int, _El("anzahlDatensaetze")]
    bearbeitet: Annotated[int, _El("bearbeitet")]
    ergebnisse: Annotated[tuple[Ergebnisstand, ...], _El("ergebnis")] = ()
    fehler: Annotated[Einzelfehler | None, _El("fehler")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Uebersicht200009(_Root, name="BAMFBVA.Uebersicht.200009"):
    """The overview of a sender's deliveries, the oldest first."""

    test: Annotated[str | None, Attr("test")] = None
    abruf_uuid: Annotated[str, _El("abrufUUID")]
    erstellungszeitpunkt: Annotated[datetime, _El("erstellungszeitpunkt")]
    autor: Annotated[Stelle, _El("autor")]
    leser: Annotated[Stelle, _El("leser")]
    erwartet: Annotated[Naechstes, _El("erwartet")]
    lieferungen: Annotated[tuple[Lieferstand, ...], _El("lieferung")] = ()


MESSAGES: Final[tuple[type[Any], ...]] = (Bescheinigung200002, Ergebnis200004)
DOCUMENTS: Final[tuple[type[Any], ...]] = (
    Lieferschein200001,
    Ergebnisschein200006,
    Eingang200007,
    Abruf200008,
    Uebersicht200009,
)
_CLASSES: Final[Mapping[str, Any]] = MappingProxyType({cls.root: cls for cls in DOCUMENTS})
_WRITERS: Final = {cls: plan_of(cls).document(root, {}) for root, cls in _CLASSES.items()}


def parse(element: etree._Element) -> Any:
    """Read a schema-valid document of `DOCUMENTS`. Raises GatewayError X001, X001.unknown-root."""
    cls = _CLASSES.get(str(element.tag))
    if cls is None:
        raise refuse(element, "a document of a delivery", "another element", code="X001.unknown-root")
    return plan_of(cls).parse(element)


def write(document: Any) -> bytes:
    """Return a document of `DOCUMENTS` in exclusive canonical form, without a signature."""
    return _WRITERS[type(document)](document)
