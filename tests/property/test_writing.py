"""What is written is the exclusive canonical form, and what XML cannot hold is refused."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from fixtures.messages import examples
from gateway.trust.canonical import canonical_octets, read_canonical
from messages import service
from messages.errors import GatewayError
from messages.fehler import parse_fehler, write_fehler
from messages.quittung import Quittung, parse_quittung, write_quittung
from messages.registry import build, parse, write
from messages.values import Code
from messages.writing import attribute, escape, octets
from tests.support.messages import MESSAGES as REPORTS
from tests.support.messages import texts, uuids
from tests.support.messages_information import MESSAGES as INFORMATION
from tests.support.ring import scale
from tests.support.service import SERVICE

MESSAGES = {**REPORTS, **INFORMATION}
#: Whatever a text may hold: also the characters that the canonical form writes otherwise.
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufffe\uffff")).filter(
    lambda text: all(character >= " " or character in "\t\n\r" for character in text)
) | st.text("&<>\"'\t\n\r ]äx", max_size=12)
OURS = settings(
    max_examples=scale(12, 1000),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=True,
)


def is_canonical(document: bytes) -> bool:
    return canonical_octets(read_canonical(document)) == document


@pytest.mark.parametrize("cls", MESSAGES, ids=lambda cls: cls.message_type)
def test_message_is_canonical_and_read_back_equal(cls: type[Any]) -> None:
    @OURS
    @given(message=MESSAGES[cls], text=ANY_TEXT)
    def holds(message: Any, text: str) -> None:
        message = replace(
            message, rahmen=replace(message.rahmen, produkt=text, kopf=_renamed(message.rahmen.kopf, text))
        )
        assert is_canonical(write(message))
        assert parse(build(message)) == message

    holds()


def _renamed(kopf: Any, text: str) -> Any:
    kind = Code(kopf.nachrichtentyp.code, text, text, text)
    return replace(kopf, nachrichtentyp=kind, leser=replace(kopf.leser, name=text))


@OURS
@given(quittung=st.builds(Quittung, uuids, texts, ANY_TEXT, ANY_TEXT))
def test_receipt_is_canonical_and_read_back_equal(quittung: Quittung) -> None:
    document = write_quittung(quittung)
    assert is_canonical(document)
    assert parse_quittung(read_canonical(document)) == quittung


@pytest.mark.parametrize("cls", SERVICE, ids=lambda cls: cls.kind)
def test_service_message_is_read_back_equal(cls: type[Any]) -> None:
    @OURS
    @given(message=SERVICE[cls])
    def holds(message: Any) -> None:
        octets = canonical_octets(service.build(message))
        assert is_canonical(octets)
        assert service.parse(read_canonical(octets)) == message

    holds()


def test_receipt_inside_an_answer_is_read_back_equal() -> None:
    receipt = write_quittung(Quittung("uuid", "frage-abgelaufen", "a", "b"))
    message = service.StatusAbfrageAntwort("uuid", "uuid", service.Zustand.ANSWERED, antwort=receipt)
    octets = canonical_octets(service.build(message))
    assert is_canonical(octets)
    assert service.parse(read_canonical(octets)) == message


@pytest.mark.parametrize("rejected", [False, True])
def test_refusal_is_canonical_with_and_without_rejection(rejected: bool) -> None:
    rejection = build(examples()["0010-rueckweisung"]) if rejected else None
    document = write_fehler(GatewayError("X001", path="/a[\"&<>'\r\n]", line=3), rejection=rejection)
    assert is_canonical(document)
    fehler = parse_fehler(read_canonical(document))
    assert fehler.pfad == "/a[\"&<>'\r\n]"
    if rejection is not None:
        assert fehler.rueckweisung is not None
        assert parse(fehler.rueckweisung) == examples()["0010-rueckweisung"]


@OURS
@given(text=st.text(max_size=3), inside=st.booleans())
def test_characters_are_refused_as_lxml_refuses_them(text: str, inside: bool) -> None:
    element = etree.Element("a")
    try:
        if inside:
            element.text = text
        else:
            element.set("b", text)
    except ValueError:
        expected = None
    else:
        expected = etree.tostring(element, method="c14n")
    written = f"<a>{escape(text)}</a>" if inside else f"<a{attribute('b', text)}></a>"
    if expected is None:
        with pytest.raises(ValueError):
            octets(written)
    else:
        assert octets(written) == expected


@pytest.mark.parametrize("character", ["\x00", "\x08", "\x0b", "\x1f", "\ud800", "\ufffe", "\uffff"])
def test_what_xml_does_not_know_is_refused(character: str) -> None:
    message = examples()["070001-teilnahmeberechtigung"]
    with pytest.raises(ValueError):
        write(replace(message, rahmen=replace(message.rahmen, produkt=f"a{character}")))  # type: ignore[type-var]
