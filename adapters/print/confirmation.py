"""What a confirmation says (§ 6 (1), (3) IntV), and nothing else: what is no field here cannot be printed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from messages.values import Gebaeudeanschrift, PartialDate

_BLANKS: Final = re.compile(r"[\t\n\r ]+")
_PRINTABLE_ASCII: Final = re.compile(r"[!-~]+")


class NotPrintableError(ValueError):
    """There is nothing that may be printed; the text says why, without personal data."""


class Part(StrEnum):
    """The only part of the course that a right is for."""

    ORIENTATION = "orientation"
    LANGUAGE = "language"


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """A confirmation of entitlement.

    `art` is the kind of right by the list artberechtigung. A name is None where the person has none.
    `address` has a text a line and is None where it is not printed; `part` is None for the whole course,
    `valid_until` for a right without end. `issuer` is the agency that issued the right; `test` marks what
    comes out of a test environment. Raises NotPrintableError for a number that a barcode cannot hold.

    Nationality, AZR number, birthplace and residence title have no field: XAusländer forbids to print them.
    """

    art: str
    number: str
    surname: str | None
    first_name: str | None
    birth: PartialDate
    address: tuple[str, ...] | None
    valid_until: date | None
    part: Part | None
    issuer: str
    test: bool

    def __post_init__(self) -> None:
        if not _PRINTABLE_ASCII.fullmatch(self.number):
            raise NotPrintableError("the identification number has characters that a barcode cannot hold")


def part_of(*, only_orientation: bool, only_language: bool) -> Part | None:
    """Return the part of the course that the flags of a right leave, None for the whole."""
    if only_orientation:
        return Part.ORIENTATION
    return Part.LANGUAGE if only_language else None


def one_line(text: str | None) -> str | None:
    """Return a text of a message as one printed line; None and an empty one are none."""
    return None if text is None else _BLANKS.sub(" ", text).strip() or None


def address_lines(address: Gebaeudeanschrift) -> tuple[str, ...]:
    """Return a postal address in the order of DIN 5008, a line each."""
    house = f"{address.hausnummer or ''}{address.hausnummer_buchstabe or ''}"
    if address.teilnummer:
        house += f" {address.teilnummer}"
    if address.hausnummern_bis is not None:
        last = address.hausnummern_bis
        upper = " ".join(
            filter(None, (f"{last.hausnummer_bis or ''}{last.buchstabe_bis or ''}", last.teilnummer_bis))
        )
        house += f"–{upper}" if upper else ""
    flat = address.stockwerkswohnungsnummer
    street = " ".join(filter(None, (address.strasse, house, flat and f"// {flat}")))
    holder = address.wohnungsinhaber and f"bei {address.wohnungsinhaber}"
    town = f"{address.postleitzahl} {address.wohnort}"
    lines = (holder, address.zusatzangaben, address.frueherer_gemeindename, street, town)
    return tuple(line for line in map(one_line, lines) if line is not None)
