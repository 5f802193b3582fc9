"""Which regional office is competent, and how the answer names it."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Protocol

from gateway.clock import Clock
from gateway.held import Held
from messages.codes import code
from messages.values import Ansprechpartner, Erreichbarkeit, Kommunikation, Name
from store.engine import Store
from store.records import OfficeRecord, PostcodeRange

PHONE, EMAIL = "02", "01"
"""Channel codes of the list erreichbarkeit."""


class OfficeSource(Protocol):
    """What the office directory is read from."""

    def __call__(self) -> tuple[Sequence[OfficeRecord], Sequence[PostcodeRange]]:
        """Return all offices, and which postcodes belong to which of them. Raises StoreUnavailable."""


def stored_offices(store: Store) -> OfficeSource:
    """Return the source that reads the directory imported into the store."""

    def read() -> tuple[Sequence[OfficeRecord], Sequence[PostcodeRange]]:
        with store.read() as reader:
            return reader.offices(), reader.postcode_ranges()

    return read


class OfficeFinder:
    """Finds competent offices in the directory, held in memory for a few seconds.

    Offices are looked up before a message locks anybody: under the locks no second connection is opened.
    `fallback` is the id of the office for postcodes nobody holds.
    """

    def __init__(self, source: OfficeSource, clock: Clock, fallback: str | None) -> None:
        self._source = source
        self._fallback = fallback
        self._directory = Held(self._read, clock)

    def find(self, postcode: str) -> OfficeRecord | None:
        """Return the office competent for a German postcode, else the operator's fallback, else None.

        Raises GatewayError T200.store-away when the directory must be read and the store is away.
        """
        return self._directory.current().find(postcode)

    def refresh(self) -> None:
        """Read the directory if what is held is too old. Raises as `find` does."""
        self._directory.current()

    def _read(self) -> "_Directory":
        offices, ranges = self._source()
        return _Directory(offices, ranges, self._fallback)


class _Directory:
    """The directory at one moment; its ranges do not overlap."""

    def __init__(
        self, offices: Sequence[OfficeRecord], ranges: Sequence[PostcodeRange], fallback: str | None
    ) -> None:
        self._offices = {office.id: office for office in offices}
        self._ranges = sorted(ranges, key=lambda entry: entry.first)
        self._firsts = [entry.first for entry in self._ranges]
        self._fallback = None if fallback is None else self._offices.get(fallback)

    def find(self, postcode: str) -> OfficeRecord | None:
        place = bisect_right(self._firsts, postcode) - 1
        if place >= 0 and postcode <= self._ranges[place].last:
            return self._offices[self._ranges[place].office_id]
        return self._fallback


def contact_of(office: OfficeRecord | None, own: tuple[Erreichbarkeit, ...]) -> Ansprechpartner:
    """Return the contact for the frame of 070004: the office's, without one the answering agency's own.

    It is named as the directory names the contact, without such a name like the office.
    """
    if office is not None:
        ways = ways_of(office.contact)
        if ways:
            name = str(office.contact.get("name") or office.name)
            return Ansprechpartner(familienname=Name(name), kontaktdaten=ways)
    return Ansprechpartner(
        kontaktdaten=tuple(Kommunikation(code("erreichbarkeit", way.kanal.code), way.kennung) for way in own)
    )


def ways_of(contact: Mapping[str, object]) -> tuple[Kommunikation, ...]:
    """Return the ways to reach somebody. In: any of `phone` and `email`."""
    named = ((PHONE, contact.get("phone")), (EMAIL, contact.get("email")))
    return tuple(Kommunikation(code("erreichbarkeit", way), str(value)) for way, value in named if value)
