"""Reports of a right by a Jobcenter: admission 080001, obligation 080010."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from gateway.handlers.group07 import key_of
from gateway.plain import plain
from gateway.requests import Request, Sender, number_of
from messages.group08 import Teilnahmeverpflichtung080010, Teilnahmezulassung080001


def _admission(message: Teilnahmezulassung080001, sender: Sender) -> Request:
    return _request("8", sender, message)


def _obligation(message: Teilnahmeverpflichtung080010, sender: Sender) -> Request:
    return _request("5", sender, message)


def _request(
    art: str, sender: Sender, message: Teilnahmezulassung080001 | Teilnahmeverpflichtung080010
) -> Request:
    person, further = message.personalien, message.weitere_angaben
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
        number=number_of(message.bamfkennziffer),
        title=further.aufenthaltstitel.code,
        sent_end=message.gueltig_bis,
    )


READERS: Final[Mapping[type[Any], Callable[[Any, Sender], Request]]] = {
    Teilnahmezulassung080001: _admission,
    Teilnahmeverpflichtung080010: _obligation,
}
