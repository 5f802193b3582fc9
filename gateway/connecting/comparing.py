"""Test data sent electronically beside the same data given separately: what is equal, and what is not.

Messages are matched by their UUID and compared field by field. A pair of message type and version is good
when at least one of its messages is equal, none differs, and none is on one side only.
"""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from lxml import etree

from gateway.connecting.difference import Difference, differences
from store.records_connection import Pair, Product


class Outcome(StrEnum):
    """What the comparison says of one message."""

    EQUAL = "equal"
    DIFFERENT = "different"
    MISSING = "missing"
    """Given separately, but not sent."""
    SURPLUS = "surplus"
    """Sent, but not given separately."""
    LEFT_OUT = "left-out"
    """Sent, and said to be no test data."""
    ERASED = "erased"
    """Sent, but its content is gone."""


_GOOD: Final = frozenset({Outcome.EQUAL, Outcome.LEFT_OUT})

_NAMED: Final = (("produkthersteller", "maker"), ("produkt", "name"), ("produktversion", "version"))


@dataclass(frozen=True, slots=True)
class GivenSide:
    """A message as it was given separately, from a file."""

    uuid: str
    message_type: str
    pair: Pair
    file: str
    digest: bytes
    element: etree._Element


@dataclass(frozen=True, slots=True)
class SentSide:
    """A message as it was sent and proven; `element` is None when its content is gone."""

    uuid: str
    message_type: str
    pair: Pair
    at: datetime
    digest: bytes
    element: etree._Element | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One message in a comparison.

    `pair` is what it counts for: a record of a delivery counts for its manifest. `refused` is the code with
    which it was refused when it was sent, `reason` why it is no test data.
    """

    uuid: str
    message_type: str
    pair: Pair
    outcome: Outcome
    file: str | None = None
    sent_at: datetime | None = None
    differences: tuple[Difference, ...] = ()
    refused: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class PairResult:
    """How many messages of a type and version came out how."""

    pair: Pair
    counts: Mapping[Outcome, int]

    @property
    def is_good(self) -> bool:
        """Tell whether this type and version may be confirmed."""
        bad = any(number for outcome, number in self.counts.items() if outcome not in _GOOD)
        return not bad and self.counts.get(Outcome.EQUAL, 0) > 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """All messages by UUID, and what comes of them for each type and version."""

    entries: tuple[Entry, ...]
    pairs: tuple[PairResult, ...]

    @property
    def is_equal(self) -> bool:
        """Tell whether the authority may be confirmed."""
        return bool(self.pairs) and all(each.is_good for each in self.pairs)

    def counts(self) -> dict[str, int]:
        """Return how many messages came out how."""
        found = {str(outcome): 0 for outcome in Outcome}
        for entry in self.entries:
            found[entry.outcome] += 1
        return found


def compare_sets(
    scope: Collection[Pair],
    given: Sequence[GivenSide],
    sent: Sequence[SentSide],
    *,
    product: Product,
    left_out: Mapping[str, str],
    refused: Mapping[str, str],
) -> Comparison:
    """Compare two sets of messages of some types and versions.

    In: what was given, what was sent; the product that must have written it; by UUID why sent messages are no
    test data, and with which code messages were refused.
    """
    theirs = {each.uuid: each for each in sent}
    entries = []
    for ours in given:
        other = theirs.pop(ours.uuid, None)
        if other is None:
            code = refused.get(ours.uuid)
            entries.append(
                Entry(ours.uuid, ours.message_type, ours.pair, Outcome.MISSING, ours.file, refused=code)
            )
        elif other.element is None:
            entries.append(
                Entry(ours.uuid, ours.message_type, ours.pair, Outcome.ERASED, ours.file, other.at)
            )
        else:
            found = (*differences(ours.element, other.element), *_foreign(other.element, product))
            outcome = Outcome.DIFFERENT if found else Outcome.EQUAL
            entries.append(
                Entry(ours.uuid, ours.message_type, ours.pair, outcome, ours.file, other.at, found)
            )
    for other in theirs.values():
        reason = left_out.get(other.uuid)
        outcome = Outcome.SURPLUS if reason is None else Outcome.LEFT_OUT
        entries.append(
            Entry(other.uuid, other.message_type, other.pair, outcome, None, other.at, reason=reason)
        )
    entries.sort(key=lambda entry: (entry.pair, entry.uuid))
    return Comparison(tuple(entries), tuple(_result(pair, entries) for pair in sorted(scope)))


def comparison_digest(
    subject: str, scope: Collection[Pair], given: Sequence[GivenSide], sent: Sequence[SentSide]
) -> bytes:
    """Return a SHA-256 over all that was compared: whoever has both sets can make it again.

    In: who with what ("azr:090001, Product 1.0 (Maker)"). It is that of a JSON document in UTF-8 without
    blanks: subject, pairs, and of each side the UUIDs with the SHA-256 of the exclusive canonical form.
    """
    whole = {
        "given": sorted([each.uuid, each.digest.hex()] for each in given),
        "pairs": sorted(map(list, scope)),
        "sent": sorted([each.uuid, each.digest.hex()] for each in sent),
        "subject": subject,
    }
    text = json.dumps(whole, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).digest()


def sent_digest(sent: Collection[tuple[str, bytes]]) -> bytes:
    """Return a SHA-256 over what was sent. In: UUIDs and hashes of contents."""
    whole = hashlib.sha256()
    for uuid, digest in sorted(sent):
        whole.update(f"{uuid} {digest.hex()}\n".encode("ascii"))
    return whole.digest()


def _result(pair: Pair, entries: Sequence[Entry]) -> PairResult:
    counts: dict[Outcome, int] = {}
    for entry in entries:
        if entry.pair == pair:
            counts[entry.outcome] = counts.get(entry.outcome, 0) + 1
    return PairResult(pair, counts)


def _foreign(sent: etree._Element, product: Product) -> list[Difference]:
    """What the frame of a sent message says of its product, where that is another one.

    The version may be left out by the contract, and then says nothing; our own contracts name no product.
    """
    found = []
    for name, part in _NAMED:
        said, registered = sent.get(name), getattr(product, part)
        if said is not None and said != registered:
            path = f"/{etree.QName(sent).localname}/@{name}"
            found.append(Difference(path, registered, said, "another product than the one registered"))
    return found
