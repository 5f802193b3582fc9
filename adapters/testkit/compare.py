"""Whether what came back is what must come back. Every difference is told, not only the first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from lxml import etree

from adapters.testkit.cases import Case
from adapters.testkit.deliveries import expected_before
from adapters.testkit.exchange import FAILED, REFUSED, Got
from adapters.testkit.material import Sent
from adapters.testkit.parties import Reader, all_parties
from messages.errors import CATALOGUE
from messages.namespaces import BVA, DIENST
from messages.registry import MESSAGE_TYPES
from schemas.registry import SchemaRegistry
from schemas.violations import ContractError, Violation

_OK, _FAULT = 200, 500
"""HTTP status of an answer and of a fault, in both versions of SOAP."""


@dataclass(frozen=True)
class Earlier:
    """What earlier cases were answered: numbers and answer documents by case."""

    numbers: Mapping[str, str]
    documents: Mapping[str, bytes]


class Judge:
    """Holds answers to their cases and to the contract."""

    def __init__(self, reader: Reader, registry: SchemaRegistry, today: date) -> None:
        self._reader = reader
        self._registry = registry
        self._today = today

    def differences(self, case: Case, sent: Sent, got: Got, earlier: Earlier) -> Iterator[str]:
        """Tell what of an answer is not as the case says; `sent` is what it has to answer."""
        expect = case.expect
        wanted = REFUSED if expect.refused else str(expect.answer)
        if got.answer == FAILED:
            yield str(got.why)
            return
        if got.answer != wanted:
            yield f"{got.in_short} instead of {wanted} {expect.refused or expect.reason or ''}".strip()
            return
        if got.code != (expect.refused or expect.reason) and (expect.refused or expect.reason):
            yield f"code {got.code} instead of {expect.refused or expect.reason}"
        if got.status not in {None, _FAULT if expect.refused else _OK}:
            yield f"HTTP status {got.status}"
        if got.media != got.media_asked:
            yield f"Content-Type {got.media or '(none)'} instead of {got.media_asked}"
        if got.signed != expect.signed:
            yield "signed, which it cannot be before admission" if got.signed else "not signed by the gateway"
        if expect.path is not None and expect.path not in (got.path or ""):
            yield f"the path {got.path or '(none)'} does not name {expect.path}"
        if expect.line and not _names_the_line(sent.body, got.path or "", got.line):
            yield f"line {got.line or '(none)'} of the document is not that of {got.path or '(no path)'}"
        if expect.refused is not None and got.advice is not CATALOGUE[expect.refused].advice:
            yield f"handlung is {got.advice}, not {CATALOGUE[expect.refused].advice}"
        if expect.expected_number:
            yield from self._expected_number(sent, got)
        if got.rejection != expect.rejection:
            yield "a rejection 0010 is in it" if got.rejection else "the rejection 0010 is missing"
        yield from self._number(case, got, earlier)
        if got.element is not None:
            yield from self._content(case, got, earlier)
            yield from self._frame(case, sent, got.element, earlier.documents.values())
            for each in (got.element, *got.records):
                yield from self._contract(each)

    def _number(self, case: Case, got: Got, earlier: Earlier) -> Iterator[str]:
        expect = case.expect
        if expect.number and got.number is None:
            yield "no number is given"
        if expect.number and got.number in earlier.numbers.values():
            yield f"the number {got.number} was given to another person before"
        if got.number is not None and not expect.number and expect.number_of is None:
            yield f"the number {got.number} is given where none belongs"
        if expect.number_of is not None and got.number != earlier.numbers[expect.number_of]:
            yield f"the number is {got.number or '(none)'}, not that of the case {expect.number_of}"

    def _expected_number(self, sent: Sent, got: Got) -> Iterator[str]:
        expected = expected_before(sent.body)
        alone = re.compile(rf"(?<![\d/]){expected}(?![\d/])")
        if not got.texts or not all(alone.search(text) for text in got.texts):
            yield f"the texts do not name the number expected, {expected}"

    def _content(self, case: Case, got: Got, earlier: Earlier) -> Iterator[str]:
        element, document = got.element, got.document or b""
        assert element is not None
        expect = case.expect
        if expect.same_document and document != earlier.documents[str(case.again)]:
            yield f"the answer document is another one than in the case {case.again}"
        names = {etree.QName(each).localname for each in element.iter("*")}
        for name in expect.present:
            if name not in names:
                yield f"the element {name} is missing"
        for name in expect.absent:
            if name in names:
                yield f"the element {name} must not be there"
        if got.endings != expect.endings:
            yield f"the records ended with {', '.join(got.endings)}, not {', '.join(expect.endings)}"
        if expect.endings:
            yield from self._results(got, earlier)
        if expect.silent_about is not None:
            party = all_parties()[expect.silent_about]
            text = document.decode()
            if party.name in text or party.kennung.partition(":")[2] in text:
                yield f"the answer names {party.name}, whom it must not name"

    def _results(self, got: Got, earlier: Earlier) -> Iterator[str]:
        """What holds of every file of results: each at the place of its record, each person with a number."""
        places = [each.findtext(f"{{{BVA}}}position") for each in got.records]
        if places != [str(place) for place in range(1, len(places) + 1)]:
            yield f"the results are about the records {', '.join(map(str, places))}"
        numbers = [found for each in got.records if (found := each.findtext(f".//{{{BVA}}}bamfkennziffer"))]
        # The first of them is the number of the answer, which was looked at already.
        for place, number in enumerate(numbers[1:], 1):
            if number in earlier.numbers.values() or number in numbers[:place]:
                yield f"the number {number} was given to another person before"

    def _frame(
        self, case: Case, sent: Sent, element: etree._Element, earlier: Iterable[bytes]
    ) -> Iterator[str]:
        """What holds of every answer: it says what it answers, who answers whom, and that this is a test.

        In: the documents of earlier answers; its own UUID can be in none of them.
        """
        if etree.QName(element).namespace == BVA:
            yield from self._note(case, sent, element)
            return
        if element.tag not in MESSAGE_TYPES:
            names = ("anfrageUUID", "ausloeserUUID")
            said = next((found for name in names if (found := element.findtext(f"{{{DIENST}}}{name}"))), None)
            if said != sent.uuid:
                yield f"it answers {said}, not what was sent"
            return
        own = str(element.findtext(".//nachrichtenUUID"))
        if own == sent.uuid or (not case.expect.same_document and own.encode() in b"".join(earlier)):
            yield f"the nachrichtenUUID {own} is not one of its own"
        if element.findtext("{*}ausloeserUUID") != sent.uuid:
            yield "ausloeserUUID is not the UUID of what was sent"
        if element.findtext(".//leser/kennung") != all_parties()[case.author].kennung:
            yield "leser is not the author of what was sent"
        if element.findtext(".//autor/kennung") != self._reader.kennung:
            yield f"autor is not {self._reader.kennung}"
        if element.get("test") is None:
            yield "the attribute test is missing"

    def _note(self, case: Case, sent: Sent, element: etree._Element) -> Iterator[str]:
        if element.findtext(f"{{{BVA}}}lieferscheinUUID") != sent.uuid:
            yield "lieferscheinUUID is not that of the delivery"
        if element.findtext(f"{{{BVA}}}leser/{{{BVA}}}kennung") != all_parties()[case.author].kennung:
            yield "leser is not the author of the delivery"
        if element.findtext(f"{{{BVA}}}autor/{{{BVA}}}kennung") != self._reader.kennung:
            yield f"autor is not {self._reader.kennung}"
        if element.get("test") is None:
            yield "the attribute test is missing"

    def _contract(self, element: etree._Element) -> Iterator[str]:
        try:
            contract = self._registry.identify(element, self._today)
        except ContractError as error:
            yield _said(error.violation)
            return
        yield from map(_said, self._registry.check(contract, element))


def _said(violation: Violation) -> str:
    expected = f"expected {violation.expected or 'something else'}, found {violation.found or 'nothing'}"
    return f"not valid at {violation.path} (line {violation.line}): {expected}"


def _names_the_line(document: bytes, path: str, line: int | None) -> bool:
    """Whether the element at the end of a path begins on that line of a document."""
    lines = document.split(b"\n")
    name = path.rpartition("/")[2].rpartition(":")[2].partition("[")[0]
    return line is not None and 0 < line <= len(lines) and name.encode() in lines[line - 1]
