"""The inquiry whether a person has a right (070011, 080011), as it is read for the first time and again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.handlers.group07 import key_of
from gateway.information.log import Asker
from gateway.later import RequestGoneError
from gateway.normalise import PersonKey
from gateway.plain import plain
from gateway.requests import number_of
from gateway.tools import Tools
from gateway.trust.canonical import read_canonical
from messages.frame import Fachrahmen
from messages.group07 import Personalien
from messages.group07_information import Auskunftsersuchen070011, Berechtigungsscheininhalt070012
from messages.group08 import Auskunftsersuchen080011, Berechtigungsscheininhalt080012
from store.records import MessageRef
from store.unit import UnitOfWork

ANSWERS: Final[Mapping[type[Any], type[Any]]] = {
    Auskunftsersuchen070011: Berechtigungsscheininhalt070012,
    Auskunftsersuchen080011: Berechtigungsscheininhalt080012,
}
"""Which message answers which inquiry."""
INQUIRIES: Final = frozenset(message.message_type for message in ANSWERS)
"""The message types of inquiries."""


@dataclass(frozen=True, slots=True)
class Inquiry:
    """Who asks about whom. `number` is the identification number as it is compared, None where none is known.

    `details` are the personal data as JSON, `answer_class` is the message that answers.
    """

    asker: Asker
    key: PersonKey
    surname: str | None
    first_name: str | None
    details: Mapping[str, Any]
    postcode: str
    number: str | None
    answer_class: type[Any]

    @property
    def ref(self) -> MessageRef:
        """Return the name of the stored message."""
        return MessageRef(self.asker.party_id, self.asker.uuid)


@dataclass(frozen=True, slots=True)
class StoredInquiry:
    """A registered inquiry, read again; `door` is the way it came."""

    inquiry: Inquiry
    frame: Fachrahmen
    door: str


def read_inquiry(message: Any, asker: Asker) -> Inquiry:
    """Make an inquiry of its message and its sender."""
    person: Personalien = message.personalien
    further = getattr(message, "weitere_angaben", None)
    return Inquiry(
        asker=asker,
        key=key_of(person),
        surname=person.nachname.text,
        first_name=person.vorname.text,
        details=plain(person) | ({} if further is None else plain(further)),
        postcode=person.anschrift.postleitzahl,
        number=number_of(message.bamfkennziffer),
        answer_class=ANSWERS[type(message)],
    )


def stored_inquiry(work: UnitOfWork, tools: Tools, ref: MessageRef) -> StoredInquiry:
    """Read a registered inquiry again. Raises RequestGoneError."""
    stored = work.request_document(ref)
    if stored is None:
        raise RequestGoneError(f"no stored inquiry {ref.uuid} of {ref.party_id}")
    canonical, _, door = stored
    message = tools.messages.parse(read_canonical(canonical))
    frame = message.rahmen
    if type(message) not in ANSWERS or not isinstance(frame, Fachrahmen):
        raise RequestGoneError(f"message {ref.uuid} is no inquiry")
    party = tools.parties.party(ref.party_id)
    asker = Asker(
        ref.party_id,
        frame.kopf.autor.name if party is None else party.name,
        "" if party is None else party.agency_type,
        ref.uuid,
        message.message_type,
    )
    return StoredInquiry(read_inquiry(message, asker), frame, door)
