"""What agencies send, built from the message classes: frames, and one maker per message type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from adapters.testkit.people import Person
from messages import group07, group07_information, group08
from messages.codes import code, message_type
from messages.courses import Identifikation
from messages.frame import Message, Nachrichtenkopf, Rahmen
from messages.values import Ansprechpartner, BehoerdeG2G, Gebaeudeanschrift, Kommunikation, Name

PRODUCT: Final = "Muster-Fachverfahren"
PRODUCER: Final = "Musterhaus Software"
OFFICE_ADDRESS: Final = Gebaeudeanschrift(
    hausnummer="1", postleitzahl="90402", strasse="Rathausplatz", wohnort="Musterstadt"
)
_MAIL: Final = code("erreichbarkeit", "01")
_JOBCENTER_MAIL: Final = (Kommunikation(_MAIL, "integration@jobcenter.example"),)
#: The key is one that no office of the official list has; further keys pass an excerpt.
OFFICE: Final = group08.Dienststelle(
    nummer=code("dienststelle", "99901"), bezeichnung="Jobcenter Musterstadt", kontaktdaten=_JOBCENTER_MAIL
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Who sends to whom, and when; ``created`` is aware, ``answers`` the UUID of what is answered."""

    author: BehoerdeG2G
    reader: BehoerdeG2G
    uuid: str
    created: datetime
    test: str | None = "1"
    answers: str | None = None
    our_reference: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a message is about; ``further`` are fields of the message class beside that, by their names."""

    person: Person
    number: str | None = None
    further: Mapping[str, Any] = field(default_factory=dict)


def frame(message_number: str, head: Head) -> Rahmen:
    """The frame of a message of group 07."""
    return Rahmen(
        **_common(message_number, head),
        ansprechpartner=Ansprechpartner(
            geschaeftszeichen=head.our_reference,
            familienname=Name("Beispiel"),
            kontaktdaten=(Kommunikation(_MAIL, "sachbearbeitung@abh.example"),),
        ),
        ihr_zeichen=head.our_reference,
    )


def frame_tgs(
    message_number: str, head: Head, office: group08.Dienststelle | None = OFFICE
) -> group08.RahmenTGS:
    """The frame of a message of group 08."""
    return group08.RahmenTGS(
        **_common(message_number, head),
        geschaeftszeichen=head.our_reference,
        ansprechpartner=group08.AnsprechpartnerTGS(
            organisationszeichen="JC-1", familienname=Name("Beispiel"), kontaktdaten=_JOBCENTER_MAIL
        ),
        dienststelle_ba=office,
    )


def identified(person: Person, number: str) -> Identifikation:
    """The birth date of a person with the BAMF number of the case."""
    return Identifikation(person.personalien.geburtsdatum, number)


def further_data(person: Person) -> group07_information.WeitereAngaben:
    """What an authority says about a person it asks about."""
    data = person.angaben
    return group07_information.WeitereAngaben(
        data.azr_nummer, data.geburtsort, data.geburtsortbezirk, data.staatsangehoerigkeiten
    )


def further_data_tgs(person: Person) -> group08.WeitereAngabenTGS:
    """What a Jobcenter says about a person: nationalities and residence title."""
    return group08.WeitereAngabenTGS(person.angaben.staatsangehoerigkeiten, person.angaben.aufenthaltstitel)


def make(number: str, head: Head, subject: Subject) -> Message:
    """The message of a type such as "070001". Raises KeyError for a type that agencies do not send."""
    kind, content = _CONTENTS[number]
    build = frame_tgs if number.startswith("08") else frame
    message: Message = kind(rahmen=build(number, head), **{**content(head, subject), **subject.further})
    return message


def _common(message_number: str, head: Head) -> Mapping[str, Any]:
    return {
        "produkt": PRODUCT,
        "produkthersteller": PRODUCER,
        "produktversion": "1.0",
        "test": head.test,
        "kopf": Nachrichtenkopf(
            head.uuid, message_type(message_number), head.created, head.reader, head.author
        ),
        "anschrift_autor": OFFICE_ADDRESS,
        "ausloeser_uuid": head.answers,
    }


def _in_a_year(head: Head) -> date:
    return head.created.date() + timedelta(days=365)


def _report(_: Head, subject: Subject) -> Mapping[str, Any]:
    return {
        "personalien": subject.person.personalien,
        "bamfkennziffer": subject.number,
        "weitere_angaben": subject.person.angaben,
    }


def _report_tgs(head: Head, subject: Subject) -> Mapping[str, Any]:
    return {
        **_report(head, subject),
        "gueltig_bis": _in_a_year(head),
        "weitere_angaben": further_data_tgs(subject.person),
    }


def _about_case(_: Head, subject: Subject) -> Mapping[str, Any]:
    return {"identifikation": identified(subject.person, str(subject.number))}


_Content = Callable[[Head, Subject], Mapping[str, Any]]
_CONTENTS: Final[Mapping[str, tuple[Callable[..., Any], _Content]]] = MappingProxyType(
    {
        "070001": (
            group07.Teilnahmeberechtigung070001,
            lambda h, s: {**_report(h, s), "nur_orientierungskurs": False},
        ),
        "070007": (group07.Antwort070007, lambda _h, _s: {}),
        "070008": (
            group07.KeineEinfachenSprachkenntnisse070008,
            lambda h, s: {**_report(h, s), "nur_sprachkurs": False},
        ),
        "070009": (group07.KeineAusreichendenSprachkenntnisse070009, _report),
        "070010": (
            group07.BesondersIntegrationsbeduerftig070010,
            lambda h, s: {**_report(h, s), "gueltig_bis": _in_a_year(h)},
        ),
        "070011": (
            group07_information.Auskunftsersuchen070011,
            lambda h, s: {**_report(h, s), "weitere_angaben": further_data(s.person)},
        ),
        "070013": (
            group07_information.Kursteilnahme070013,
            lambda h, s: {**_about_case(h, s), "verlaengerung_at": False},
        ),
        "070016": (group07_information.Uebernahme070016, _about_case),
        "070019": (group07_information.Namensaenderung070019, _about_case),
        "070022": (
            group07_information.Auskunftssperre070022,
            lambda h, s: {**_about_case(h, s), "auskunftssperre_liegt_vor": True},
        ),
        "080001": (group08.Teilnahmezulassung080001, _report_tgs),
        "080010": (group08.Teilnahmeverpflichtung080010, _report_tgs),
        "080011": (
            group08.Auskunftsersuchen080011,
            lambda _h, s: {"personalien": s.person.personalien, "bamfkennziffer": s.number},
        ),
        "080013": (group08.Kursteilnahme080013, _about_case),
        "080016": (group08.Uebernahme080016, _about_case),
    }
)
"""Message class and what it says, by type. Fields that a case gives itself win."""
