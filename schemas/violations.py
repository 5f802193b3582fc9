"""What is wrong with a document, as a neutral value without personal data."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from lxml import etree


class ViolationKind(StrEnum):
    """The kinds of violation; `messages` gives each its code and its texts."""

    UNKNOWN_ROOT = "unknown-root"
    VERSION_NOT_SERVED = "version-not-served"
    STRUCTURE = "structure"
    UNKNOWN_CODE_LIST = "unknown-code-list"
    UNKNOWN_LIST_VERSION = "unknown-list-version"
    UNKNOWN_CODE = "unknown-code"
    EMPTY_TEXT = "empty-text"


@dataclass(frozen=True, slots=True)
class Violation:
    """One violation.

    `path` is an XPath of names and positions, `line` the line in the document that was checked.
    `expected` and `found` name elements, attributes, facets and codes, never text of the document,
    so a violation may be logged and sent.
    """

    kind: ViolationKind
    path: str
    line: int | None
    expected: str
    found: str


class ContractError(Exception):
    """No contract can be named for a document; carries the one violation that says why."""

    def __init__(self, violation: Violation) -> None:
        super().__init__(f"{violation.kind}: {violation.path}: expected {violation.expected}")
        self.violation = violation


_CODE_SHAPE = re.compile(r"[A-Za-z0-9ÄÖÜäöüß._:/-]{1,80}")
_NAME_LIMIT = 120


def shown_code(code: str) -> str:
    """Return a code or list name for a violation, or a placeholder when it is not shaped like one.

    A sender may write anything where a code belongs; what looks like text is not repeated.
    """
    return code if _CODE_SHAPE.fullmatch(code) else "(not shaped like a code)"


def shown_name(tag: object) -> str:
    """Return the local name of an element or attribute for a violation, cut to a sensible length.

    In: a Clark name; comments and processing instructions have no name and are called so.
    """
    return (
        tag.rpartition("}")[2][:_NAME_LIMIT] if isinstance(tag, str) else "comment or processing instruction"
    )


def path_of(element: etree._Element) -> str:
    """Return the XPath of an element in its document: names with the document's prefixes, positions."""
    return element.getroottree().getpath(element)


def line_of(element: etree._Element) -> int | None:
    """Return the line on which an element begins, None when it was not parsed from text."""
    line: Any = element.sourceline
    return line if isinstance(line, int) else None
