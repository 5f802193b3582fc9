"""Which regional office is competent, and how the answer names it."""

from collections.abc import Mapping
from typing import Protocol

from messages.codes import code
from messages.values import Ansprechpartner, Erreichbarkeit, Kommunikation, Name
from store.engine import Store
from store.records import OfficeRecord

PHONE, EMAIL = "02", "01"
"""Channel codes of the list erreichbarkeit."""


class OfficeSource(Protocol):
    """Where the office directory is read from. Both methods raise StoreUnavailable."""

    def office_for(self, postcode: str) -> OfficeRecord | None:
        """Return the office whose ranges hold a German postcode."""

    def offices(self) -> list[OfficeRecord]:
        """Return all offices."""


def competent_office(source: OfficeSource, postcode: str, fallback: str | None) -> OfficeRecord | None:
    """Return the office for the postcode of the person's address, else the operator's fallback, else None."""
    found = source.office_for(postcode)
    if found is None and fallback is not None:
        found = next((office for office in source.offices() if office.id == fallback), None)
    return found


def contact_of(office: OfficeRecord | None, own: tuple[Erreichbarkeit, ...]) -> Ansprechpartner:
    """Return the contact for the frame of 070004: the office's, without one the answering agency's own."""
    if office is not None:
        ways = _ways(office.contact)
        if ways:
            return Ansprechpartner(familienname=Name(office.name), kontaktdaten=ways)
    return Ansprechpartner(
        kontaktdaten=tuple(Kommunikation(code("erreichbarkeit", way.kanal.code), way.kennung) for way in own)
    )


def _ways(contact: Mapping[str, object]) -> tuple[Kommunikation, ...]:
    named = ((PHONE, contact.get("phone")), (EMAIL, contact.get("email")))
    return tuple(Kommunikation(code("erreichbarkeit", way), str(value)) for way, value in named if value)


class OfficeFinder:
    """Finds competent offices in the store's directory; `fallback` is the id for postcodes nobody holds."""

    def __init__(self, store: Store, fallback: str | None) -> None:
        self._store = store
        self._fallback = fallback

    def find(self, postcode: str) -> OfficeRecord | None:
        """Return the office competent for a German postcode. Raises StoreUnavailable."""
        with self._store.read() as reader:
            return competent_office(reader, postcode, self._fallback)
