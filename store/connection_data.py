"""The test data of a connection: given separately, sent electronically, and what their comparisons said.

Contents are encrypted, each under a key of its own, and destroyed when the procedure ends.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, Table, delete, func, insert, select, union, update

from store.inserting import insert_unless_there
from store.records import JournalKind
from store.records_connection import LeftOut, Pair, Sent, StoredComparison, Supplied
from store.schema import (
    connection_comparison,
    connection_left_out,
    connection_supplied,
    decision,
    delivery,
    journal,
    message,
)
from store.vault import COMPARISON, SUPPLIED, ContentVault

_UUIDS_AT_ONCE: Final = 500


def put_supplied(
    connection: Connection,
    vault: ContentVault,
    procedure_id: int,
    documents: Iterable[tuple[int, Supplied]],
    *,
    anew: bool,
) -> None:
    """Keep documents given separately, each with an id for its key; one of the same UUID is replaced.

    With `anew` all that were there before go.
    """
    table = connection_supplied
    mine = table.c.procedure_id == procedure_id
    if anew:
        connection.execute(delete(table).where(mine))
    for key_id, each in documents:
        if each.document is None:
            raise ValueError("a document without content")
        cipher, wrapped = vault.new_key(key_id)
        connection.execute(delete(table).where(mine, table.c.uuid == each.uuid))
        connection.execute(
            insert(table).values(
                procedure_id=procedure_id,
                uuid=each.uuid,
                file=each.file,
                message_type=each.message_type,
                version=each.version,
                digest=each.digest,
                key_id=key_id,
                wrapped=wrapped,
                ciphertext=cipher.encrypt(SUPPLIED, each.document),
            )
        )


def list_supplied(connection: Connection, vault: ContentVault, procedure_id: int) -> list[Supplied]:
    """Return what was given separately, with its contents where they are kept, by UUID."""
    rows = connection.execute(
        select(connection_supplied)
        .where(connection_supplied.c.procedure_id == procedure_id)
        .order_by(connection_supplied.c.uuid)
    )
    return [
        Supplied(
            row.uuid,
            row.file,
            row.message_type,
            row.version,
            row.digest,
            None
            if row.wrapped is None
            else vault.open_key(row.key_id, row.wrapped).decrypt(SUPPLIED, row.ciphertext),
        )
        for row in rows
    ]


def leave_out(connection: Connection, procedure_id: int, entry: LeftOut) -> bool:
    """Let a sent message count as no test data; False if it does already."""
    row = {
        "procedure_id": procedure_id,
        "uuid": entry.uuid,
        "reason": entry.reason,
        "actor": entry.actor,
        "at": entry.at,
    }
    return insert_unless_there(connection, connection_left_out, row)


def list_left_out(connection: Connection, procedure_id: int) -> list[LeftOut]:
    """Return which sent messages are no test data, by UUID."""
    table = connection_left_out
    rows = connection.execute(
        select(table.c.uuid, table.c.reason, table.c.actor, table.c.at)
        .where(table.c.procedure_id == procedure_id)
        .order_by(table.c.uuid)
    )
    return [LeftOut(*row) for row in rows]


def list_sent(connection: Connection, kennung: str, scope: Collection[Pair], since: datetime) -> list[Sent]:
    """Return what an authority sent of these types and versions since an instant, in order.

    Of a delivery count its manifest and every record that was decided. Reads all messages of these types: a
    question for an operator of a test environment.
    """
    mine = _of_types(kennung, scope, since)

    def of(source: Table) -> Select[Any]:
        here = (source.c.uuid == message.c.uuid) & (source.c.party_id == message.c.party_id)
        return select(
            message.c.uuid,
            message.c.message_type,
            source.c.schema_version,
            message.c.content_hash,
            message.c.registered_at,
        ).join(source, here)

    accepted = of(delivery).where(*mine, delivery.c.accepted_at.is_not(None))
    rows = connection.execute(union(of(decision).where(*mine), accepted))
    found = (Sent(*row) for row in rows)
    return sorted((each for each in found if each.pair in scope), key=lambda each: (each.at, each.uuid))


def last_sent_at(
    connection: Connection, kennung: str, scope: Collection[Pair], since: datetime
) -> datetime | None:
    """Return when an authority last sent a message of these types since an instant, whatever came of it.

    Reads as much as `list_sent`.
    """
    at = message.c.registered_at
    last: datetime | None = connection.scalar(
        select(func.max(at, type_=at.type)).where(*_of_types(kennung, scope, since))
    )
    return last


def refusals_of(connection: Connection, kennung: str, uuids: Sequence[str]) -> dict[str, str]:
    """Return with which code messages of an authority were refused last, by UUID."""
    refused = (
        select(journal.c.uuid, journal.c.code)
        .where(journal.c.party_id == kennung, journal.c.kind == JournalKind.REFUSED.value)
        .order_by(journal.c.id)
    )
    found: dict[str, str] = {}
    # The records of deliveries can be more than a statement takes parameters.
    for first in range(0, len(uuids), _UUIDS_AT_ONCE):
        some = refused.where(journal.c.uuid.in_(uuids[first : first + _UUIDS_AT_ONCE]))
        found.update((row.uuid, row.code) for row in connection.execute(some))
    return found


def add_comparison(connection: Connection, vault: ContentVault, comparison: StoredComparison) -> None:
    """Keep what a comparison said."""
    if comparison.report is None:
        raise ValueError("a comparison without report")
    cipher, wrapped = vault.new_key(comparison.id)
    connection.execute(
        insert(connection_comparison).values(
            id=comparison.id,
            procedure_id=comparison.procedure_id,
            revision=comparison.revision,
            equal=comparison.equal,
            counts=dict(comparison.counts),
            sent_digest=comparison.sent_digest,
            digest=comparison.digest,
            actor=comparison.actor,
            at=comparison.at,
            wrapped=wrapped,
            ciphertext=cipher.encrypt(COMPARISON, comparison.report),
        )
    )


def last_comparison(
    connection: Connection, vault: ContentVault, procedure_id: int
) -> StoredComparison | None:
    """Return the latest comparison of a procedure, with its report where that is kept."""
    row = connection.execute(
        select(connection_comparison)
        .where(connection_comparison.c.procedure_id == procedure_id)
        .order_by(connection_comparison.c.id.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    *values, wrapped, ciphertext = row
    report = None if wrapped is None else vault.open_key(row.id, wrapped).decrypt(COMPARISON, ciphertext)
    return replace(StoredComparison(*values), report=report)


def destroy_contents(connection: Connection, procedure_id: int) -> None:
    """Make everything unreadable that holds content of test data; who, when, counts and hashes stay.

    Names of files go too: they are often those of the persons in them.
    """
    gone = {"wrapped": None, "ciphertext": None}
    for table, values in ((connection_supplied, {**gone, "file": ""}), (connection_comparison, gone)):
        connection.execute(update(table).where(table.c.procedure_id == procedure_id).values(values))


def _of_types(kennung: str, scope: Collection[Pair], since: datetime) -> tuple[ColumnElement[bool], ...]:
    types = sorted({each for pair in scope for each in pair.types()})
    return (
        message.c.party_id == kennung,
        message.c.registered_at >= since,
        message.c.message_type.in_(types),
    )
