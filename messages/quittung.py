"""The element ``quittung`` of our service namespace: a receipt where the standard has no answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

from lxml import etree

import messages.leaves  # noqa: F401 - registers the codecs of plain types
from messages.binding import El, plan_of
from messages.namespaces import DIENST

ROOT: Final = f"{{{DIENST}}}quittung"


@dataclass(frozen=True, slots=True)
class Quittung:
    """What became of a message; ``sachverhalt`` is a key of lower case letters, digits and hyphens.

    ``ausloeser_uuid`` is the UUID of the message it is about.
    """

    message_type: ClassVar[str] = "quittung"
    root: ClassVar[str] = ROOT

    ausloeser_uuid: Annotated[str, El("ausloeserUUID", DIENST)]
    sachverhalt: Annotated[str, El("sachverhalt", DIENST)]
    text_deutsch: Annotated[str, El("textDeutsch", DIENST)]
    text_englisch: Annotated[str, El("textEnglisch", DIENST)]


_PLAN: Final = plan_of(Quittung)
_WRITE: Final = _PLAN.document(ROOT, {})


def write_quittung(quittung: Quittung) -> bytes:
    """The receipt as a document in exclusive canonical form."""
    return _WRITE(quittung)


def parse_quittung(element: etree._Element) -> Quittung:
    """Read a ``quittung`` element (client side). Raises GatewayError X001 when it is none."""
    quittung: Quittung = _PLAN.parse(element)
    return quittung
