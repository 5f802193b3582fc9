"""The element ``fehler`` of our service namespace: how a refusal is told over a door, both ways."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Final

from lxml import etree

from messages.binding import Codec, El, plan_of
from messages.errors import Advice, GatewayError
from messages.leaves import parse_text, write_text
from messages.namespaces import DIENST
from messages.violations import single_errors

ROOT: Final = f"{{{DIENST}}}fehler"

_WORDS: Final[Mapping[Advice, str]] = MappingProxyType(
    {Advice.RETRY: "wiederholen", Advice.CORRECT: "korrigieren", Advice.CALL: "anrufen"}
)
_ADVICE: Final = {word: advice for advice, word in _WORDS.items()}


def _parse_advice(element: etree._Element) -> Advice:
    # An advice of a later version of the service: the safe thing is to ask a person.
    return _ADVICE.get(parse_text(element).strip(), Advice.CALL)


def _write_advice(name: str, value: Advice) -> str:
    return write_text(name, _WORDS[value])


ADVICE: Final = Codec(_parse_advice, _write_advice)


def _parse_rejection(element: etree._Element) -> etree._Element | None:
    return element[0] if len(element) else None


def _write_rejection(name: str, value: etree._Element) -> str:
    return f"<{name}>{etree.tostring(value, method='c14n', exclusive=True).decode()}</{name}>"


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
        etree._Element | None, El("rueckweisung", DIENST, Codec(_parse_rejection, _write_rejection))
    ] = None


_PLAN: Final = plan_of(Fehler)
_WRITE: Final = _PLAN.document(ROOT, {})


def write_fehler(error: GatewayError, *, rejection: etree._Element | None = None) -> bytes:
    """The document ``fehler`` for ``error``; ``rejection`` is the standard's 0010 for a proven sender."""
    return _WRITE(
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
        )
    )


def parse_fehler(element: etree._Element) -> Fehler:
    """Read a ``fehler`` element (client side). Raises GatewayError X001 when it is none."""
    fehler: Fehler = _PLAN.parse(element)
    return fehler
