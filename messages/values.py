"""The values messages are made of: codes, names, partial dates, addresses, agencies.

Building blocks of XInneres (names, dates, addresses; their children carry no namespace) and of XAusländer
(agencies, communication, nationalities; qualified).
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Annotated, Any, Final

from lxml import etree

from messages.binding import Codec, El, Known, MadeCodec, codec_of, refuse, register
from messages.dialect import Dialect
from messages.leaves import parse_text, write_text
from messages.writing import attribute, escape


@dataclass(frozen=True, slots=True)
class Code:
    """A key of a code list; ``list_uri``, ``list_version``, ``name`` as the document has them, or None."""

    code: str
    list_uri: str | None = None
    list_version: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Name:
    """A name (xian:AllgemeinerName); ``text`` None means that the person has none (nichtVorhanden)."""

    text: str | None


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A date of which month and day may be unknown (xida:TeilbekanntesDatum).

    Raises ValueError for a day without month and for dates that are not in the calendar.
    """

    year: int
    month: int | None = None
    day: int | None = None

    def __post_init__(self) -> None:
        if self.month is None and self.day is not None:
            raise ValueError("a month where there is a day")
        datetime.date(self.year, self.month or 1, self.day or 1)

    @property
    def iso(self) -> str:
        """ "1990-01-31", "1990-01" or "1990", as precise as known."""
        if self.month is None:
            return f"{self.year:04d}"
        if self.day is None:
            return f"{self.year:04d}-{self.month:02d}"
        return f"{self.year:04d}-{self.month:02d}-{self.day:02d}"


def _parse_code(element: etree._Element) -> Code:
    code = name = None
    for child in element:
        if child.tag == "code":
            code = child.text or ""
        elif child.tag == "name":
            name = child.text or ""
        else:
            raise refuse(child, "code or name", "another element")
    if code is None:
        raise refuse(element, "code", "nothing")
    if not code.isalnum():
        code = " ".join(code.split())
    return Code(code, element.get("listURI"), element.get("listVersionID"), name)


def _write_code(name: str, value: Code) -> str:
    uri = "" if value.list_uri is None else attribute("listURI", value.list_uri)
    version = "" if value.list_version is None else attribute("listVersionID", value.list_version)
    words = "" if value.name is None else write_text("name", value.name)
    return f"<{name}{uri}{version}><code>{escape(value.code)}</code>{words}</{name}>"


def _only_child(element: etree._Element, expected: str) -> etree._Element:
    if len(element) != 1:
        raise refuse(element, expected, f"{len(element)} elements")
    return element[0]


def _parse_name(element: etree._Element) -> Name:
    child = _only_child(element, "name or nichtVorhanden")
    if child.tag == "name":
        return Name(parse_text(child))
    if child.tag == "nichtVorhanden":
        return Name(None)
    raise refuse(child, "name or nichtVorhanden", "another element")


def _write_name(name: str, value: Name) -> str:
    if value.text is None:
        return f"<{name}><nichtVorhanden>true</nichtVorhanden></{name}>"
    return f"<{name}><name>{escape(value.text)}</name></{name}>"


_PRECISION: Final[dict[Any, int]] = {"jahr": 1, "jahrMonat": 2, "jahrMonatTag": 3}
_ELEMENT_BY_LENGTH: Final = {4: "jahr", 7: "jahrMonat", 10: "jahrMonatTag"}


def _parse_partial_date(element: etree._Element) -> PartialDate:
    child = _only_child(element, "jahrMonatTag, jahrMonat or jahr")
    parts = (child.text or "").strip().split("-")
    if _PRECISION.get(child.tag) != len(parts):
        raise refuse(child, "jahrMonatTag, jahrMonat or jahr with a date as precise", "another form")
    try:
        return PartialDate(*map(int, parts))
    except ValueError:
        raise refuse(child, "a date of the calendar", "another text") from None


def _write_partial_date(name: str, value: PartialDate) -> str:
    iso = value.iso
    inner = _ELEMENT_BY_LENGTH[len(iso)]
    return f"<{name}><{inner}>{iso}</{inner}></{name}>"


register(Code, Codec(_parse_code, _write_code))
register(Name, Codec(_parse_name, _write_name))
register(PartialDate, Codec(_parse_partial_date, _write_partial_date))


def choice(alternatives: dict[str, Any]) -> MadeCodec:
    """A codec for exactly one of several child elements without namespace, told apart by name and type."""
    expected = " or ".join(alternatives)

    def made(dialect: Dialect) -> Codec:
        by_tag: dict[Any, Codec] = {tag: codec_of(kind, dialect) for tag, kind in alternatives.items()}
        by_type = {kind: (tag, by_tag[tag].write) for tag, kind in alternatives.items()}

        def parse(element: etree._Element) -> Any:
            child = _only_child(element, expected)
            codec = by_tag.get(child.tag)
            if codec is None:
                raise refuse(child, expected, "another element")
            return codec.parse(child)

        def write(name: str, value: Any) -> str:
            inner, write_inner = by_type[type(value)]
            return f"<{name}>{write_inner(inner, value)}</{name}>"

        return Codec(parse, write, {tag: Known(codec.shape) for tag, codec in by_tag.items()})

    return made


def maybe_inside(child: El, kind: Any) -> MadeCodec:
    """A codec for a mandatory element that may be empty or hold one child; empty is None."""

    def made(dialect: Dialect) -> Codec:
        inner, (tag, written) = codec_of(kind, dialect), child.names(dialect)

        def parse(element: etree._Element) -> Any:
            return inner.parse(_only_child(element, tag)) if len(element) else None

        def write(name: str, value: Any) -> str:
            return f"<{name}>{'' if value is None else inner.write(written, value)}</{name}>"

        return Codec(parse, write, {tag: Known(inner.shape)}, writes_none=True)

    return made


def text_or_unknown(text: El, unknown: El) -> MadeCodec:
    """A codec for the choice of a text or a "not known" fixed to true; the latter is None."""

    def made(dialect: Dialect) -> Codec:
        known, missing = text.names(dialect), unknown.names(dialect)
        tag, expected = known.tag, f"{known.tag} or {missing.tag}"

        def parse(element: etree._Element) -> str | None:
            child = _only_child(element, expected)
            return parse_text(child) if child.tag == tag else None

        def write(name: str, value: str | None) -> str:
            inner = (
                f"<{missing.written}>true</{missing.written}>"
                if value is None
                else write_text(known.written, value)
            )
            return f"<{name}>{inner}</{name}>"

        return Codec(parse, write, {tag: Known(), missing.tag: Known()}, writes_none=True)

    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class HausnummernBis:
    """The end of a range of house numbers."""

    hausnummer_bis: Annotated[str | None, El("hausnummer.bis", None)] = None
    buchstabe_bis: Annotated[str | None, El("hausnummerbuchstabezusatzziffer.bis", None)] = None
    teilnummer_bis: Annotated[str | None, El("teilnummerderhausnummer.bis", None)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gebaeudeanschrift:
    """A German postal address of a building; the order on the wire is alphabetical, not postal."""

    hausnummer: Annotated[str | None, El("hausnummer", None)] = None
    hausnummer_buchstabe: Annotated[str | None, El("hausnummerBuchstabeZusatzziffer", None)] = None
    postleitzahl: Annotated[str, El("postleitzahl", None)]
    stockwerkswohnungsnummer: Annotated[str | None, El("stockwerkswohnungsnummer", None)] = None
    strasse: Annotated[str, El("strasse", None)]
    teilnummer: Annotated[str | None, El("teilnummerDerHausnummer", None)] = None
    wohnort: Annotated[str, El("wohnort", None)]
    frueherer_gemeindename: Annotated[str | None, El("wohnortFruehererGemeindename", None)] = None
    wohnungsinhaber: Annotated[str | None, El("wohnungsinhaber", None)] = None
    zusatzangaben: Annotated[str | None, El("zusatzangaben", None)] = None
    hausnummern_bis: Annotated[HausnummernBis | None, El("hausnummern.bis", None)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Postfachanschrift:
    """A German postal address of a post-office box."""

    postfach: Annotated[str | None, El("postfach", None)] = None
    wohnort: Annotated[str, El("wohnort", None)]
    postleitzahl: Annotated[str, El("postleitzahl", None)]


Anschrift = Gebaeudeanschrift | Postfachanschrift
register(Anschrift, choice({"gebaeude": Gebaeudeanschrift, "postfach": Postfachanschrift}))


@dataclass(frozen=True, slots=True)
class Erreichbarkeit:
    """How an agency of the message header is reached (XÖV base message: channel, address, remark)."""

    kanal: Annotated[Code, El("kanal", None)]
    kennung: Annotated[str, El("kennung", None)]
    zusatz: Annotated[str | None, El("zusatz", None)] = None


@dataclass(frozen=True, slots=True)
class BehoerdeG2G:
    """Author or reader in the message header; ``kennung`` is "prefix:id" of the directory service."""

    verzeichnisdienst: Annotated[Code, El("verzeichnisdienst", None)]
    kennung: Annotated[str, El("kennung", None)]
    name: Annotated[str, El("name", None)]
    erreichbarkeit: Annotated[tuple[Erreichbarkeit, ...], El("erreichbarkeit", None)] = ()


@dataclass(frozen=True, slots=True)
class Kommunikation:
    """How a person or agency is reached (XAusländer: kind, address, remark)."""

    art: Annotated[Code, El("art")]
    zugangsinfo: Annotated[str, El("zugangsinfo")]
    bemerkung: Annotated[str | None, El("bemerkung")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ansprechpartner:
    """The contact person in the frame of group 07."""

    geschaeftszeichen: Annotated[str | None, El("geschaeftszeichen")] = None
    familienname: Annotated[Name | None, El("familienname")] = None
    vorname: Annotated[Name | None, El("vorname")] = None
    kontaktdaten: Annotated[tuple[Kommunikation, ...], El("kontaktdaten")]


@dataclass(frozen=True, slots=True)
class Behoerdenkennung:
    """The key of an agency in a directory: prefix and id, each a code with its own list."""

    praefix: Annotated[Code, El("praefix")]
    kennung: Annotated[Code, El("kennung")]


@dataclass(frozen=True, slots=True)
class Organisationseinheit:
    """A unit of an agency with its level in the hierarchy."""

    name: Annotated[str | None, El("name")] = None
    hierarchieebene: Annotated[int | None, El("hierarchieebene")] = None


@dataclass(frozen=True, slots=True)
class Behoerde:
    """An agency in the body of a message; every part may be missing."""

    bezeichnung: Annotated[str | None, El("bezeichnung")] = None
    kurzbezeichnung: Annotated[str | None, El("kurzbezeichnung")] = None
    behoerdenkennung: Annotated[Behoerdenkennung | None, El("behoerdenkennung")] = None
    organisationseinheit: Annotated[tuple[Organisationseinheit, ...], El("organisationseinheit")] = ()
    kommunikation: Annotated[tuple[Kommunikation, ...], El("kommunikation")] = ()


@dataclass(frozen=True, slots=True)
class Staat:
    """A nationality; ``staatsgebiet`` is to be ignored where a nationality is meant."""

    staatsangehoerigkeit: Annotated[Code, El("staatsangehoerigkeit")]
    staatsgebiet: Annotated[Code | None, El("staatsgebiet")] = None
