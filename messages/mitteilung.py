"""The element ``mitteilung`` of our service namespace: what happened to a right that its agency reported."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, ClassVar, Final

from lxml import etree

import messages.leaves  # noqa: F401 - registers the codecs of plain types
from messages.binding import El, plan_of
from messages.namespaces import DIENST

ROOT: Final = f"{{{DIENST}}}mitteilung"


@dataclass(frozen=True, slots=True)
class Mitteilung:
    """What became of a right; ``sachverhalt`` is a key of lower case letters, digits and hyphens.

    ``ausloeser_uuid`` is the UUID of the message that reported the right, ``neues_recht`` the kind of the one
    that took its place (list artberechtigung), ``stelle`` its agency where it may be named.
    """

    message_type: ClassVar[str] = "mitteilung"
    root: ClassVar[str] = ROOT

    ausloeser_uuid: Annotated[str, El("ausloeserUUID", DIENST)]
    sachverhalt: Annotated[str, El("sachverhalt", DIENST)]
    bamfkennziffer: Annotated[str, El("bamfkennziffer", DIENST)]
    geschehen_am: Annotated[date, El("geschehenAm", DIENST)]
    neues_recht: Annotated[str | None, El("neuesRecht", DIENST)]
    stelle: Annotated[str | None, El("stelle", DIENST)]
    text_deutsch: Annotated[str, El("textDeutsch", DIENST)]
    text_englisch: Annotated[str, El("textEnglisch", DIENST)]


_PLAN: Final = plan_of(Mitteilung)
_WRITE: Final = _PLAN.document(ROOT, {})


def write_mitteilung(mitteilung: Mitteilung) -> bytes:
    """The notice as a document in exclusive canonical form."""
    return _WRITE(mitteilung)


def parse_mitteilung(element: etree._Element) -> Mitteilung:
    """Read a ``mitteilung`` element (client side). Raises GatewayError X001 when it is none."""
    mitteilung: Mitteilung = _PLAN.parse(element)
    return mitteilung
