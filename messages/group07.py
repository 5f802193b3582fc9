"""The messages of group 07 (immigration authority and BAMF) of XAusländer 26.11, 070001 to 070010."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, ClassVar, Final

from messages.binding import El, Inline
from messages.frame import Rahmen
from messages.leaves import FLAG
from messages.namespaces import XAUSLAENDER
from messages.values import (
    Behoerde,
    Code,
    Gebaeudeanschrift,
    Name,
    PartialDate,
    Staat,
    maybe_inside,
    text_or_unknown,
)

_GESCHLECHT: Final = maybe_inside(El("geschlecht"), Code)
_GEBURTSORT: Final = text_or_unknown(El("ort"), El("unbekannt"))


@dataclass(frozen=True, slots=True)
class Personalien:
    """The personal data of a report; ``geschlecht`` None means that the element is empty."""

    vorname: Annotated[Name, El("vorname")]
    nachname: Annotated[Name, El("nachname")]
    geschlecht: Annotated[Code | None, El("geschlecht", codec=_GESCHLECHT)]
    geburtsdatum: Annotated[PartialDate, El("geburtsdatum")]
    anschrift: Annotated[Gebaeudeanschrift, El("anschrift")]
    weiterer_nachname: Annotated[Name | None, El("weitererNachname")] = None
    geburtsname: Annotated[Name | None, El("geburtsname")] = None
    fruehere_nachnamen: Annotated[tuple[Name, ...], El("fruehererNachname")] = ()
    abweichende_schreibweisen_nachname: Annotated[
        tuple[Name, ...], El("abweichendeSchreibweiseNachname")
    ] = ()


@dataclass(frozen=True, slots=True)
class WeitereAngabenMitAufenthaltstitel:
    """Further data with the residence title.

    ``geburtsort`` None means unknown; ``auskunftssperre_liegt_vor`` False is written by leaving it out.
    """

    azr_nummer: Annotated[str, El("aZRNummer")]
    geburtsort: Annotated[str | None, El("geburtsort", codec=_GEBURTSORT)]
    geburtsortbezirk: Annotated[str | None, El("geburtsortbezirk")]
    staatsangehoerigkeiten: Annotated[tuple[Staat, ...], El("staatsangehoerigkeit")]
    aufenthaltstitel: Annotated[Code, El("aufenthaltstitel")]
    auskunftssperre_liegt_vor: Annotated[bool, El("auskunftssperreLiegtVor", codec=FLAG)] = False


@dataclass(frozen=True, slots=True)
class BerechtigungVerpflichtung:
    """A right as stored; ``gueltig_bis`` None means without end."""

    art: Annotated[Code, El("art")]
    bamfkennziffer: Annotated[str, El("bamfkennziffer")]
    gueltig_von: Annotated[date, El("gueltigVon")]
    gueltig_bis: Annotated[date | None, El("gueltigBis")]
    teilnahme_unbefristet: Annotated[bool, El("teilnahmeUnbefristet")]
    # The wire format of this type writes the element name without the second s.
    ausstellende_behoerde: Annotated[Behoerde, El("austellendeBehoerde")]


class _Group07:
    """What the roots of group 07 share."""

    __slots__ = ()
    standard: ClassVar[str] = "XAusländer"
    version: ClassVar[str] = "26.11"


def _root(name: str) -> str:
    return f"{{{XAUSLAENDER}}}{name}"


@dataclass(frozen=True, slots=True)
class Teilnahmeberechtigung070001(_Group07):
    """An immigration authority reports an entitlement."""

    message_type: ClassVar[str] = "070001"
    root: ClassVar[str] = _root("ABHBAMF.Teilnahmeberechtigung.070001")

    rahmen: Annotated[Rahmen, Inline()]
    personalien: Annotated[Personalien, El("personalien")]
    bamfkennziffer: Annotated[str | None, El("bamfkennziffer")]
    nur_orientierungskurs: Annotated[bool, El("nurOrientierungskurs")]
    weitere_angaben: Annotated[WeitereAngabenMitAufenthaltstitel, El("weitereAngaben")]


@dataclass(frozen=True, slots=True)
class Akzeptanz070003(_Group07):
    """BAMF accepts the right and names it as stored."""

    message_type: ClassVar[str] = "070003"
    root: ClassVar[str] = _root("BAMFABH.TeilnahmeberechtigungVerpflichtung.Akzeptanz.070003")

    rahmen: Annotated[Rahmen, Inline()]
    berechtigung_verpflichtung: Annotated[BerechtigungVerpflichtung, El("berechtigungVerpflichtung")]


@dataclass(frozen=True, slots=True)
class Dublette070004(_Group07):
    """BAMF suspects that the person is known already."""

    message_type: ClassVar[str] = "070004"
    root: ClassVar[str] = _root("BAMFABH.Dublette.070004")

    rahmen: Annotated[Rahmen, Inline()]
    information_sachbearbeitung: Annotated[Code, El("informationSachbearbeitung")]


@dataclass(frozen=True, slots=True)
class NichtMoeglich070005(_Group07):
    """BAMF refuses the right and says why."""

    message_type: ClassVar[str] = "070005"
    root: ClassVar[str] = _root("BAMFABH.BerechtigungVerpflichtungNichtMoeglich.070005")

    rahmen: Annotated[Rahmen, Inline()]
    ablehnungsgrund: Annotated[Code, El("ablehnungsgrund")]
    beschreibung: Annotated[str, El("beschreibung")]
    aktuelle_berechtigung_verpflichtung: Annotated[
        BerechtigungVerpflichtung | None, El("aktuelleBerechtigungVerpflichtung")
    ]
    kann_uebernommen_werden: Annotated[bool, El("kannUebernommenWerden")]
    information_sachbearbeitung: Annotated[tuple[Code, ...], El("informationSachbearbeitung")] = ()


@dataclass(frozen=True, slots=True)
class Anfrage070006(_Group07):
    """BAMF asks whether the obligation shall replace the entitlement."""

    message_type: ClassVar[str] = "070006"
    root: ClassVar[str] = _root("BAMFABH.VerpflichtungErsetztBerechtigung.Anfrage.070006")

    rahmen: Annotated[Rahmen, Inline()]
    nachfragegrund: Annotated[Code, El("nachfragegrund")]
    beschreibung: Annotated[str, El("beschreibung")]
    aktuelle_berechtigung: Annotated[BerechtigungVerpflichtung, El("aktuelleBerechtigung")]


@dataclass(frozen=True, slots=True)
class Antwort070007(_Group07):
    """The authority's yes or no to 070006, matched by ``rahmen.ausloeser_uuid``."""

    message_type: ClassVar[str] = "070007"
    root: ClassVar[str] = _root("ABHBAMF.VerpflichtungErsetztBerechtigung.Antwort.070007")

    rahmen: Annotated[Rahmen, Inline()]
    entscheidung: Annotated[bool, El("entscheidung")]


@dataclass(frozen=True, slots=True)
class KeineEinfachenSprachkenntnisse070008(_Group07):
    """An obligation for lack of simple knowledge of German (section 44a (1) sentence 1 no. 1a AufenthG)."""

    message_type: ClassVar[str] = "070008"
    root: ClassVar[str] = _root("ABHBAMF.TeilnahmeverpflichtungKeineEinfachenSprachkenntnisse.070008")

    rahmen: Annotated[Rahmen, Inline()]
    personalien: Annotated[Personalien, El("personalien")]
    bamfkennziffer: Annotated[str | None, El("bamfkennziffer")]
    nur_sprachkurs: Annotated[bool, El("nurSprachkurs")]
    weitere_angaben: Annotated[WeitereAngabenMitAufenthaltstitel, El("weitereAngaben")]


@dataclass(frozen=True, slots=True)
class KeineAusreichendenSprachkenntnisse070009(_Group07):
    """An obligation for lack of sufficient knowledge of German (section 44a (1) sentence 1 no. 1b)."""

    message_type: ClassVar[str] = "070009"
    root: ClassVar[str] = _root("ABHBAMF.TeilnahmeverpflichtungKeineAusreichendenSprachkenntnisse.070009")

    rahmen: Annotated[Rahmen, Inline()]
    personalien: Annotated[Personalien, El("personalien")]
    bamfkennziffer: Annotated[str | None, El("bamfkennziffer")]
    weitere_angaben: Annotated[WeitereAngabenMitAufenthaltstitel, El("weitereAngaben")]


@dataclass(frozen=True, slots=True)
class BesondersIntegrationsbeduerftig070010(_Group07):
    """An obligation of a person in special need of integration (section 44a (1) sentence 1 no. 3)."""

    message_type: ClassVar[str] = "070010"
    root: ClassVar[str] = _root("ABHBAMF.TeilnahmeverpflichtungBesondersIntegrationsbeduerftig.070010")

    rahmen: Annotated[Rahmen, Inline()]
    personalien: Annotated[Personalien, El("personalien")]
    bamfkennziffer: Annotated[str | None, El("bamfkennziffer")]
    gueltig_bis: Annotated[date, El("gueltigBis")]
    weitere_angaben: Annotated[WeitereAngabenMitAufenthaltstitel, El("weitereAngaben")]


MESSAGES: Final[tuple[type[Any], ...]] = (
    Teilnahmeberechtigung070001,
    Akzeptanz070003,
    Dublette070004,
    NichtMoeglich070005,
    Anfrage070006,
    Antwort070007,
    KeineEinfachenSprachkenntnisse070008,
    KeineAusreichendenSprachkenntnisse070009,
    BesondersIntegrationsbeduerftig070010,
)
