"""Everything that speaks against a document by itself, whoever sends it: at once, instead of the first."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from lxml import etree

from gateway.places import at
from gateway.trust.admission import Limits, admit
from messages.errors import GatewayError
from messages.violations import single_errors, to_error
from schemas.registry import Contract, SchemaRegistry
from schemas.violations import ContractError


@dataclass(frozen=True, slots=True)
class Inspected:
    """What was found. `root` is None for what cannot be read, `contract` for what belongs to none."""

    root: etree._Element | None
    contract: Contract | None
    errors: tuple[GatewayError, ...]


def inspect(octets: bytes, registry: SchemaRegistry, limits: Limits, on: date) -> Inspected:
    """Go the way of a message as far as a document goes alone, and collect what would refuse it.

    In: the document without envelope, the caps on it, the day for which served versions count. Lines are
    those of the octets.
    """
    root = contract = None
    try:
        root = admit(octets, limits).root
        contract = registry.identify(root, on)
    except ContractError as error:
        return Inspected(root, None, (to_error([error.violation]),))
    except GatewayError as error:
        return Inspected(root, None, (error if root is None else at(error, root),))
    return Inspected(root, contract, (*_unsignable(root), *_violations(registry, contract, root)))


def _unsignable(root: etree._Element) -> Iterator[GatewayError]:
    """Yield what the proof of a signed document would refuse."""
    for comment in root.iter(etree.Comment):
        yield at(GatewayError("X001.comment"), comment)
    for instruction in root.iter(etree.ProcessingInstruction):
        yield at(GatewayError("X001.processing-instruction"), instruction)


def _violations(
    registry: SchemaRegistry, contract: Contract, root: etree._Element
) -> tuple[GatewayError, ...]:
    violations = registry.check(contract, root)
    return single_errors(to_error(violations)) if violations else ()
