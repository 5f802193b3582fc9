"""Violations become errors with all findings; errors become `fehler` and rejection reasons, and back."""

from datetime import date

import pytest
from lxml import etree

from fixtures.messages import examples, load
from messages.errors import Advice, GatewayError
from messages.fehler import parse_fehler, write_fehler
from messages.registry import build
from messages.rejection import reasons
from messages.violations import CODES, to_error
from schemas.registry import SchemaRegistry
from schemas.violations import Violation, ViolationKind

STRUCTURE = Violation(ViolationKind.STRUCTURE, "/x:a/b[2]", 7, "element c", "element d")
EMPTY = Violation(ViolationKind.EMPTY_TEXT, "/x:a/e", None, "text that is not empty", "empty e")
CODE = Violation(ViolationKind.UNKNOWN_CODE, "/x:a/f/code", 9, "code of list 8", "1z")


def valid_as_service_document(element: etree._Element) -> None:
    registry = SchemaRegistry.load()
    read = etree.fromstring(etree.tostring(element))
    contract = registry.identify(read, date(2026, 11, 24))
    assert registry.check(contract, read) == ()


def test_every_kind_has_a_code() -> None:
    assert set(CODES) == set(ViolationKind)


def test_one_error_carries_all_violations() -> None:
    error = to_error([STRUCTURE, EMPTY, CODE])
    assert (error.code, error.path, error.line) == ("X001", "/x:a/b[2]", 7)
    assert "element c" in error.text_de
    assert "element d" in error.text_en
    assert error.violations == (STRUCTURE, EMPTY, CODE)


def test_no_violation_is_no_error() -> None:
    with pytest.raises(ValueError):
        to_error([])


def test_fehler_tells_every_finding() -> None:
    element = etree.fromstring(write_fehler(to_error([STRUCTURE, EMPTY, CODE])))
    valid_as_service_document(element)
    fehler = parse_fehler(element)
    assert [each.code for each in fehler.einzelfehler] == ["X001", "S030", "S011"]
    assert [each.zeile for each in fehler.einzelfehler] == [7, None, 9]
    assert fehler.handlung is Advice.CORRECT
    assert fehler.wiederholen_nach is None
    assert fehler.rueckweisung is None


def test_fehler_says_when_to_send_again() -> None:
    element = etree.fromstring(write_fehler(GatewayError("T200.store-away", retry_after=17)))
    valid_as_service_document(element)
    fehler = parse_fehler(element)
    assert (fehler.handlung, fehler.wiederholen_nach, fehler.einzelfehler) == (Advice.RETRY, 17, ())


def test_fehler_holds_the_rejection() -> None:
    rejection = build(examples()["0010-rueckweisung"])
    element = etree.fromstring(write_fehler(GatewayError("T080"), rejection=rejection))
    valid_as_service_document(element)
    read = parse_fehler(etree.fromstring(etree.tostring(element)))
    assert read.rueckweisung is not None
    assert etree.QName(read.rueckweisung).localname == "rueckweisung.asynchron.0010"


def test_advice_of_a_later_version_means_call() -> None:
    element = etree.fromstring(write_fehler(GatewayError("X000")))
    element.find("{*}handlung").text = "abwarten"  # type: ignore[union-attr]
    assert parse_fehler(element).handlung is Advice.CALL


def test_fehler_without_code_is_refused() -> None:
    element = etree.fromstring(write_fehler(GatewayError("X000")))
    element.remove(element[0])
    with pytest.raises(GatewayError, match="expected code"):
        parse_fehler(element)


def test_reasons_are_grouped_by_standard_code_and_name_path_and_line() -> None:
    found = reasons(to_error([STRUCTURE, CODE, STRUCTURE]))
    assert [reason.grund.code for reason in found] == ["X001", "S011"]
    assert [len(reason.grund_spezifisch) for reason in found] == [2, 1]
    words = found[0].grund_spezifisch[0].fehlerbeschreibung or ""
    assert "Stelle: /x:a/b[2]" in words
    assert "Zeile: 7" in words


def test_specific_code_travels_under_its_standard_code() -> None:
    (reason,) = reasons(GatewayError("S999.uuid-reused"))
    assert reason.grund.code == "S999"
    (specific,) = reason.grund_spezifisch
    assert specific.fehlercode is not None
    assert specific.fehlercode.code == "S999.uuid-reused"


@pytest.mark.parametrize("code", ["T200.busy", "17104"])
def test_code_outside_the_list_gives_no_reason(code: str) -> None:
    assert reasons(GatewayError(code)) == ()


def test_example_rejection_is_the_documented_one() -> None:
    assert b"T080" in load("0010-rueckweisung")
