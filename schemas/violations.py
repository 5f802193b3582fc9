"""What is wrong with a document, as a neutral value without personal data."""

from dataclasses import dataclass
from enum import StrEnum


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
