"""The confirmation of a connection, carried from a test environment to the productive one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, ClassVar, Final

from lxml import etree

from messages.binding import El, plan_of
from messages.leaves import TOKEN
from messages.namespaces import ANBINDUNG

ROOT: Final = f"{{{ANBINDUNG}}}anbindungsbestaetigung"


@dataclass(frozen=True, slots=True)
class PruefendeStelle:
    """Who operates the test environment; ``umgebung`` is "test"."""

    kennung: Annotated[str, El("kennung", ANBINDUNG, TOKEN)]
    name: Annotated[str, El("name", ANBINDUNG)]
    umgebung: Annotated[str, El("umgebung", ANBINDUNG, TOKEN)]


@dataclass(frozen=True, slots=True)
class Zielstelle:
    """In whose productive environment it counts; ``umgebung`` is "betrieb"."""

    kennung: Annotated[str, El("kennung", ANBINDUNG, TOKEN)]
    umgebung: Annotated[str, El("umgebung", ANBINDUNG, TOKEN)] = "betrieb"


@dataclass(frozen=True, slots=True)
class AngebundeneBehoerde:
    """Who is connected; ``art`` is its kind of agency ("ABH")."""

    kennung: Annotated[str, El("kennung", ANBINDUNG, TOKEN)]
    name: Annotated[str, El("name", ANBINDUNG)]
    art: Annotated[str, El("art", ANBINDUNG, TOKEN)]


@dataclass(frozen=True, slots=True)
class Produkt:
    """With what it sends."""

    hersteller: Annotated[str, El("hersteller", ANBINDUNG)]
    name: Annotated[str, El("name", ANBINDUNG)]
    version: Annotated[str, El("version", ANBINDUNG)]


@dataclass(frozen=True, slots=True)
class Nachrichtenart:
    """A message type in a version of its standard ("XAusländer 26.11")."""

    nachrichtentyp: Annotated[str, El("nachrichtentyp", ANBINDUNG, TOKEN)]
    standardversion: Annotated[str, El("standardversion", ANBINDUNG)]


@dataclass(frozen=True, slots=True)
class Vergleich:
    """The comparison the confirmation rests on; ``pruefsumme`` is a SHA-256 in hexadecimal digits."""

    zeitpunkt: Annotated[datetime, El("zeitpunkt", ANBINDUNG)]
    durch: Annotated[str, El("durch", ANBINDUNG)]
    anzahl: Annotated[int, El("anzahl", ANBINDUNG)]
    pruefsumme: Annotated[str, El("pruefsumme", ANBINDUNG, TOKEN)]


@dataclass(frozen=True, slots=True)
class Anbindungsbestaetigung:
    """That an authority may send some message types productively; ``einspielen_bis`` is a German day."""

    root: ClassVar[str] = ROOT

    bestaetigung_uuid: Annotated[str, El("bestaetigungUUID", ANBINDUNG, TOKEN)]
    pruefende_stelle: Annotated[PruefendeStelle, El("pruefendeStelle", ANBINDUNG)]
    bestimmt_fuer: Annotated[Zielstelle, El("bestimmtFuer", ANBINDUNG)]
    behoerde: Annotated[AngebundeneBehoerde, El("behoerde", ANBINDUNG)]
    produkt: Annotated[Produkt, El("produkt", ANBINDUNG)]
    nachrichtenarten: Annotated[tuple[Nachrichtenart, ...], El("nachrichtenart", ANBINDUNG)]
    vergleich: Annotated[Vergleich, El("vergleich", ANBINDUNG)]
    bestaetigt_am: Annotated[datetime, El("bestaetigtAm", ANBINDUNG)]
    bestaetigt_durch: Annotated[str, El("bestaetigtDurch", ANBINDUNG)]
    einspielen_bis: Annotated[date, El("einspielenBis", ANBINDUNG)]


_PLAN: Final = plan_of(Anbindungsbestaetigung)
_WRITE: Final = _PLAN.document(ROOT, {})


def write_bestaetigung(bestaetigung: Anbindungsbestaetigung) -> bytes:
    """The confirmation as a document in exclusive canonical form, without signature."""
    return _WRITE(bestaetigung)


def parse_bestaetigung(element: etree._Element) -> Anbindungsbestaetigung:
    """Read the root of a schema-valid confirmation. Raises GatewayError X001 when it is none."""
    bestaetigung: Anbindungsbestaetigung = _PLAN.parse(element)
    return bestaetigung
