"""From the neutral findings of the schema check to errors with code and words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Final

from lxml import etree

from messages.errors import GatewayError
from schemas.registry import Contract, SchemaRegistry
from schemas.violations import ContractError, Violation, ViolationKind

CODES: Final[Mapping[ViolationKind, str]] = MappingProxyType(
    {
        ViolationKind.UNKNOWN_ROOT: "X001.unknown-root",
        ViolationKind.VERSION_NOT_SERVED: "V000",
        ViolationKind.STRUCTURE: "X001",
        ViolationKind.UNKNOWN_CODE_LIST: "S010.unknown-list",
        ViolationKind.UNKNOWN_LIST_VERSION: "S010.unknown-version",
        ViolationKind.UNKNOWN_CODE: "S011",
        ViolationKind.EMPTY_TEXT: "S030",
    }
)


def kept_contract(registry: SchemaRegistry, element: etree._Element, today: date) -> Contract:
    """Return the contract that a document is written to and keeps, on the day given.

    Raises GatewayError: one for all that it violates, or for a contract that is not served.
    """
    try:
        contract = registry.identify(element, today)
    except ContractError as error:
        raise to_error([error.violation]) from error
    violations = registry.check(contract, element)
    if violations:
        raise to_error(violations)
    return contract


def to_error(violations: Sequence[Violation]) -> GatewayError:
    """One error for all ``violations`` of a document, named after the first, carrying every one.

    Raises ValueError when there is none.
    """
    if not violations:
        raise ValueError("no violation, no error")
    first = _single(violations[0])
    return GatewayError(
        first.code, path=first.path, line=first.line, details=first.details, violations=violations
    )


def single_errors(error: GatewayError) -> tuple[GatewayError, ...]:
    """The findings of ``error`` one by one, each with code, path, line and words."""
    return tuple(_single(violation) for violation in error.violations)


def _single(violation: Violation) -> GatewayError:
    return GatewayError(
        CODES[violation.kind],
        path=violation.path,
        line=violation.line,
        details={"expected": violation.expected, "found": violation.found},
    )
