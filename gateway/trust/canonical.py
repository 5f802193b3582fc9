"""Canonical octets of a part, and the trees read from them."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lxml import etree

from gateway.trust.algorithms import CanonicalizationMethod


@dataclass(frozen=True, slots=True)
class Canonicalization:
    """An algorithm with the prefixes of its InclusiveNamespaces element (Exclusive XML C14N §4)."""

    method: CanonicalizationMethod = CanonicalizationMethod.EXCLUSIVE
    prefixes: Sequence[str] = ()


EXCLUSIVE: Final = Canonicalization()


class CanonicalBytes(bytes):
    """An element in exclusive canonical form, made by this process; sealed without a second look."""

    __slots__ = ()


def canonical_octets(element: etree._Element, how: Canonicalization = EXCLUSIVE) -> bytes:
    """Return the canonical form of an element where it stands; comments are kept so that they can be seen.

    A copy would lose declarations of its ancestors that a prefix list names. Since canonical text and
    attributes never hold a bare `<`, `holds_markup` of the result tells whether there was a comment; where
    there was none, the octets are those of the variants without comments.
    Raises ValueError if the tree cannot be canonicalised (relative namespace URIs, C14N §2.3).
    """
    try:
        return etree.tostring(
            element,
            method="c14n",
            exclusive=how.method is CanonicalizationMethod.EXCLUSIVE,
            inclusive_ns_prefixes=list(how.prefixes) or None,
        )
    except etree.C14NError as error:
        raise ValueError("not canonicalisable") from error


def holds_comment(canonical: bytes) -> bool:
    """Tell whether canonical octets contain a comment."""
    return b"<!--" in canonical


def holds_instruction(canonical: bytes) -> bool:
    """Tell whether canonical octets contain a processing instruction."""
    return b"<?" in canonical


class _Reader(threading.local):
    """Parser of one thread, for octets we canonicalised ourselves."""

    def __init__(self) -> None:
        self.parser = etree.XMLParser(
            encoding="utf-8", load_dtd=False, resolve_entities=False, no_network=True, huge_tree=False
        )


_reader: Final = _Reader()


def read_canonical(octets: bytes) -> etree._Element:
    """Parse canonical octets into a new tree. Raises etree.XMLSyntaxError if they are no document."""
    return etree.fromstring(octets, _reader.parser)
