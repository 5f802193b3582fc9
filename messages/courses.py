"""What XAusländer 26.11 says about a case beyond the right itself: courses, tests, expired rights.

Shared by the information messages of the groups 07 and 08.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Annotated

from lxml import etree

from messages.binding import Codec, El, Known, codec_of, refuse, register
from messages.dialect import Dialect
from messages.group07 import BerechtigungVerpflichtung
from messages.leaves import DAY
from messages.values import (
    Ansprechpartner,
    Behoerde,
    Code,
    Gebaeudeanschrift,
    Kommunikation,
    PartialDate,
)


def _only_child(element: etree._Element, expected: str) -> etree._Element:
    if len(element) != 1:
        raise refuse(element, expected, f"{len(element)} elements")
    return element[0]


class KeinSchein(Enum):
    """The two answers about a certificate that name no right."""

    KEINE_INFORMATIONEN = "keineInformationenVorhanden"
    KURS_VOLLSTAENDIG = "integrationskursVollstaendig"


Schein = KeinSchein | BerechtigungVerpflichtung


def schein_codec(dialect: Dialect) -> Codec:
    """The choice of a right and one of two answers that name none."""
    right, inner = El("berechtigungVerpflichtungVorhanden"), codec_of(BerechtigungVerpflichtung, dialect)
    right_tag, right_written = right.names(dialect)
    names = {each: El(each.value).names(dialect) for each in KeinSchein}
    flags = {tag: each for each, (tag, _) in names.items()}
    written = {each: f"<{name}>true</{name}>" for each, (_, name) in names.items()}
    expected = " or ".join((*(each.value for each in KeinSchein), right.name))

    def parse(element: etree._Element) -> Schein:
        child = _only_child(element, expected)
        if child.tag == right_tag:
            found: BerechtigungVerpflichtung = inner.parse(child)
            return found
        flag = flags.get(str(child.tag))
        if flag is None:
            raise refuse(child, expected, "another element")
        return flag

    def write(name: str, value: Schein) -> str:
        content = written[value] if isinstance(value, KeinSchein) else inner.write(right_written, value)
        return f"<{name}>{content}</{name}>"

    return Codec(parse, write, {**dict.fromkeys(flags, Known()), right_tag: Known(inner.shape)})


@dataclass(frozen=True, slots=True)
class Kursende:
    """The end of a section: the day, and whether it is the real one or only expected."""

    tag: date
    tatsaechlich: bool


def _end(dialect: Dialect) -> Codec:
    real, foreseen = El("tatsaechlichesEndedatum"), El("voraussichtlichesEndedatum")
    expected = f"{foreseen.name} or {real.name}"
    (real_tag, real_written), (foreseen_tag, foreseen_written) = real.names(dialect), foreseen.names(dialect)

    def parse(element: etree._Element) -> Kursende:
        child = _only_child(element, expected)
        if child.tag not in (real_tag, foreseen_tag):
            raise refuse(child, expected, "another element")
        return Kursende(DAY.parse(child), child.tag == real_tag)

    def write(name: str, value: Kursende) -> str:
        inner = real_written if value.tatsaechlich else foreseen_written
        return f"<{name}>{DAY.write(inner, value.tag)}</{name}>"

    return Codec(parse, write, {real_tag: Known(), foreseen_tag: Known()})


register(Kursende, _end)


def _placement(dialect: Dialect) -> Codec:
    day, dispensable = El("einstufungstestdatum"), El("einstufungstestverzichtbar")
    expected = f"{day.name} or {dispensable.name}"
    (day_tag, day_written), (none_tag, none_written) = day.names(dialect), dispensable.names(dialect)

    def parse(element: etree._Element) -> date | None:
        child = _only_child(element, expected)
        if child.tag == day_tag:
            tested: date = DAY.parse(child)
            return tested
        if child.tag == none_tag:
            return None
        raise refuse(child, expected, "another element")

    def write(name: str, value: date | None) -> str:
        inner = f"<{none_written}>true</{none_written}>" if value is None else DAY.write(day_written, value)
        return f"<{name}>{inner}</{name}>"

    return Codec(parse, write, {day_tag: Known(), none_tag: Known()}, writes_none=True)


@dataclass(frozen=True, slots=True)
class Identifikation:
    """Names a case that is known on both sides."""

    geburtsdatum: Annotated[PartialDate, El("geburtsdatum")]
    bamfkennziffer: Annotated[str, El("bamfkennziffer")]


@dataclass(frozen=True, slots=True)
class Kurstraeger:
    """A course organiser."""

    traegerkennziffer: Annotated[str, El("traegerkennziffer")]
    name: Annotated[str, El("name")]
    anschrift: Annotated[Gebaeudeanschrift, El("anschrift")]
    kontaktdaten: Annotated[tuple[Kommunikation, ...], El("kontaktdaten")] = ()


@dataclass(frozen=True, slots=True)
class Kursort:
    """The place of a course."""

    kursortkennziffer: Annotated[str, El("kursortkennziffer")]
    anschrift: Annotated[Gebaeudeanschrift, El("anschrift")]
    ansprechpartner: Annotated[tuple[Ansprechpartner, ...], El("ansprechpartner")] = ()


@dataclass(frozen=True, slots=True)
class Kursanmeldung:
    """A registration; ``einstufungstest`` None means that no placement test is needed."""

    kursanmeldedatum: Annotated[date, El("kursanmeldedatum")]
    kurstraeger: Annotated[Kurstraeger, El("kurstraeger")]
    kursart: Annotated[Code | None, El("kursart")]
    kursabschnitt: Annotated[Code | None, El("kursabschnitt")]
    einstufungstest: Annotated[date | None, El("einstufungstest", codec=_placement)]


@dataclass(frozen=True, slots=True)
class Kursabschnitt:
    """A section of a course; the hours missed are known after it was billed only."""

    kurskennung: Annotated[str, El("kurskennung")]
    beginndatum: Annotated[date, El("beginndatum")]
    endedatum: Annotated[Kursende, El("endedatum")]
    kursabschnitt: Annotated[Code, El("kursabschnitt")]
    kursart: Annotated[Code, El("kursart")]
    kursort: Annotated[Kursort, El("kursort")]
    kurstraeger: Annotated[Kurstraeger, El("kurstraeger")]
    fehl_entschuldigt: Annotated[int | None, El("fehlEntschuldigt")] = None
    fehl_unentschuldigt: Annotated[int | None, El("fehlUnentschuldigt")] = None


@dataclass(frozen=True, slots=True)
class FruehererKursabschnitt:
    """A section from the time of an earlier right."""

    beginndatum: Annotated[date, El("beginndatum")]
    # The wire format gives the wrapper the name of one of its two possible children.
    endedatum: Annotated[Kursende, El("tatsaechlichesEndedatum")]
    kursabschnitt: Annotated[Code, El("kursabschnitt")]
    kursart: Annotated[Code, El("kursart")]


@dataclass(frozen=True, slots=True)
class Abschlusstest:
    """A final test that was taken, without its result."""

    testdatum: Annotated[date, El("testdatum")]
    kurstraeger: Annotated[Kurstraeger, El("kurstraeger")]


@dataclass(frozen=True, slots=True)
class AbgelaufeneVerpflichtung:
    """An obligation whose time is over."""

    ausstellende_behoerde: Annotated[Behoerde, El("ausstellendeBehoerde")]
    beginn: Annotated[date, El("beginnVerpflichtung")]
    ende: Annotated[date, El("endeVerpflichtung")]
    nicht_wahrgenommen: Annotated[bool, El("verpflichtungNichtWahrgenommen")]
    behoerdentyp: Annotated[Code | None, El("behoerdentyp")] = None


@dataclass(frozen=True, slots=True)
class Hinweis:
    """A note about one right."""

    # Here, and only here, the wire format writes a capital K.
    bamfkennziffer: Annotated[str, El("bamfKennziffer")]
    information_sachbearbeitung: Annotated[Code, El("informationSachbearbeitung")]
