"""A request for a right, as the rules see it: whatever message, form or file it came by."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from gateway.normalise import PersonKey
from store.records import MessageRef


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks for which right, for whom.

    `art` is the kind of right by the list artberechtigung, `agency` the kennung of who issues it, `details`
    the personal data as JSON. `number` is the identification number as it is compared, `title` the code of
    the residence title, `sent_end` the end that the agency sets, `blocked` whether it reports a disclosure
    block. `ref` names the stored message, None for what a clerk captures. `received` is the real instant of
    arrival.
    """

    art: str
    agency: str
    agency_name: str
    agency_type: str
    key: PersonKey
    surname: str | None
    first_name: str | None
    details: Mapping[str, Any]
    nationalities: frozenset[str]
    received: datetime
    ref: MessageRef | None = None
    postcode: str | None = None
    number: str | None = None
    title: str | None = None
    only_orientation: bool = False
    only_language: bool = False
    sent_end: date | None = None
    blocked: bool = False


@dataclass(frozen=True, slots=True)
class Sender:
    """Who a message came from, and under which name it is stored."""

    kennung: str
    name: str
    agency_type: str
    ref: MessageRef
    received: datetime


def number_of(sent: str | None) -> str | None:
    """Return the number without blanks, as it is compared; an empty one is none."""
    return None if sent is None else "".join(sent.split()) or None
