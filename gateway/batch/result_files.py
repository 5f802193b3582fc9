"""The files of results (200005): put together from what is stored, the same octets every time, never kept.

Read in pages, each on a connection of its own, so that a slow reader holds nothing and a million results need
no more memory than some hundred.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from lxml import etree

from gateway.answers_bva import faulty
from messages.bva import Ergebnisrahmen, Zaehlung
from messages.errors import GatewayError
from messages.namespaces import BVA
from messages.registry import MessageRegistry
from store.deliveries import first_counts, missed_positions
from store.engine import Store
from store.errors import ContentErased
from store.record_ids import record_uuid
from store.records import OutboxEntry
from store.records_batch import Delivery
from store.unit import UnitOfWork

FAILED: Final = "T200.record-failed"
_BEGIN: Final = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<bva:BAMFBVA.Ergebnisse.200005 xmlns:bva="%b">\n' % BVA.encode()
)
_END: Final = b"</bva:BAMFBVA.Ergebnisse.200005>\n"
_PAGE: Final = 200


@dataclass(frozen=True, slots=True)
class Measured:
    """Length and SHA-256 of a file."""

    size: int
    sha256: bytes


def measured(blocks: Iterable[bytes]) -> Measured:
    """Measure a file without keeping it."""
    digest, size = hashlib.sha256(), 0
    for block in blocks:
        digest.update(block)
        size += len(block)
    return Measured(size, digest.digest())


def result_file(
    store: Store, messages: MessageRegistry, delivery: Delivery, addendum: int
) -> Iterator[bytes]:
    """Yield the file of a result. In: 0 for the first one, or the number of the addendum."""
    if addendum:
        return later_file(store, delivery.id, addendum)
    return first_file(store, messages, delivery)


def first_file(store: Store, messages: MessageRegistry, delivery: Delivery) -> Iterator[bytes]:
    """Yield the first result of a delivery: one answer for each record, in the order of the records file.

    Raises ContentErased when one of the answers was erased with the personal data.
    """
    with store.read() as reader:
        missed = missed_positions(reader.connection, delivery.id)
    without = {position for positions in missed for position in positions}
    yield _BEGIN
    for first in range(1, delivery.records + 1, _PAGE):
        positions = range(first, min(first + _PAGE, delivery.records + 1))
        uuids = {
            position: record_uuid(delivery.stem, position)
            for position in positions
            if position not in without
        }
        with store.read() as reader:
            answers = reader.answer_documents(delivery.party_id, tuple(uuids.values()))
        yield b"".join(
            _line(failed(messages, position) if position in without else answers.get(uuids[position]))
            for position in positions
        )
    yield _END


def first_counted(store: Store, delivery: Delivery) -> Zaehlung:
    """Count how the records stand in the first result."""
    with store.read() as reader:
        return Zaehlung(*first_counts(reader.connection, delivery.id))


def later_file(store: Store, delivery_id: int, addendum: int) -> Iterator[bytes]:
    """Yield an addendum: what was decided later, by position, and twice if it was decided twice.

    Raises ContentErased.
    """

    def page(after: tuple[str, int]) -> Sequence[OutboxEntry]:
        with store.unit_of_work() as work:
            return work.later_in(delivery_id, addendum, after, _PAGE)

    return _later(_pages(page))


def later_measured(work: UnitOfWork, delivery_id: int, addendum: int) -> tuple[Measured, Zaehlung]:
    """Measure an addendum that a unit of work has laid together, and count its outcomes, in one pass.

    Raises ContentErased.
    """
    endings: Counter[str] = Counter()

    def page(after: tuple[str, int]) -> Sequence[OutboxEntry]:
        entries = work.later_in(delivery_id, addendum, after, _PAGE)
        endings.update(_ending(entry) for entry in entries)
        return entries

    file = measured(_later(_pages(page)))
    return file, Zaehlung.of(endings.elements())


def failed(messages: MessageRegistry, position: int) -> bytes:
    """Return the result of a record that could not be decided when the first result was made.

    It is written anew whenever the file is fetched: its words are as fixed as the note that was signed.
    """
    return messages.write(faulty(GatewayError(FAILED)).framed(Ergebnisrahmen(position)))


def _later(pages: Iterable[Sequence[OutboxEntry]]) -> Iterator[bytes]:
    yield _BEGIN
    for entries in pages:
        yield b"".join(_line(entry.document) for entry in entries)
    yield _END


def _pages(page: Callable[[tuple[str, int]], Sequence[OutboxEntry]]) -> Iterator[Sequence[OutboxEntry]]:
    """Yield page after page. In: what returns the entries after a UUID and id, none at the end."""
    after = ("", 0)
    while entries := page(after):
        yield entries
        after = (entries[-1].uuid, entries[-1].id)


def _ending(entry: OutboxEntry) -> str:
    if entry.document is None:
        raise ContentErased("the content key was destroyed")
    return etree.QName(etree.fromstring(entry.document)[-1]).localname


def _line(document: bytes | None) -> bytes:
    if document is None:
        raise ContentErased("the content key was destroyed")
    return document + b"\n"
