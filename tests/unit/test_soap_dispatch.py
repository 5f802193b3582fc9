"""spyne's part: the proven tree goes in as it is, finished bytes come out as they are."""

import pytest
from lxml import etree

from adapters.soap.contract import Operation, load_contract
from adapters.soap.dispatch import Call, Dispatcher

CONTRACT = load_contract()
DISPATCHER = Dispatcher(CONTRACT)


@pytest.mark.parametrize("version", ["1.1", "1.2"])
@pytest.mark.parametrize("operation", CONTRACT.operations, ids=lambda operation: operation.name)
def test_each_root_reaches_its_operation(version: str, operation: Operation) -> None:
    seen: list[object] = []

    def process(found: Operation | None) -> str:
        seen.append(found)
        return "outcome"

    def finish(outcome: object, found: Operation | None) -> bytes:
        seen.extend([outcome, found])
        return b"<finished/>\xff"

    call = Call(etree.Element(operation.request), operation.request, process, finish)
    assert DISPATCHER.dispatch(version, call) == b"<finished/>\xff"
    assert seen == [operation, "outcome", operation]


@pytest.mark.parametrize(
    "tag",
    ["{urn:other}ABHBAMF.Teilnahmeberechtigung.070001", "ABHBAMF.Teilnahmeberechtigung.070001",
     "meldeTeilnahmeberechtigung", "{urn:inge-gateway:dienst:1}meldeTeilnahmeberechtigung",
     "{http://schemas.xmlsoap.org/soap/envelope/}Fault"],
)  # fmt: skip
def test_a_root_of_no_operation_goes_the_common_way(tag: str) -> None:
    call = Call(
        etree.Element(tag), tag, lambda operation: [operation], lambda outcome, _: repr(outcome).encode()
    )
    assert DISPATCHER.dispatch("1.1", call) == b"[None]"


def test_spyne_changes_nothing_in_the_tree() -> None:
    document = '<a:x xmlns:a="urn:x"><a:y id="i"/><a:z href="#i"/><!--c--></a:x>'
    root = etree.fromstring(document)
    DISPATCHER.dispatch("1.1", Call(root, root.tag, lambda _: None, lambda *_: b""))
    assert etree.tostring(root).decode() == document


@pytest.mark.parametrize("place", ["process", "finish"])
def test_an_error_comes_through_as_it_is_and_is_not_logged(
    place: str, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> bytes:
        raise LookupError("Erika Mustermann")

    call = Call(
        etree.Element(CONTRACT.operations[0].request),
        CONTRACT.operations[0].request,
        fail if place == "process" else lambda _: None,
        fail,
    )
    with pytest.raises(LookupError):
        DISPATCHER.dispatch("1.2", call)
    assert "Mustermann" not in caplog.text
