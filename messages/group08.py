"""The messages of group 08 (Jobcenter and BAMF) of XAusländer 26.11.

The numbers 080002 and 080006 to 080009 do not exist: a Jobcenter is never asked.
"""

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
from messages.frame import Fachrahmen
from messages.group07 import BerechtigungVerpflichtung, Personalien
from messages.leaves import FLAG
from messages.namespaces import XAUSLAENDER
from messages.values import Behoerde, Code, Kommunikation, Name, Staat


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsprechpartnerTGS:
    """The contact person in the frame of group 08."""

    organisationszeichen: Annotated[str | None, El("organisationszeichen")] = None
    familienname: Annotated[Name | None, El("familienname")] = None
    vorname: Annotated[Name | None, El("vorname")] = None
    kontaktdaten: Annotated[tuple[Kommunikation, ...], El("kontaktdaten")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dienststelle:
    """An office of the Federal Employment Agency or of a municipality that does its work."""

    nummer: Annotated[Code, El("dstNummer")]
    bezeichnung: Annotated[str | None, El("dstBezeichnung")] = None
    kontaktdaten: Annotated[tuple[Kommunikation, ...], El("kontaktdaten")]


@dataclass(frozen=True, slots=True, kw_only=True)
class RahmenTGS(Fachrahmen):
    """The frame of group 08."""

    geschaeftszeichen: Annotated[str | None, El("geschaeftszeichen")] = None
    ansprechpartner: Annotated[AnsprechpartnerTGS | None, El("ansprechpartner")] = None
    dienststelle_ba: Annotated[Dienststelle | None, El("dienststelleBA")] = None


@dataclass(frozen=True, slots=True)
class WeitereAngabenTGS:
    """Further data of a Jobcenter: no AZR number, no birthplace, no disclosure block."""

    staatsangehoerigkeiten: Annotated[tuple[Staat, ...], El("staatsangehoerigkeit")]
    aufenthaltstitel: Annotated[Code, El("aufenthaltstitel")]


@dataclass(frozen=True, slots=True)
class ZulassungVerpflichtung:
    """A right as stored for a Jobcenter; unlike one of group 07 it always ends on a day."""

    art: Annotated[Code, El("art")]
    bamfkennziffer: Annotated[str, El("bamfkennziffer")]
    gueltig_von: Annotated[date, El("gueltigVon")]
    gueltig_bis: Annotated[date, El("gueltigBis")]
    teilnahme_unbefristet: Annotated[bool, El("teilnahmeUnbefristet")]
    # The wire format of this type writes the element name without the second s.
    ausstellende_behoerde: Annotated[Behoerde, El("austellendeBehoerde")]


@dataclass(frozen=True, slots=True)
class Sprachtest(Abschlusstest):
    """A language test with its result in detail; points are text, "x von y"."""

    testart: Annotated[Code, El("abschlusstestart")]
    gesamtergebnis: Annotated[Code | None, El("gesamtergebnis")] = None
    ergebnis_hoeren: Annotated[Code | None, El("ergebnisHoeren")] = None
    fertigkeit_hoeren: Annotated[str | None, El("fertigkeitHoeren")] = None
    ergebnis_schreiben: Annotated[Code | None, El("ergebnisSchreiben")] = None
    fertigkeit_schreiben: Annotated[str | None, El("fertigkeitSchreiben")] = None
    ergebnis_sprechen: Annotated[Code | None, El("ergebnisSprechen")] = None
    fertigkeit_sprechen: Annotated[str | None, El("fertigkeitSprechen")] = None


class _Group08:
    """What the roots of group 08 share."""

    __slots__ = ()
    standard: ClassVar[str] = "XAusländer"
    version: ClassVar[str] = "26.11"


def _root(name: str) -> str:
    return f"{{{XAUSLAENDER}}}{name}"


@dataclass(frozen=True, slots=True)
class Teilnahmezulassung080001(_Group08):
    """A Jobcenter admits a person to the course."""

    message_type: ClassVar[str] = "080001"
    root: ClassVar[str] = _root("TGSBAMF.Teilnahmezulassung.080001")

    rahmen: Annotated[RahmenTGS, Inline()]
    personalien: Annotated[Personalien, El("personalien")]
    bamfkennziffer: Annotated[str | None, El("bamfkennziffer")]
    gueltig_bis: Annotated[date, El("gueltigBis")]
    weitere_angaben: Annotated[WeitereAngabenTGS, El("weitereAngaben")]


@dataclass(frozen=True, slots=True)
class Akzeptanz080003(_Group08):
    """BAMF accepts the right, names it as stored, and the one it replaced."""

    message_type: ClassVar[str] = "080003"
    root: ClassVar[str] = _root("BAMFTGS.ZulassungVerpflichtung.Akzeptanz.080003")

    rahmen: Annotated[RahmenTGS, Inline()]
    zulassung_verpflichtung: Annotated[ZulassungVerpflichtung, El("zulassungVerpflichtung")]
    abgeloeste_berechtigung: Annotated[BerechtigungVerpflichtung | None, El("abgeloesteBerechtigung")] = None
    information_sachbearbeitung: Annotated[tuple[Code, ...], El("informationSachbearbeitung")] = ()


@dataclass(frozen=True, slots=True)
class Dublette080004(_Group08):
    """BAMF suspects that the person is known already."""

    message_type: ClassVar[str] = "080004"
    root: ClassVar[str] = _root("BAMFTGS.Dublette.080004")

    rahmen: Annotated[RahmenTGS, Inline()]
    information_sachbearbeitung: Annotated[Code, El("informationSachbearbeitung")]


@dataclass(frozen=True, slots=True)
class NichtMoeglich080005(_Group08):
    """BAMF refuses the right and says why."""

    message_type: ClassVar[str] = "080005"
    root: ClassVar[str] = _root("BAMFTGS.ZulassungVerpflichtungNichtMoeglich.080005")

    rahmen: Annotated[RahmenTGS, Inline()]
    ablehnungsgrund: Annotated[Code, El("ablehnungsgrund")]
    beschreibung: Annotated[str, El("beschreibung")]
    aktuelle_berechtigung_verpflichtung: Annotated[
        BerechtigungVerpflichtung | None, El("aktuelleBerechtigungVerpflichtung")
    ]
    kann_uebernommen_werden: Annotated[bool, El("kannUebernommenWerden")]
    information_sachbearbeitung: Annotated[tuple[Code, ...], El("informationSachbearbeitung")] = ()


@dataclass(frozen=True, slots=True)
class Teilnahmeverpflichtung080010(_Group08):
    """A Jobcenter obliges a person to take part."""

    message_type: ClassVar[str] = "080010"
    root: ClassVar[str] = _root("TGSBAMF.Teilnahmeverpflichtung.080010")

    rahmen: Annotated[RahmenTGS, Inline()]
    personalien: Annotated[Personalien, El("personalien")]
    bamfkennziffer: Annotated[str | None, El("bamfkennziffer")]
    gueltig_bis: Annotated[date, El("gueltigBis")]
    weitere_angaben: Annotated[WeitereAngabenTGS, El("weitereAngaben")]


@dataclass(frozen=True, slots=True)
class Auskunftsersuchen080011(_Group08):
    """A Jobcenter asks whether a person has a right."""

    message_type: ClassVar[str] = "080011"
    root: ClassVar[str] = _root("TGSBAMF.BerechtigungVerpflichtungAuskunftsersuchen.080011")

    rahmen: Annotated[RahmenTGS, Inline()]
    personalien: Annotated[Personalien, El("personalien")]
    bamfkennziffer: Annotated[str | None, El("bamfkennziffer")] = None


@dataclass(frozen=True, slots=True)
class Berechtigungsscheininhalt080012(_Group08):
    """BAMF says whether there is a right, and which."""

    message_type: ClassVar[str] = "080012"
    root: ClassVar[str] = _root("BAMFTGS.Berechtigungsscheininhalt.080012")

    rahmen: Annotated[RahmenTGS, Inline()]
    schein: Annotated[Schein, El("informationBerechtigungsschein", codec=schein_codec)]
    information_sachbearbeiter: Annotated[Code, El("informationSachbearbeiter")]
    kann_uebernommen_werden: Annotated[bool, El("kannUebernommenWerden")]
    information_sachbearbeitung: Annotated[tuple[Code, ...], El("informationSachbearbeitung")] = ()


@dataclass(frozen=True, slots=True)
class Kursteilnahme080013(_Group08):
    """A Jobcenter asks about the participation of a person it admitted or obliged."""

    message_type: ClassVar[str] = "080013"
    root: ClassVar[str] = _root("TGSBAMF.AuskunftsersuchenKursteilnahmeZugelassenerVerpflichteter.080013")

    rahmen: Annotated[RahmenTGS, Inline()]
    identifikation: Annotated[Identifikation, El("identifikation")]


@dataclass(frozen=True, slots=True)
class AuskunftNichtMoeglich080014(_Group08):
    """BAMF tells nothing about the participation and says why."""

    message_type: ClassVar[str] = "080014"
    root: ClassVar[str] = _root("BAMFTGS.AuskunftKursteilnahmeNichtMoeglich.080014")

    rahmen: Annotated[RahmenTGS, Inline()]
    grund_code: Annotated[Code, El("grundCode")]
    grund: Annotated[str | None, El("grund")] = None


@dataclass(frozen=True, slots=True)
class Auskunft080015(_Group08):
    """BAMF tells about the participation, with the results of language tests; no mark of success."""

    message_type: ClassVar[str] = "080015"
    root: ClassVar[str] = _root("BAMFTGS.AuskunftKursteilnahme.080015")

    rahmen: Annotated[RahmenTGS, Inline()]
    kursabbruch: Annotated[bool, El("kursabbruch", codec=FLAG)] = False
    anmeldung: Annotated[Kursanmeldung | None, El("kursanmeldedaten")] = None
    abschnitte: Annotated[tuple[Kursabschnitt, ...], El("kursabschnittsdaten")] = ()
    tests_sprache: Annotated[tuple[Sprachtest, ...], El("datenAbschlusstestSprache")] = ()
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
class Uebernahme080016(_Group08):
    """A Jobcenter takes over the obligation of another agency and asks about the course."""

    message_type: ClassVar[str] = "080016"
    root: ClassVar[str] = _root("TGSBAMF.VerpflichtungUebernahmeAuskunft.080016")

    rahmen: Annotated[RahmenTGS, Inline()]
    identifikation: Annotated[Identifikation, El("identifikation")]


@dataclass(frozen=True, slots=True)
class UebernahmeNichtMoeglich080017(_Group08):
    """BAMF refuses the takeover, with a reason as key and in words."""

    message_type: ClassVar[str] = "080017"
    root: ClassVar[str] = _root("BAMFTGS.VerpflichtungUebernahmeNichtMoeglich.080017")

    rahmen: Annotated[RahmenTGS, Inline()]
    grund_code: Annotated[Code, El("grundCode")]
    grund: Annotated[str, El("grund")]


MESSAGES: Final[tuple[type[Any], ...]] = (
    Teilnahmezulassung080001,
    Akzeptanz080003,
    Dublette080004,
    NichtMoeglich080005,
    Teilnahmeverpflichtung080010,
    Auskunftsersuchen080011,
    Berechtigungsscheininhalt080012,
    Kursteilnahme080013,
    AuskunftNichtMoeglich080014,
    Auskunft080015,
    Uebernahme080016,
    UebernahmeNichtMoeglich080017,
)
