"""Looking at deliveries: which there are, and how far each is."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, case, func, literal, select, tuple_

from store.ids import last_before
from store.records_batch import (
    ChunkCounts,
    Delivery,
    DeliveryProgress,
    DeliveryResult,
    DeliverySequence,
)
from store.schema import delivery, delivery_chunk, delivery_result, delivery_sequence

_OUTCOMES = ChunkCounts._fields


def list_deliveries(
    connection: Connection, *, party_id: str | None = None, unfinished: bool = False, limit: int
) -> list[Delivery]:
    """Return accepted deliveries, the latest first; of one party, or only those that are not finished."""
    wanted = select(delivery).where(delivery.c.accepted_at.is_not(None))
    if party_id is not None:
        wanted = wanted.where(delivery.c.party_id == party_id)
    if unfinished:
        wanted = wanted.where(delivery.c.finished_at.is_(None))
    rows = connection.execute(
        wanted.order_by(delivery.c.accepted_at.desc(), delivery.c.id.desc()).limit(limit)
    )
    return [Delivery(*row) for row in rows]


def fetchable_deliveries(connection: Connection, party_id: str, limit: int) -> list[Delivery]:
    """Return a party's deliveries that are not finished or have an unconfirmed result, oldest first."""
    unconfirmed = select(delivery_result.c.delivery_id).where(
        delivery_result.c.delivery_id == delivery.c.id, delivery_result.c.confirmed_at.is_(None)
    )
    rows = connection.execute(
        select(delivery)
        .where(
            delivery.c.party_id == party_id,
            delivery.c.accepted_at.is_not(None),
            delivery.c.finished_at.is_(None) | unconfirmed.exists(),
        )
        .order_by(delivery.c.id)
        .limit(limit)
    )
    return [Delivery(*row) for row in rows]


def abandoned_deliveries(connection: Connection, before: datetime, limit: int) -> list[Delivery]:
    """Return deliveries never taken in whole that nobody went on with since an instant, oldest first.

    The day of arrival tells too little: what a node kept for long is stored here long after it arrived.
    """
    last = last_before(before)
    stored_since = select(delivery_chunk.c.delivery_id).where(
        delivery_chunk.c.delivery_id == delivery.c.id, delivery_chunk.c.key_id > last
    )
    rows = connection.execute(
        select(delivery)
        .where(
            delivery.c.finished_at.is_(None),
            delivery.c.accepted_at.is_(None),
            delivery.c.received_at < before,
            delivery.c.id <= last,
            ~stored_since.exists(),
        )
        .order_by(delivery.c.id)
        .limit(limit)
    )
    return [Delivery(*row) for row in rows]


def find_deliveries(connection: Connection, uuid: str) -> list[Delivery]:
    """Return the deliveries whose manifest has this UUID; normally one."""
    rows = connection.execute(select(delivery).where(delivery.c.uuid == uuid).order_by(delivery.c.party_id))
    return [Delivery(*row) for row in rows]


def progress_of(connection: Connection, delivery_ids: Sequence[int]) -> dict[int, DeliveryProgress]:
    """Return how far deliveries are, by id; those without chunks are left out."""
    chunk = delivery_chunk.c
    is_open = chunk.done_at.is_(None)
    rows = connection.execute(
        select(
            chunk.delivery_id,
            func.count(),
            func.sum(case((is_open & ~chunk.missed, 1), else_=0)),
            func.sum(case((is_open & chunk.missed, 1), else_=0)),
            func.sum(case((is_open, 0), else_=chunk.count)),
            *(func.sum(chunk[name]) for name in _OUTCOMES),
        )
        .where(chunk.delivery_id.in_(delivery_ids))
        .group_by(chunk.delivery_id)
    )
    return {
        row[0]: DeliveryProgress(
            int(row[1]), int(row[2]), int(row[3]), int(row[4]), ChunkCounts(*map(int, row[5:]))
        )
        for row in rows
    }


def missed_positions(connection: Connection, delivery_id: int) -> list[range]:
    """Return the positions of the records that a delivery's first result was made without, in order."""
    chunk = delivery_chunk.c
    rows = connection.execute(
        select(chunk.first, chunk.count)
        .where(chunk.delivery_id == delivery_id, chunk.missed)
        .order_by(chunk.first)
    )
    return [range(first, first + count) for first, count in rows]


def first_counts(connection: Connection, delivery_id: int) -> ChunkCounts:
    """Return how the records of a delivery stand in its first result; those it missed count as faulty."""
    chunk = delivery_chunk.c
    sums = (func.coalesce(func.sum(case((chunk.missed, 0), else_=chunk[name])), 0) for name in _OUTCOMES)
    missed = func.coalesce(func.sum(case((chunk.missed, chunk.count), else_=0)), 0)
    row = connection.execute(select(*sums, missed).where(chunk.delivery_id == delivery_id)).one()
    accepted, parked, refused, faulty, without = map(int, row)
    return ChunkCounts(accepted, parked, refused, faulty + without)


def results_of(
    connection: Connection,
    delivery_ids: Sequence[int],
    *,
    unconfirmed: bool = False,
    limit: int | None = None,
) -> list[DeliveryResult]:
    """Return the results of deliveries, by delivery and then the first one first; only the first so many."""
    asked = select(delivery_result).where(delivery_result.c.delivery_id.in_(delivery_ids))
    if unconfirmed:
        asked = asked.where(delivery_result.c.confirmed_at.is_(None))
    rows = connection.execute(
        asked.order_by(delivery_result.c.delivery_id, delivery_result.c.addendum).limit(limit)
    )
    return [DeliveryResult(*row) for row in rows]


def last_place(connection: Connection, party_id: str) -> tuple[int, int]:
    """Return the highest number and package that a party ever delivered; (0, 0) before the first one."""
    row = connection.execute(
        select(delivery.c.number, delivery.c.package)
        .where(delivery.c.party_id == party_id, delivery.c.accepted_at.is_not(None))
        .order_by(delivery.c.number.desc(), delivery.c.package.desc())
        .limit(1)
    ).one_or_none()
    return (0, 0) if row is None else (row[0], row[1])


def find_sequence(connection: Connection, party_id: str) -> DeliverySequence | None:
    """Return which package a party delivered last; None before the first one."""
    row = connection.execute(
        select(delivery_sequence).where(delivery_sequence.c.party_id == party_id)
    ).one_or_none()
    return None if row is None else DeliverySequence(*row)


def waiting_results(
    connection: Connection, door: str, after: tuple[int, int], limit: int
) -> list[tuple[Delivery, DeliveryResult]]:
    """Return unconfirmed results of the deliveries that came by a door, oldest first, with the deliveries.

    In: delivery and addendum of the last one that is known, (0, 0) for the first page.
    """
    result = delivery_result.c
    rows = connection.execute(
        select(delivery, delivery_result)
        .join(delivery_result, delivery_result.c.delivery_id == delivery.c.id)
        .where(
            delivery.c.door == door,
            result.confirmed_at.is_(None),
            tuple_(result.delivery_id, result.addendum) > tuple_(*map(literal, after)),
        )
        .order_by(delivery_result.c.delivery_id, delivery_result.c.addendum)
        .limit(limit)
    )
    columns = len(delivery.columns)
    return [(Delivery(*row[:columns]), DeliveryResult(*row[columns:])) for row in rows]
