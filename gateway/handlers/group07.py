"""Reports of a right by an immigration authority: entitlement 070001, obligations 070008, 070009, 070010."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final, Protocol

from gateway.normalise import PersonKey, name_key
from gateway.plain import plain
from gateway.requests import Request, Sender, number_of
from messages.group07 import (
    BesondersIntegrationsbeduerftig070010,
    KeineAusreichendenSprachkenntnisse070009,
    KeineEinfachenSprachkenntnisse070008,
    Personalien,
    Teilnahmeberechtigung070001,
    WeitereAngabenMitAufenthaltstitel,
)
from messages.values import Code, Name, PartialDate


def _entitlement(message: Teilnahmeberechtigung070001, sender: Sender) -> Request:
    return _request(
        "1a",
        sender,
        message.personalien,
        message.weitere_angaben,
        message.bamfkennziffer,
        only_orientation=message.nur_orientierungskurs,
    )


def _no_simple_german(message: KeineEinfachenSprachkenntnisse070008, sender: Sender) -> Request:
    return _request(
        "1b",
        sender,
        message.personalien,
        message.weitere_angaben,
        message.bamfkennziffer,
        only_language=message.nur_sprachkurs,
    )


def _no_sufficient_german(message: KeineAusreichendenSprachkenntnisse070009, sender: Sender) -> Request:
    return _request("1b", sender, message.personalien, message.weitere_angaben, message.bamfkennziffer)


def _special_need(message: BesondersIntegrationsbeduerftig070010, sender: Sender) -> Request:
    return _request(
        "2",
        sender,
        message.personalien,
        message.weitere_angaben,
        message.bamfkennziffer,
        sent_end=message.gueltig_bis,
    )


def _request(
    art: str,
    sender: Sender,
    person: Personalien,
    further: WeitereAngabenMitAufenthaltstitel,
    number: str | None,
    *,
    only_orientation: bool = False,
    only_language: bool = False,
    sent_end: date | None = None,
) -> Request:
    return Request(
        art=art,
        agency=sender.kennung,
        agency_name=sender.name,
        agency_type=sender.agency_type,
        key=key_of(person),
        surname=person.nachname.text,
        first_name=person.vorname.text,
        details=plain(person) | plain(further),
        nationalities=frozenset(state.staatsangehoerigkeit.code for state in further.staatsangehoerigkeiten),
        received=sender.received,
        ref=sender.ref,
        postcode=person.anschrift.postleitzahl,
        number=number_of(number),
        title=further.aufenthaltstitel.code,
        only_orientation=only_orientation,
        only_language=only_language,
        sent_end=sent_end,
        blocked=further.auskunftssperre_liegt_vor,
    )


class Named(Protocol):
    """What of a person is compared, whatever message it stands in."""

    @property
    def nachname(self) -> Name:
        """Return the surname."""

    @property
    def vorname(self) -> Name:
        """Return the first name."""

    @property
    def geburtsdatum(self) -> PartialDate:
        """Return the birth date."""

    @property
    def geschlecht(self) -> Code | None:
        """Return the gender, None where the element is empty."""


def key_of(person: Named) -> PersonKey:
    """Return what of a reported person is compared."""
    return PersonKey(
        name_key(person.nachname.text),
        name_key(person.vorname.text),
        person.geburtsdatum.iso,
        "" if person.geschlecht is None else person.geschlecht.code,
    )


READERS: Final[Mapping[type[Any], Callable[[Any, Sender], Request]]] = {
    Teilnahmeberechtigung070001: _entitlement,
    KeineEinfachenSprachkenntnisse070008: _no_simple_german,
    KeineAusreichendenSprachkenntnisse070009: _no_sufficient_german,
    BesondersIntegrationsbeduerftig070010: _special_need,
}
