"""The element ``versionsende`` of our service namespace: announces beside an answer that a version ends."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final

from lxml import etree

import messages.leaves  # noqa: F401 - registers the codecs of plain types
from messages.binding import El, plan_of
from messages.namespaces import DIENST

ROOT: Final = f"{{{DIENST}}}versionsende"


@dataclass(frozen=True, slots=True)
class Versionsende:
    """A version of a standard whose end is near; ``folgeversionen`` are served after its last day."""

    standard: Annotated[str, El("standard", DIENST)]
    version: Annotated[str, El("version", DIENST)]
    letzter_tag: Annotated[date, El("letzterTag", DIENST)]
    folgeversionen: Annotated[tuple[str, ...], El("folgeversion", DIENST)] = ()


_PLAN: Final = plan_of(Versionsende)
_WRITE: Final = _PLAN.document(ROOT, {})


def write_versionsende(ende: Versionsende) -> bytes:
    """The announcement in exclusive canonical form, as a block for the header of an answer."""
    return _WRITE(ende)


def parse_versionsende(element: etree._Element) -> Versionsende:
    """Read a ``versionsende`` element (client side). Raises GatewayError X001 when it is none."""
    ende: Versionsende = _PLAN.parse(element)
    return ende
