"""The cases are data: each can be built, is valid where it has to be, and its expectation can fail."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from lxml import etree

from adapters.testkit import deliveries
from adapters.testkit.booklet import leaves
from adapters.testkit.cases import Case, all_cases, all_groups, selected
from adapters.testkit.changes import CHANGES
from adapters.testkit.compare import Earlier, Judge
from adapters.testkit.delivering import note_told
from adapters.testkit.examples import NUMBER
from adapters.testkit.exchange import FAILED, REFUSED, Got, read, refused
from adapters.testkit.kit import Kit
from adapters.testkit.leaf import Leaf
from adapters.testkit.material import Sent
from adapters.testkit.parties import all_parties
from messages import bva
from messages.errors import CATALOGUE, Advice
from messages.fehler import parse_fehler
from messages.registry import BUNDLED_MESSAGES
from schemas.registry import SchemaRegistry
from schemas.violations import ContractError

NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
TODAY = NOW.date()
REGISTRY = SchemaRegistry.load()
EARLIER_UUID = "0d9f5e3c-7c1b-4a53-8f6e-2f4b8f1f6a10"
FAULTY = {"wrong-version", "not-valid", "unknown-code"}


@pytest.fixture(scope="module")
def booklet(kit: Kit) -> dict[str, Leaf]:
    return {leaf.case.id: leaf for leaf in leaves(kit.pki, kit.reader, NOW)}


@pytest.fixture(scope="module")
def judge(kit: Kit) -> Judge:
    return Judge(kit.reader, REGISTRY, TODAY)


def sent(leaf: Leaf) -> Sent:
    root = etree.fromstring(leaf.files["input.xml"])
    names = (".//nachrichtenUUID", "{*}anfrageUUID", "{*}lieferscheinUUID")
    uuid = next(found for name in names if (found := root.findtext(name)))
    return Sent(leaf.files["input.xml"], str(uuid), str(root.tag))


def accepted(position: int, number: str) -> etree._Element:
    """The result of a record that was accepted."""
    given = bva.Angenommen(number, TODAY, True)
    result = bva.Ergebnis200004(rahmen=bva.Ergebnisrahmen(position), angenommen=given)
    return etree.fromstring(BUNDLED_MESSAGES.write(result))


def answered(leaf: Leaf) -> Got:
    """The example answer as if it had come from a server."""
    root = etree.fromstring(leaf.files["answer.xml"])
    expect = leaf.case.expect
    if expect.refused is not None:
        return replace(refused(parse_fehler(root), proven=expect.signed), status=500)
    if leaf.case.delivers:
        told = note_told(bva.parse(root))
        return replace(
            told, endings=expect.endings, number="B-1" if expect.number else None, path=expect.path
        )
    return read(root)


def test_both_groups_all_services_and_the_refusals_of_the_issue_are_there() -> None:
    cases = all_cases()
    sends = {case.message for case in cases if case.does == "send"}
    assert sends == {
        "070001", "070007", "070008", "070009", "070010", "070011", "070013", "070016", "070019", "070022",
        "080001", "080010", "080011", "080013", "080016",
    }  # fmt: skip
    assert {case.does for case in cases} == {
        "send", "status", "check", "fetch", "confirm", "deliver", "result",
    }  # fmt: skip
    assert {case.sender for case in cases} > set(all_parties())
    assert {case.change for case in cases} - {None} == CHANGES | deliveries.CHANGES
    assert {str(case.expect.refused) for case in cases if case.expect.refused} >= {
        "T011.digest", "T070.unknown-sender", "T070.foreign-authority", "T080", "X001", "S011", "V000",
        "S999.uuid-reused", "T011.stale-timestamp", "S999.test-attribute", "T099.too-large", "X001.doctype",
    }  # fmt: skip


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.id)
def test_a_case_says_all_that_the_booklet_prints(case: Case) -> None:
    assert all((case.title_de, case.title_en, case.purpose, case.reference))
    expect = case.expect
    assert (expect.answer is None) != (expect.refused is None)
    assert expect.refused is None or expect.refused in CATALOGUE
    assert case.author in all_parties()
    assert case.purpose.endswith((".", "!"))


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.id)
def test_what_is_sent_is_valid_unless_that_is_the_point(case: Case, booklet: dict[str, Leaf]) -> None:
    root = etree.fromstring(booklet[case.id].files["input.xml"])
    try:
        violations = REGISTRY.check(REGISTRY.identify(root, TODAY), root)
    except ContractError as error:
        violations = (error.violation,)
    assert bool(violations) == (case.change in FAULTY and case.does == "send"), violations


@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.id)
def test_the_example_answer_is_what_the_case_expects(
    case: Case, booklet: dict[str, Leaf], judge: Judge
) -> None:
    about = booklet[str(case.of) if case.does in {"fetch", "result"} else case.id]
    documents = {} if case.again is None else {case.again: answered(booklet[case.again]).document or b""}
    numbers = {} if case.expect.number_of is None else {case.expect.number_of: NUMBER}
    got = answered(booklet[case.id])
    assert list(judge.differences(case, sent(about), got, Earlier(numbers, documents))) == []


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"answer": "070004", "code": "17001"}, "070004 17001 instead of 070003"),
        ({"answer": REFUSED, "code": "X001"}, "refused X001 instead of 070003"),
        ({"answer": FAILED, "why": "not the gateway's"}, "not the gateway's"),
        ({"code": "17108"}, None),
        ({"signed": False}, "not signed"),
        ({"status": 500}, "HTTP status 500"),
        ({"number": None}, "no number"),
        ({"number": "OTHER"}, "to another person"),
    ],
)
def test_a_difference_is_told(
    changed: dict[str, Any], told: str | None, booklet: dict[str, Leaf], judge: Judge
) -> None:
    leaf = booklet["entitlement"]
    got = replace(answered(leaf), **changed)
    found = list(judge.differences(leaf.case, sent(leaf), got, Earlier({"x": "OTHER"}, {})))
    assert len(found) == (0 if told is None else 1)
    assert told is None or told in found[0]


@pytest.mark.parametrize(
    ("expect", "told"),
    [
        ({"number_of": "x", "number": False}, "not that of the case x"),
        ({"number": False}, "where none belongs"),
        ({"present": ("kursabbruch",)}, "kursabbruch is missing"),
        ({"absent": ("gueltigVon",)}, "gueltigVon must not be there"),
        ({"silent_about": "abh1"}, "names Ausländerbehörde Testheim"),
        ({"reason": "17001"}, "code None instead of 17001"),
    ],
)
def test_an_expectation_can_fail(
    expect: dict[str, Any], told: str, booklet: dict[str, Leaf], judge: Judge
) -> None:
    leaf = booklet["entitlement"]
    case = replace(leaf.case, expect=replace(leaf.case.expect, **expect))
    (found,) = judge.differences(case, sent(leaf), answered(leaf), Earlier({"x": "OTHER"}, {}))
    assert told in found


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (' test="1"', "", "attribute test"),
        (r"ausloeserUUID>\w{8}-", "ausloeserUUID>00000000-", "ausloeserUUID"),
        (r"nachrichtenUUID>[^<]*", "nachrichtenUUID>" + EARLIER_UUID, "not one of its own"),
        ("<kennung>azr:990001", "<kennung>azr:990002", "leser"),
        ("<kennung>dbs:000100", "<kennung>dbs:000101", "autor"),
        ("gueltigVon>2026-", "gueltigVon>26-", "not valid"),
    ],
)
def test_what_holds_of_every_answer_is_checked(
    old: str, new: str, told: str, booklet: dict[str, Leaf], judge: Judge
) -> None:
    leaf = booklet["entitlement"]
    text, changes = re.subn(old, new, leaf.files["answer.xml"].decode(), count=1)
    assert changes == 1
    root = etree.fromstring(text.encode())
    got = replace(answered(leaf), element=root, document=etree.tostring(root, method="c14n"))
    earlier = Earlier({}, {"x": f"<nachrichtenUUID>{EARLIER_UUID}</nachrichtenUUID>".encode()})
    found = list(judge.differences(leaf.case, sent(leaf), got, earlier))
    assert found
    assert all(told in each for each in found)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"code": "X000"}, "code X000 instead of X001"),
        ({"path": "/*/other"}, "does not name personalien"),
        ({"line": 1}, "line 1"),
        ({"line": None}, "line (none)"),
        ({"advice": Advice.CALL}, "handlung"),
        ({"rejection": False}, "0010 is missing"),
        ({"signed": False}, "not signed"),
        ({"status": 400}, "HTTP status 400"),
    ],
)
def test_a_refusal_that_differs_is_told(
    changed: dict[str, Any], told: str, booklet: dict[str, Leaf], judge: Judge
) -> None:
    leaf = booklet["not-valid"]
    got = replace(answered(leaf), **changed)
    found = list(judge.differences(leaf.case, sent(leaf), got, Earlier({}, {})))
    assert any(told in each for each in found)


@pytest.mark.parametrize("texts", [(), ("expected is 3/1",), ("erwartet ist 2/1", "expected is 12/1")])
def test_a_gap_that_is_refused_without_the_number_expected_is_told(
    texts: tuple[str, ...], booklet: dict[str, Leaf], judge: Judge
) -> None:
    leaf = booklet["delivery-gap"]
    got = replace(answered(leaf), texts=texts)
    (found,) = judge.differences(leaf.case, sent(leaf), got, Earlier({}, {}))
    assert found == "the texts do not name the number expected, 2/1"


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"endings": ("angenommen",) * 4}, "ended with angenommen"),
        ({"number": None}, "no number"),
        ({"path": None}, "does not name geburtsdatum"),
        ({"records": (etree.fromstring("<nothing/>"),)}, "not valid"),
        ({"records": (accepted(2, "B-1"), accepted(1, "B-2"))}, "about the records 2, 1"),
        ({"records": (accepted(1, "B-1"), accepted(2, "B-1"))}, "B-1 was given to another person before"),
        ({"records": (accepted(1, "B-1"), accepted(2, "B-0"))}, "B-0 was given to another person before"),
    ],
)
def test_a_result_that_differs_is_told(
    changed: dict[str, Any], told: str, booklet: dict[str, Leaf], judge: Judge
) -> None:
    leaf, about = booklet["result"], booklet["delivery"]
    got = replace(answered(leaf), **changed)
    found = list(judge.differences(leaf.case, sent(about), got, Earlier({"x": "B-0"}, {})))
    assert any(told in each for each in found)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (' test="1"', "", "attribute test"),
        (r"lieferscheinUUID>\w{8}-", "lieferscheinUUID>00000000-", "lieferscheinUUID"),
        ("dbs:990201", "dbs:990202", "leser"),
        ("dbs:000100", "dbs:000101", "autor"),
    ],
)
def test_what_holds_of_every_note_is_checked(
    old: str, new: str, told: str, booklet: dict[str, Leaf], judge: Judge
) -> None:
    leaf = booklet["delivery"]
    text, changes = re.subn(old, new, leaf.files["answer.xml"].decode(), count=1)
    assert changes == 1
    got = note_told(bva.parse(etree.fromstring(text.encode())))
    (found,) = judge.differences(leaf.case, sent(leaf), got, Earlier({}, {}))
    assert told in found


def test_what_was_sent_again_must_be_answered_with_the_same_bytes(
    booklet: dict[str, Leaf], judge: Judge
) -> None:
    leaf = booklet["resend"]
    earlier = Earlier({"entitlement": NUMBER}, {"entitlement": b"<another/>"})
    (found,) = judge.differences(leaf.case, sent(leaf), answered(leaf), earlier)
    assert "another one than in the case entitlement" in found


def test_a_case_comes_with_all_that_it_needs() -> None:
    chosen = [case.id for case in selected(all_cases(), ["participation-after-takeover"])]
    assert chosen == ["obligation", "authority-after-jobcenter", "taken-over", "participation-after-takeover"]
    with pytest.raises(LookupError, match="nonsense"):
        selected(all_cases(), ["nonsense"])


def test_groups_refer_backwards_only() -> None:
    seen: set[str] = set()
    for case in (case for group in all_groups() for case in group.cases):
        assert case.needs <= seen, case.id
        seen.add(case.id)
