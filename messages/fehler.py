"""The element ``fehler`` of our service namespace: how a refusal is told over a door, both ways."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Final

from lxml import etree

from messages.binding import Codec, El, plan_of
from messages.errors import Advice, GatewayError
from messages.leaves import build_text, parse_text
from messages.namespaces import DIENST, PREFIXES, RUECKWEISUNG
from messages.violations import single_errors

ROOT: Final = f"{{{DIENST}}}fehler"

_WORDS: Final[Mapping[Advice, str]] = MappingProxyType(
    {Advice.RETRY: "wiederholen", Advice.CORRECT: "korrigieren", Advice.CALL: "anrufen"}
)
_ADVICE: Final = {word: advice for advice, word in _WORDS.items()}


def _parse_advice(element: etree._Element) -> Advice:
    # An advice of a later version of the service: the safe thing is to ask a person.
    return _ADVICE.get(parse_text(element).strip(), Advice.CALL)


def _build_advice(parent: etree._Element, tag: str, value: Advice) -> None:
    build_text(parent, tag, _WORDS[value])


ADVICE: Final = Codec(_parse_advice, _build_advice)


def _parse_rejection(element: etree._Element) -> etree._Element | None:
    return element[0] if len(element) else None


def _build_rejection(parent: etree._Element, tag: str, value: etree._Element) -> None:
    etree.SubElement(parent, tag).append(value)


@dataclass(frozen=True, slots=True)
class Einzelfehler:
    """One finding of several; ``zeile`` is a line of the canonical document."""

    code: Annotated[str, El("code", DIENST)]
    pfad: Annotated[str | None, El("pfad", DIENST)]
    zeile: Annotated[int | None, El("zeile", DIENST)]
    text_deutsch: Annotated[str, El("textDeutsch", DIENST)]
    text_englisch: Annotated[str, El("textEnglisch", DIENST)]


@dataclass(frozen=True, slots=True)
class Fehler:
    """A refusal as the sender gets it; ``wiederholen_nach`` in seconds, ``rueckweisung`` a 0010 element."""

    code: Annotated[str, El("code", DIENST)]
    pfad: Annotated[str | None, El("pfad", DIENST)]
    zeile: Annotated[int | None, El("zeile", DIENST)]
    text_deutsch: Annotated[str, El("textDeutsch", DIENST)]
    text_englisch: Annotated[str, El("textEnglisch", DIENST)]
    handlung: Annotated[Advice, El("handlung", DIENST, ADVICE)]
    wiederholen_nach: Annotated[int | None, El("wiederholenNachSekunden", DIENST)] = None
    einzelfehler: Annotated[tuple[Einzelfehler, ...], El("einzelfehler", DIENST)] = ()
    rueckweisung: Annotated[
        etree._Element | None, El("rueckweisung", DIENST, Codec(_parse_rejection, _build_rejection))
    ] = None


_PLAN: Final = plan_of(Fehler)
_NSMAP: Final = {PREFIXES[DIENST]: DIENST}
_NSMAP_REJECTION: Final = {**_NSMAP, PREFIXES[RUECKWEISUNG]: RUECKWEISUNG}


def build_fehler(error: GatewayError, *, rejection: etree._Element | None = None) -> etree._Element:
    """The ``fehler`` element for ``error``.

    ``rejection`` is the standard's 0010 for a proven sender; it is moved into the new tree.
    """
    element = etree.Element(ROOT, {}, _NSMAP if rejection is None else _NSMAP_REJECTION)
    _PLAN.fill(
        element,
        Fehler(
            code=error.code,
            pfad=error.path,
            zeile=error.line,
            text_deutsch=error.text_de,
            text_englisch=error.text_en,
            handlung=error.entry.advice,
            wiederholen_nach=error.retry_after,
            einzelfehler=tuple(
                Einzelfehler(each.code, each.path, each.line, each.text_de, each.text_en)
                for each in single_errors(error)
            ),
            rueckweisung=rejection,
        ),
    )
    return element


def parse_fehler(element: etree._Element) -> Fehler:
    """Read a ``fehler`` element (client side). Raises GatewayError X001 when it is none."""
    fehler: Fehler = _PLAN.parse(element)
    return fehler
