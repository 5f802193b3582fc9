"""A record of a delivery (200002): the Federal Administration Office certifies who may take part."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from gateway.handlers.group07 import key_of
from gateway.plain import plain
from gateway.requests import Request, Sender, number_of
from messages.bva import Bescheinigung200002

RESETTLER: Final = "4"
"""The kind of right by the list artberechtigung."""


def _certificate(record: Bescheinigung200002, sender: Sender) -> Request:
    """Make the request of a record. Its nationalities are not sent: a resettler is German, or will be."""
    person = record.personalien
    return Request(
        art=RESETTLER,
        agency=sender.kennung,
        agency_name=sender.name,
        agency_type=sender.agency_type,
        key=key_of(person),
        surname=person.nachname.text,
        first_name=person.vorname.text,
        details=plain(person) | _certified(record),
        nationalities=frozenset(),
        received=sender.received,
        ref=sender.ref,
        postcode=person.anschrift.postleitzahl,
        number=number_of(record.bamfkennziffer),
    )


def _certified(record: Bescheinigung200002) -> dict[str, Any]:
    """Return what the certificate says beside the personal data."""
    said = {
        "aktenzeichen": record.aktenzeichen,
        "personenstatus": record.status,
        "bescheinigungsdatum": record.bescheinigungsdatum,
        "registrierscheinnummer": record.registrierscheinnummer,
    }
    return {name: plain(value) for name, value in said.items() if value is not None}


READERS: Final[Mapping[type[Any], Callable[[Any, Sender], Request]]] = {Bescheinigung200002: _certificate}
