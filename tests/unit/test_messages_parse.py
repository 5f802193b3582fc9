"""Reading: lexical forms the schema allows, and refusals with a path for what does not fit."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from lxml import etree

from fixtures.messages import examples, load
from messages.errors import GatewayError
from messages.frame import Grundrahmen, Message
from messages.group07 import Antwort070007, Teilnahmeberechtigung070001
from messages.registry import build, parse
from messages.values import PartialDate

ENTITLEMENT = "070001-teilnahmeberechtigung"


def changed(old: bytes, new: bytes, name: str = ENTITLEMENT) -> Message:
    document = load(name)
    assert document.count(old) == 1
    return parse(etree.fromstring(document.replace(old, new)))


@pytest.mark.parametrize(
    ("text", "value"), [(b"1", True), (b" true\n", True), (b"0", False), (b"false", False)]
)
def test_boolean_forms(text: bytes, value: bool) -> None:
    message = changed(b"entscheidung>true<", b"entscheidung>" + text + b"<", "070007-antwort")
    assert isinstance(message, Antwort070007)
    assert message.entscheidung is value


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-24T08:00:00Z", datetime(2026, 11, 24, 8, tzinfo=UTC)),
        ("2026-11-24T24:00:00+00:00", datetime(2026, 11, 25, tzinfo=UTC)),
        ("2026-11-24T08:00:00.1234567+01:00", datetime(2026, 11, 24, 7, 0, 0, 123456, UTC)),
        ("2026-07-01T08:00:00", datetime(2026, 7, 1, 6, tzinfo=UTC)),
        ("2026-12-01T08:00:00", datetime(2026, 12, 1, 7, tzinfo=UTC)),
    ],
)
def test_moment_forms(text: str, moment: datetime) -> None:
    message = changed(b"2026-11-24T09:30:00.000+01:00", text.encode())
    assert message.rahmen.kopf.erstellungszeitpunkt == moment


def test_moment_is_written_with_milliseconds_and_zone() -> None:
    assert b"<erstellungszeitpunkt>2026-11-24T09:30:00.000+01:00<" in etree.tostring(
        build(examples()[ENTITLEMENT])
    )


def test_code_is_a_token() -> None:
    message = changed(b"<code>AERL-STAT-510</code>", b"<code>\n AERL-STAT-510 </code>")
    assert isinstance(message, Teilnahmeberechtigung070001)
    assert message.weitere_angaben.aufenthaltstitel.code == "AERL-STAT-510"


def test_block_of_disclosure_is_absent_or_true() -> None:
    message = examples()[ENTITLEMENT]
    assert isinstance(message, Teilnahmeberechtigung070001)
    assert not message.weitere_angaben.auskunftssperre_liegt_vor
    assert b"auskunftssperreLiegtVor" not in etree.tostring(build(message))


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        (b"<code>070001</code>", b"", "nachrichtentyp"),
        (b"<jahrMonatTag>1991-04-17<", b"<jahrMonatTag>1991-02-30<", "geburtsdatum/jahrMonatTag"),
        (b"nurOrientierungskurs>false<", b"nurOrientierungskurs>nein<", "nurOrientierungskurs"),
        (b"2026-11-24T09:30:00.000+01:00", b"gestern", "erstellungszeitpunkt"),
        (b"<strasse>Lindenweg</strasse>", b"", "personalien/xauslaender:anschrift"),
        (b"<strasse>Lindenweg</strasse>", b"<strasse>Lindenweg</strasse><!-- x -->", "comment()"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_path(old: bytes, new: bytes, place: str) -> None:
    with pytest.raises(GatewayError) as caught:
        changed(old, new)
    assert caught.value.code == "X001"
    assert place in (caught.value.path or "")
    assert caught.value.line is not None
    assert "Lindenweg" not in str(caught.value)
    assert "1991" not in str(caught.value)


def test_missing_attribute_is_named() -> None:
    with pytest.raises(GatewayError, match="@produkt"):
        changed(b'produkt="Muster-Fachverfahren" ', b"")


def test_foreign_root_is_refused() -> None:
    with pytest.raises(GatewayError) as caught:
        parse(etree.fromstring(b"<a/>"))
    assert caught.value.code == "X001.unknown-root"


def test_naive_moment_cannot_be_built() -> None:
    message = examples()[ENTITLEMENT]
    assert isinstance(message, Teilnahmeberechtigung070001)
    kopf = message.rahmen.kopf
    naive = replace(kopf, erstellungszeitpunkt=kopf.erstellungszeitpunkt.replace(tzinfo=None))
    with pytest.raises(ValueError, match="time zone"):
        build(replace(message, rahmen=replace(message.rahmen, kopf=naive)))


@pytest.mark.parametrize(
    ("parts", "iso"), [((1990,), "1990"), ((1990, 2), "1990-02"), ((1990, 2, 3), "1990-02-03")]
)
def test_partial_date_is_as_precise_as_known(parts: tuple[int, ...], iso: str) -> None:
    assert PartialDate(*parts).iso == iso


@pytest.mark.parametrize("parts", [(1990, None, 3), (1990, 13), (1990, 2, 30), (0,)])
def test_impossible_partial_date_is_refused(parts: tuple[int, ...]) -> None:
    with pytest.raises(ValueError):
        PartialDate(*parts)


def test_examples_are_of_one_morning() -> None:
    frames = [message.rahmen for message in examples().values()]
    moments = {frame.kopf.erstellungszeitpunkt for frame in frames if isinstance(frame, Grundrahmen)}
    assert max(moments) - min(moments) == timedelta()
