"""The messages of group 07 of XAusländer 26.11 about known cases: 070011 to 070017, 070019 and 070022."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, ClassVar, Final

from messages.binding import El, Inline
from messages.courses import (
    AbgelaufeneVerpflichtung,
    Abschlusstest,
    FruehererKursabschnitt,
    Hinweis,
    Identifikation,
    Kursabschnitt,
    Kursanmeldung,
    Schein,
    schein_codec,
)
from messages.frame import Rahmen
from messages.group07 import Personalien
from messages.leaves import FLAG
from messages.namespaces import XAUSLAENDER
from messages.values import Code, Name, Staat, text_or_unknown

_GEBURTSORT: Final = text_or_unknown(El("ort"), El("unbekannt"))


@dataclass(frozen=True, slots=True)
class WeitereAngaben:
    """Further data without residence title; ``geburtsort`` None means unknown."""

    azr_nummer: Annotated[str, El("aZRNummer")]
    geburtsort: Annotated[str | None, El("geburtsort", codec=_GEBURTSORT)]
    geburtsortbezirk: Annotated[str | None, El("geburtsortbezirk")]
    staatsangehoerigkeiten: Annotated[tuple[Staat, ...], El("staatsangehoerigkeit")]


@dataclass(frozen=True, slots=True)
class Kursabschluss:
    """The end of the course, with success or without."""

    erfolgreich: Annotated[bool, El("erfolgreichAbgeschlossen")]


class _Group07:
    """What the roots of group 07 share."""

    __slots__ = ()
    standard: ClassVar[str] = "XAusländer"
    version: ClassVar[str] = "26.11"


def _root(name: str) -> str:
    return f"{{{XAUSLAENDER}}}{name}"


@dataclass(frozen=True, slots=True)
class Auskunftsersuchen070011(_Group07):
    """An immigration authority asks whether a person has a right."""

    message_type: ClassVar[str] = "070011"
    root: ClassVar[str] = _root("ABHBAMF.BerechtigungVerpflichtungAuskunftsersuchen.070011")

    rahmen: Annotated[Rahmen, Inline()]
    personalien: Annotated[Personalien, El("personalien")]
    bamfkennziffer: Annotated[str | None, El("bamfkennziffer")]
    weitere_angaben: Annotated[WeitereAngaben, El("weitereAngaben")]


@dataclass(frozen=True, slots=True)
class Berechtigungsscheininhalt070012(_Group07):
    """BAMF says whether there is a right, and which."""

    message_type: ClassVar[str] = "070012"
    root: ClassVar[str] = _root("BAMFABH.Berechtigungsscheininhalt.070012")

    rahmen: Annotated[Rahmen, Inline()]
    schein: Annotated[Schein, El("informationBerechtigungsschein", codec=schein_codec)]
    information_sachbearbeiter: Annotated[Code, El("informationSachbearbeiter")]
    kann_uebernommen_werden: Annotated[bool, El("kannUebernommenWerden")]
    information_sachbearbeitung: Annotated[tuple[Code, ...], El("informationSachbearbeitung")] = ()


@dataclass(frozen=True, slots=True)
class Kursteilnahme070013(_Group07):
    """An immigration authority asks about the participation of an obliged person."""

    message_type: ClassVar[str] = "070013"
    root: ClassVar[str] = _root("ABHBAMF.AuskunftsersuchenKursteilnahmeVerpflichteter.070013")

    rahmen: Annotated[Rahmen, Inline()]
    identifikation: Annotated[Identifikation, El("identifikation")]
    verlaengerung_at: Annotated[bool, El("verlaengerungAT")]


@dataclass(frozen=True, slots=True)
class AuskunftNichtMoeglich070014(_Group07):
    """BAMF tells nothing about the participation and says why."""

    message_type: ClassVar[str] = "070014"
    root: ClassVar[str] = _root("BAMFABH.AuskunftKursteilnahmeNichtMoeglich.070014")

    rahmen: Annotated[Rahmen, Inline()]
    grund_code: Annotated[Code, El("grundCode")]
    grund: Annotated[str | None, El("grund")] = None


@dataclass(frozen=True, slots=True)
class Auskunft070015(_Group07):
    """BAMF tells about the participation; of tests the days only."""

    message_type: ClassVar[str] = "070015"
    root: ClassVar[str] = _root("BAMFABH.AuskunftKursteilnahme.070015")

    rahmen: Annotated[Rahmen, Inline()]
    kursabbruch: Annotated[bool, El("kursabbruch", codec=FLAG)] = False
    kursabschluss: Annotated[Kursabschluss | None, El("kursabschluss")] = None
    anmeldung: Annotated[Kursanmeldung | None, El("kursanmeldedaten")] = None
    abschnitte: Annotated[tuple[Kursabschnitt, ...], El("kursabschnittsdaten")] = ()
    tests_sprache: Annotated[tuple[Abschlusstest, ...], El("datenAbschlusstestSprache")] = ()
    tests_orientierung: Annotated[tuple[Abschlusstest, ...], El("datenAbschlusstestOrientierung")] = ()
    abgelaufen: Annotated[
        tuple[AbgelaufeneVerpflichtung, ...], El("abgelaufeneBerechtigungVerpflichtung")
    ] = ()
    fruehere_anmeldungen: Annotated[tuple[date, ...], El("datumFruehereKursanmeldung")] = ()
    fruehere_abschnitte: Annotated[tuple[FruehererKursabschnitt, ...], El("fruehereKursabschnittsdaten")] = ()
    fruehere_tests_sprache: Annotated[tuple[date, ...], El("datumFruehererAbschlusstestSprache")] = ()
    fruehere_tests_orientierung: Annotated[
        tuple[date, ...], El("datumFruehererAbschlusstestOrientierung")
    ] = ()
    hinweise: Annotated[tuple[Hinweis, ...], El("informationBerechtigungVerpflichtung")] = ()


@dataclass(frozen=True, slots=True)
class Uebernahme070016(_Group07):
    """An immigration authority takes over the obligation of another agency and asks about the course."""

    message_type: ClassVar[str] = "070016"
    root: ClassVar[str] = _root("ABHBAMF.UebernahmeAuskunft.070016")

    rahmen: Annotated[Rahmen, Inline()]
    identifikation: Annotated[Identifikation, El("identifikation")]


@dataclass(frozen=True, slots=True)
class UebernahmeNichtMoeglich070017(_Group07):
    """BAMF refuses the takeover; here, unlike in group 08, even the reason may be missing."""

    message_type: ClassVar[str] = "070017"
    root: ClassVar[str] = _root("BAMFABH.UebernahmeNichtMoeglich.070017")

    rahmen: Annotated[Rahmen, Inline()]
    grund_code: Annotated[Code | None, El("grundCode")] = None
    grund: Annotated[str | None, El("grund")] = None


@dataclass(frozen=True, slots=True)
class Namensaenderung070019(_Group07):
    """An immigration authority reports a new surname."""

    message_type: ClassVar[str] = "070019"
    root: ClassVar[str] = _root("ABHBAMF.Namensaenderung.070019")

    rahmen: Annotated[Rahmen, Inline()]
    identifikation: Annotated[Identifikation, El("identifikation")]
    neuer_nachname: Annotated[Name, El("neuerNachname")]


@dataclass(frozen=True, slots=True)
class Auskunftssperre070022(_Group07):
    """An immigration authority reports a disclosure block, or (False) that there is none any more."""

    message_type: ClassVar[str] = "070022"
    root: ClassVar[str] = _root("ABHBAMF.Auskunftssperre.070022")

    rahmen: Annotated[Rahmen, Inline()]
    identifikation: Annotated[Identifikation, El("identifikation")]
    auskunftssperre_liegt_vor: Annotated[bool, El("auskunftssperreLiegtVor", codec=FLAG)] = False


MESSAGES: Final[tuple[type[Any], ...]] = (
    Auskunftsersuchen070011,
    Berechtigungsscheininhalt070012,
    Kursteilnahme070013,
    AuskunftNichtMoeglich070014,
    Auskunft070015,
    Uebernahme070016,
    UebernahmeNichtMoeglich070017,
    Namensaenderung070019,
    Auskunftssperre070022,
)
