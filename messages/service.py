"""The requests to the service itself and their answers: fetching, confirming, asking for a state, checking.

They belong to our own namespace and have a small header of their own instead of the standard's frame. A
document inside an answer is kept as the octets of its exclusive canonical form: what is fetched twice is the
same twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Final

from lxml import etree

from messages.binding import Attr, Codec, El, plan_of, refuse
from messages.errors import Advice
from messages.fehler import ADVICE, Einzelfehler
from messages.leaves import TOKEN, parse_token, write_text
from messages.namespaces import DIENST
from messages.writing import read


class Zustand(StrEnum):
    """What has become of a message."""

    UNKNOWN = "unbekannt"
    REFUSED = "abgelehnt"
    ANSWERED = "beantwortet"
    WAITING_FOR_CLERK = "wartet-auf-sachbearbeitung"
    WAITING_FOR_REPLY = "wartet-auf-rueckfrage"
    LATER_READY = "antwort-bereit"
    LATER_FETCHED = "antwort-ausgeliefert"
    LATER_CONFIRMED = "antwort-bestaetigt"


def _parse_zustand(element: etree._Element) -> Zustand:
    try:
        return Zustand(parse_token(element))
    except ValueError:
        raise refuse(element, "a state of this version of the service", "another text") from None


def _write_zustand(name: str, value: Zustand) -> str:
    return write_text(name, value.value)


def _parse_document(element: etree._Element) -> bytes:
    if len(element) != 1:
        raise refuse(element, "exactly one document", f"{len(element)} elements")
    return etree.tostring(element[0], method="c14n", exclusive=True)


def _write_document(name: str, value: bytes) -> str:
    return f"<{name}>{value.decode()}</{name}>"


_DOCUMENT: Final = Codec(_parse_document, _write_document)


class _Root:
    """What the roots of this module share; `root` is the Clark name, `kind` its local name."""

    __slots__ = ()
    kind: ClassVar[str]
    root: ClassVar[str]

    def __init_subclass__(cls, *, kind: str = "") -> None:
        super().__init_subclass__()
        if kind:
            cls.kind, cls.root = kind, f"{{{DIENST}}}{kind}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Anfrage(_Root):
    """The small header of every request; only the presence of ``test`` counts."""

    anfrage_uuid: Annotated[str, El("anfrageUUID", DIENST)]
    kennung: Annotated[str, El("kennung", DIENST, TOKEN)]
    erstellungszeitpunkt: Annotated[datetime, El("erstellungszeitpunkt", DIENST)]
    test: Annotated[str | None, Attr("test")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoleNachrichten(Anfrage, kind="holeNachrichten"):
    """Asks for everything not confirmed yet, at most ``hoechstens``."""

    hoechstens: Annotated[int | None, El("hoechstens", DIENST)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BestaetigeNachrichten(Anfrage, kind="bestaetigeNachrichten"):
    """Says that the documents with these ids are kept for good."""

    nachricht_ids: Annotated[tuple[str, ...], El("nachrichtId", DIENST, TOKEN)]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusAbfrage(Anfrage, kind="statusAbfrage"):
    """Asks what has become of a message of one's own."""

    nachrichten_uuid: Annotated[str, El("nachrichtenUUID", DIENST)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PruefeNachricht(Anfrage, kind="pruefeNachricht"):
    """Asks for every finding about a document, given as octets."""

    dokument: Annotated[bytes, El("dokument", DIENST)]


@dataclass(frozen=True, slots=True)
class SpaetereAntwort:
    """An answer that came about after the first one.

    ``nachrichten_uuid`` is the original message, ``ausloeser_uuid`` the one this document answers;
    ``dokument`` is None after its time was over.
    """

    nachricht_id: Annotated[str, El("nachrichtId", DIENST, TOKEN)]
    nachrichten_uuid: Annotated[str, El("nachrichtenUUID", DIENST)]
    ausloeser_uuid: Annotated[str, El("ausloeserUUID", DIENST)]
    bereitgestellt_am: Annotated[datetime, El("bereitgestelltAm", DIENST)]
    ausgeliefert_am: Annotated[datetime | None, El("ausgeliefertAm", DIENST)]
    bestaetigt_am: Annotated[datetime | None, El("bestaetigtAm", DIENST)]
    dokument: Annotated[bytes | None, El("dokument", DIENST, _DOCUMENT)]


@dataclass(frozen=True, slots=True)
class HoleNachrichtenAntwort(_Root, kind="holeNachrichtenAntwort"):
    """The oldest unconfirmed answers; ``weitere``: there are more behind these."""

    anfrage_uuid: Annotated[str, El("anfrageUUID", DIENST)]
    nachrichten: Annotated[tuple[SpaetereAntwort, ...], El("nachricht", DIENST)]
    weitere: Annotated[bool, El("weitere", DIENST)]


@dataclass(frozen=True, slots=True)
class BestaetigeNachrichtenAntwort(_Root, kind="bestaetigeNachrichtenAntwort"):
    """All are confirmed now; ``neu_bestaetigt`` of them were not before."""

    anfrage_uuid: Annotated[str, El("anfrageUUID", DIENST)]
    neu_bestaetigt: Annotated[int, El("neuBestaetigt", DIENST)]


@dataclass(frozen=True, slots=True)
class Ablehnung:
    """Why a message was not taken; the texts only where they need no particulars of the message."""

    code: Annotated[str, El("code", DIENST, TOKEN)]
    pfad: Annotated[str | None, El("pfad", DIENST)]
    zeile: Annotated[int | None, El("zeile", DIENST)]
    text_deutsch: Annotated[str | None, El("textDeutsch", DIENST)]
    text_englisch: Annotated[str | None, El("textEnglisch", DIENST)]
    handlung: Annotated[Advice, El("handlung", DIENST, ADVICE)]


@dataclass(frozen=True, slots=True)
class Stelle:
    """The office that has to decide, and how to reach it."""

    bezeichnung: Annotated[str, El("bezeichnung", DIENST)]
    ansprechpartner: Annotated[str | None, El("ansprechpartner", DIENST)] = None
    telefon: Annotated[str | None, El("telefon", DIENST)] = None
    email: Annotated[str | None, El("email", DIENST)] = None


@dataclass(frozen=True, slots=True)
class StatusAbfrageAntwort(_Root, kind="statusAbfrageAntwort"):
    """What has become of a message, with every answer to it.

    ``beantwortet_durch`` is one's own message that answered the question; its own state says how that ended.
    """

    anfrage_uuid: Annotated[str, El("anfrageUUID", DIENST)]
    nachrichten_uuid: Annotated[str, El("nachrichtenUUID", DIENST)]
    zustand: Annotated[Zustand, El("zustand", DIENST, Codec(_parse_zustand, _write_zustand))]
    seit: Annotated[datetime | None, El("seit", DIENST)] = None
    frist: Annotated[date | None, El("frist", DIENST)] = None
    beantwortet_durch: Annotated[str | None, El("beantwortetDurch", DIENST)] = None
    ablehnung: Annotated[Ablehnung | None, El("ablehnung", DIENST)] = None
    stelle: Annotated[Stelle | None, El("stelle", DIENST)] = None
    antwort: Annotated[bytes | None, El("antwort", DIENST, _DOCUMENT)] = None
    spaetere_antworten: Annotated[tuple[SpaetereAntwort, ...], El("spaetereAntwort", DIENST)] = ()


@dataclass(frozen=True, slots=True)
class Befund(Einzelfehler):
    """One finding about a checked document; ``zeile`` is a line of the octets sent."""

    handlung: Annotated[Advice, El("handlung", DIENST, ADVICE)]


@dataclass(frozen=True, slots=True)
class PruefeNachrichtAntwort(_Root, kind="pruefeNachrichtAntwort"):
    """Every finding; ``fehlerfrei`` when there is none that would refuse the document."""

    anfrage_uuid: Annotated[str, El("anfrageUUID", DIENST)]
    fehlerfrei: Annotated[bool, El("fehlerfrei", DIENST)]
    nachrichtentyp: Annotated[str | None, El("nachrichtentyp", DIENST, TOKEN)] = None
    befunde: Annotated[tuple[Befund, ...], El("befund", DIENST)] = ()


Request = HoleNachrichten | BestaetigeNachrichten | StatusAbfrage | PruefeNachricht
REQUESTS: Final[tuple[type[Any], ...]] = (
    HoleNachrichten,
    BestaetigeNachrichten,
    StatusAbfrage,
    PruefeNachricht,
)
ANSWERS: Final[tuple[type[Any], ...]] = (
    HoleNachrichtenAntwort,
    BestaetigeNachrichtenAntwort,
    StatusAbfrageAntwort,
    PruefeNachrichtAntwort,
)
_CLASSES: Final[Mapping[str, Any]] = MappingProxyType({cls.root: cls for cls in REQUESTS + ANSWERS})
_WRITERS: Final = {cls: plan_of(cls).document(root, {}) for root, cls in _CLASSES.items()}


def parse(element: etree._Element) -> Any:
    """Read a schema-valid request or answer of this module. Raises GatewayError X001."""
    cls = _CLASSES.get(str(element.tag))
    if cls is None:
        raise refuse(element, "an element of the service", "another element", code="X001.unknown-root")
    return plan_of(cls).parse(element)


def build(message: Any) -> etree._Element:
    """The root element of a request or answer, its namespace bound to the service's prefix.

    Only a tree: a document inside may repeat declarations that the canonical form leaves out there.
    """
    return read(_WRITERS[type(message)](message))
