"""Two documents field by field: what is a difference, where it is shown, and what is none."""

from copy import deepcopy

import pytest
from lxml import etree

from gateway.connecting.difference import Difference, differences
from gateway.handlers.table import SERVED
from messages.dialect import BUNDLED
from schemas.codes import CodeLists
from schemas.folders import ContractFolder
from schemas.paths import contract_files
from schemas.registry import CompiledContracts, Contract
from tests.support.xsdgen import generate

_LISTS = CodeLists.load()
_FOLDER = next(
    folder for folder in map(ContractFolder.read, contract_files()) if folder.version_name == BUNDLED.name
)
_ROOTS = {message.root for message in SERVED}
INCOMING = [each for each in CompiledContracts(_FOLDER, _LISTS).contracts if each.root in _ROOTS]
BASE = (
    '<p:a xmlns:p="urn:p" test="1"><kopf><typ listURI="u"><code>1</code></typ></kopf>'
    "<name>Müller</name><leer/><staat>1</staat><staat>2</staat><staat>3</staat></p:a>"
)


def found(supplied: str, sent: str) -> list[tuple[str, str | None, str | None]]:
    return [(each.path, each.supplied, each.sent) for each in compared(supplied, sent)]


def compared(supplied: str, sent: str) -> tuple[Difference, ...]:
    return differences(etree.fromstring(supplied), etree.fromstring(sent))


@pytest.mark.parametrize(
    "other",
    [
        BASE.replace("p:a", "q:a").replace("xmlns:p", "xmlns:q"),
        BASE.replace("<kopf>", "\n  <kopf>\n\t").replace("</kopf>", " </kopf>\n"),
        BASE.replace("<leer/>", "<leer></leer>").replace("Müller", "M&#252;ller"),
        BASE.replace("Müller", "<![CDATA[Müller]]>"),
        '<?xml version="1.0"?>' + BASE,
    ],
)
def test_the_same_written_otherwise(other: str) -> None:
    assert found(BASE, other) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("Müller", "Müller "), [("/a/name", "Müller", "Müller ")]),
        (("Müller", "Mu\u0308ller"), [("/a/name", "Müller", "Mu\u0308ller")]),
        (('test="1"', 'test="true"'), [("/a/@test", "1", "true")]),
        ((' test="1"', ""), [("/a/@test", "1", None)]),
        (('listURI="u"', 'listURI="v"'), [("/a/kopf/typ/@listURI", "u", "v")]),
        (("<code>1</code>", "<code>2</code>"), [("/a/kopf/typ/code", "1", "2")]),
        (("<leer/>", "<leer> </leer>"), [("/a/leer", "", " ")]),
        (("<leer/>", ""), [("/a/leer", "", None)]),
        (("<leer/>", '<leer x="1"><y>2</y></leer>'), [("/a/leer/@x", None, "1"), ("/a/leer/y", None, "2")]),
        (("<staat>1</staat>", ""), [("/a/staat[1]", "1", None)]),
        (("<staat>2</staat>", "<staat>4</staat>"), [("/a/staat[2]", "2", "4")]),
        (("<staat>3</staat>", "<staat>3</staat><staat>4</staat>"), [("/a/staat[4]", None, "4")]),
        (
            (
                '<kopf><typ listURI="u"><code>1</code></typ></kopf>',
                "",
            ),
            [("/a/kopf/typ/@listURI", "u", None), ("/a/kopf/typ/code", "1", None)],
        ),
    ],
)
def test_every_difference_has_its_place_and_both_values(
    change: tuple[str, str], expected: list[tuple[str, str | None, str | None]]
) -> None:
    assert found(BASE, BASE.replace(*change)) == expected
    assert found(BASE.replace(*change), BASE) == [(path, sent, supplied) for path, supplied, sent in expected]


def test_another_order_is_a_difference() -> None:
    other = BASE.replace("<leer/>", "").replace("<name>", "<leer/><name>")
    (difference,) = compared(BASE, other)
    assert (difference.path, difference.sent) == ("/a", "kopf leer name staat staat staat")
    swapped = BASE.replace("<staat>1</staat><staat>2</staat>", "<staat>2</staat><staat>1</staat>")
    assert found(BASE, swapped)


def test_another_namespace_is_another_element() -> None:
    assert found(BASE, BASE.replace("urn:p", "urn:q")) == [("/a", "{urn:p}a", "{urn:q}a")]
    assert len(found(BASE, BASE.replace("<name>", '<name xmlns="urn:n">'))) == 2


def test_text_where_elements_belong_is_seen() -> None:
    assert found(BASE, BASE.replace("<kopf>", "<kopf>x")) == [("/a/kopf", "", "x")]


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (" Müller", "only blanks differ"),
        ("MÜLLER", "only capitals differ"),
        ("Mu\u0308ller", "the same letters, composed of other characters"),
        ("Maier", None),
    ],
)
def test_values_that_look_alike_are_explained(value: str, hint: str | None) -> None:
    (difference,) = compared(BASE, BASE.replace("Müller", value))
    assert difference.hint == hint


def test_a_type_is_compared_by_its_name_not_its_prefix() -> None:
    head = '<a xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    one = f'{head} xmlns:t="urn:t" xsi:type="t:x"/>'
    assert found(one, f'{head} xmlns:u="urn:t" xsi:type="u:x"/>') == []
    assert found(one, f'{head} xmlns:t="urn:u" xsi:type="t:x"/>') == [("/a/@type", "{urn:t}x", "{urn:u}x")]


@pytest.mark.parametrize("contract", INCOMING[::3], ids=lambda contract: contract.message_type)
def test_every_field_of_a_message_counts_and_has_a_path_of_its_own(contract: Contract) -> None:
    documents = generate(_FOLDER, contract.root, _LISTS)
    document = next(element for label, element in documents if label == "full")
    assert differences(document, deepcopy(document)) == ()
    leaves = [each for each in document.iter() if not len(each)]
    paths = set()
    for number, leaf in enumerate(leaves):
        other = deepcopy(document)
        changed = [each for each in other.iter() if not len(each)][number]
        changed.text = f"{leaf.text or ''} "
        (difference,) = differences(document, other)
        assert (difference.supplied, difference.sent) == (leaf.text or "", changed.text)
        paths.add(difference.path)
        changed.getparent().remove(changed)  # type: ignore[union-attr]
        assert {each.sent for each in differences(document, other)} == {None}
    assert len(paths) == len(leaves) > 10
