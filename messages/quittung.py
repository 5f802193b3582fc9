"""The element ``quittung`` of our service namespace: a receipt where the standard has no answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

from lxml import etree

from messages.binding import El, plan_of
from messages.namespaces import DIENST, PREFIXES

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
_NSMAP: Final = {PREFIXES[DIENST]: DIENST}


def build_quittung(quittung: Quittung) -> etree._Element:
    """The ``quittung`` element."""
    element = etree.Element(ROOT, {}, _NSMAP)
    _PLAN.fill(element, quittung)
    return element


def parse_quittung(element: etree._Element) -> Quittung:
    """Read a ``quittung`` element (client side). Raises GatewayError X001 when it is none."""
    quittung: Quittung = _PLAN.parse(element)
    return quittung
