"""Which element a same-document reference means: ids under every spelling, each value once.

A reader that knows `Id` and one that knows `wsu:Id` must never find different elements for one value; that
gap is what signature wrapping lives on.
"""

import threading
from collections.abc import Mapping
from typing import Any, Final

from lxml import etree

from gateway.trust.names import WSU_ID
from messages.errors import GatewayError

_XML_ID: Final = "{http://www.w3.org/XML/1998/namespace}id"
_REFERABLE: Final = frozenset({"Id", "ID", "id", WSU_ID, _XML_ID})
_SPELLINGS: Final = {WSU_ID: "wsu:Id", _XML_ID: "xml:id"}


class _Questions(threading.local):
    """Compiled XPath of one thread: an evaluator is not for use by two at once."""

    def __init__(self) -> None:
        # The local name is looked at in Python: comparing lengths is the fastest filter libxml2 offers.
        self.two_letter_attributes = etree.XPath("//@*[string-length(local-name()) = 2]")


_questions: Final = _Questions()


def index_ids(root: etree._Element) -> Mapping[str, etree._Element]:
    """Return every element of the document that has an id, by the value of the id.

    Counted are `Id`, `ID`, `id`, `wsu:Id`, `xml:id` and the same letters in any foreign namespace; values are
    compared as plain strings. Found by a reference are only elements whose id stands under one of the five.
    Raises GatewayError T011.duplicate-id if one value occurs twice, on one element or on two.
    """
    found: dict[str, etree._Element] = {}
    seen: dict[str, str] = {}
    attributes: Any = _questions.two_letter_attributes(root)
    for value in attributes:
        name: str = value.attrname
        if name[-2:].lower() != "id":
            continue
        text = str(value)
        if text in seen:
            spellings = sorted({_spelling(name), _spelling(seen[text])})
            raise GatewayError("T011.duplicate-id", details={"id": " / ".join(spellings)})
        seen[text] = name
        if name in _REFERABLE:
            found[text] = value.getparent()
    return found


def _spelling(name: str) -> str:
    return _SPELLINGS.get(name) or (name if name in _REFERABLE else "*:" + name[-2:])


def has_one_id(element: etree._Element) -> bool:
    """Tell whether an element carries exactly one id, under whichever spelling."""
    return sum(name[-2:].lower() == "id" and name[-3:-2] in ("", "}") for name in element.keys()) == 1  # noqa: SIM118
