"""The inspector keeps the places of each type apart, also when the model they came from is gone."""

import gc
from collections.abc import Mapping

from lxml import etree

from schemas.codes import CodeLists
from schemas.inspection import Inspector
from schemas.model import CODE_TYPE, Attribute, ComplexType, Element, Group, SimpleType

URI = "urn:beispiel:liste:{}"


def _message(number: int) -> Element:
    """Return a message of types of its own: one code of a list that belongs to this message alone."""
    token = SimpleType(("token",), ())
    attributes: Mapping[str, Attribute] = {
        "listURI": Attribute("listURI", token, False, URI.format(number)),
        "listVersionID": Attribute("listVersionID", token, True, None),
    }
    code = Element("grund", ComplexType((CODE_TYPE,), None, attributes), 1, 1, None)
    content = ComplexType((), Group("sequence", 1, 1, (code,)), {})
    return Element(f"nachricht{number}", content, 1, 1, None)


def _expected_list(inspector: Inspector, number: int) -> str:
    document = etree.fromstring(
        f'<nachricht{number}><grund listURI="urn:beispiel:fremd" listVersionID="1"><code>1</code></grund>'
        f"</nachricht{number}>"
    )
    (violation,) = inspector.inspect(document)
    return violation.expected


def test_a_type_whose_model_is_gone_is_not_taken_for_another() -> None:
    inspector = Inspector(CodeLists([], {}))
    for number in range(200):
        inspector.add(_message(number))
        gc.collect(0)
    found = [_expected_list(inspector, number) for number in range(200)]
    assert found == [f"listURI {URI.format(number)}" for number in range(200)]
