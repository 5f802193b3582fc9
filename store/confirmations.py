"""Confirmations of connections, and what parties may send productively by them."""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Connection, delete, insert, select, true, update

from store.records_connection import Confirmation, Pair
from store.schema import connection_confirmation, connection_grant, party, party_type, party_version

INHERITED = "inherited"
"""The confirmation of a party that was productive before there was a procedure."""


def add_confirmation(connection: Connection, confirmation: Confirmation) -> None:
    """Keep a confirmation; its UUID must be new."""
    connection.execute(
        insert(connection_confirmation).values(
            uuid=confirmation.uuid,
            procedure_id=confirmation.procedure_id,
            kennung=confirmation.kennung,
            maker=confirmation.maker,
            product=confirmation.product,
            product_version=confirmation.product_version,
            scope=sorted(map(list, confirmation.scope)),
            state=str(confirmation.state),
            confirmed_at=confirmation.confirmed_at,
            confirmed_by=confirmation.confirmed_by,
            import_until=confirmation.import_until,
            document=confirmation.document,
            signer_fingerprint=confirmation.signer_fingerprint,
        )
    )


def find_confirmation(connection: Connection, uuid: str) -> Confirmation | None:
    """Return a confirmation by its UUID."""
    return next(iter(_confirmations(connection, connection_confirmation.c.uuid == uuid)), None)


def confirmation_of(connection: Connection, procedure_id: int) -> Confirmation | None:
    """Return what a procedure led to."""
    found = _confirmations(connection, connection_confirmation.c.procedure_id == procedure_id)
    return next(iter(found), None)


def list_confirmations(connection: Connection) -> list[Confirmation]:
    """Return all confirmations, the oldest first."""
    return _confirmations(connection, true())


def set_document(connection: Connection, confirmation: Confirmation, document: bytes, signer: str) -> bool:
    """Keep the signed file of a confirmation; False if there is one already."""
    changed = connection.execute(
        update(connection_confirmation)
        .where(
            connection_confirmation.c.uuid == confirmation.uuid, connection_confirmation.c.document.is_(None)
        )
        .values(document=document, signer_fingerprint=signer)
    )
    return changed.rowcount == 1


def change_confirmation(connection: Connection, confirmation: Confirmation, state: str) -> bool:
    """Give a confirmation another state than the one it was read in; False if it has another by now."""
    changed = connection.execute(
        update(connection_confirmation)
        .where(
            connection_confirmation.c.uuid == confirmation.uuid,
            connection_confirmation.c.state == str(confirmation.state),
        )
        .values(state=str(state))
    )
    return changed.rowcount == 1


def grants(connection: Connection) -> dict[str, dict[Pair, tuple[str, ...]]]:
    """Return what parties may send productively, and by which confirmations: kennung → pair → UUIDs."""
    table = connection_grant.c
    found: dict[str, dict[Pair, tuple[str, ...]]] = {}
    rows = connection.execute(
        select(connection_grant).order_by(
            table.kennung, table.message_type, table.version, table.confirmation
        )
    )
    for kennung, message_type, version, confirmation in rows:
        pairs = found.setdefault(kennung, {})
        pair = Pair(message_type, version)
        pairs[pair] = (*pairs.get(pair, ()), confirmation)
    return found


def grant(connection: Connection, kennung: str, pairs: Iterable[Pair], confirmation: str) -> None:
    """Let a party send these pairs by a confirmation; its types and versions grow by what they lack."""
    wanted = sorted(pairs)
    insert_grants(connection, kennung, wanted, confirmation)
    for table, column, values in (
        (party_type, party_type.c.message_type, {pair.message_type for pair in wanted}),
        (party_version, party_version.c.version, {pair.version for pair in wanted}),
    ):
        known = set(connection.execute(select(column).where(table.c.kennung == kennung)).scalars())
        rows = [{"kennung": kennung, column.name: value} for value in sorted(values - known)]
        if rows:
            connection.execute(insert(table), rows)


def insert_grants(
    connection: Connection, kennung: str, pairs: Iterable[tuple[str, str]], confirmation: str
) -> None:
    """Note that a confirmation covers these pairs of a party, and nothing else."""
    rows = [
        {"kennung": kennung, "message_type": message_type, "version": version, "confirmation": confirmation}
        for message_type, version in sorted(pairs)
    ]
    if rows:
        connection.execute(insert(connection_grant), rows)


def withdraw_grants(connection: Connection, kennung: str, confirmation: str) -> frozenset[Pair]:
    """Take back what a party may send by a confirmation; return the pairs that nothing else covers.

    Its types and versions shrink to what is covered.
    """
    before = grants(connection).get(kennung, {})
    left = {pair for pair, by in before.items() if by != (confirmation,)}
    connection.execute(
        delete(connection_grant).where(
            connection_grant.c.kennung == kennung, connection_grant.c.confirmation == confirmation
        )
    )
    for table, column, covered in (
        (party_type, party_type.c.message_type, {pair.message_type for pair in left}),
        (party_version, party_version.c.version, {pair.version for pair in left}),
    ):
        connection.execute(delete(table).where(table.c.kennung == kennung, column.not_in(sorted(covered))))
    return frozenset(before.keys() - left)


def lock_party_row(connection: Connection, kennung: str) -> None:
    """Keep others from changing what a party may send until the end of the transaction."""
    connection.execute(select(party.c.kennung).where(party.c.kennung == kennung).with_for_update())


def _confirmations(connection: Connection, condition: ColumnElement[bool]) -> list[Confirmation]:
    table = connection_confirmation
    rows = connection.execute(select(table).where(condition).order_by(table.c.confirmed_at, table.c.uuid))
    return [
        Confirmation(
            uuid=row.uuid,
            kennung=row.kennung,
            maker=row.maker,
            product=row.product,
            product_version=row.product_version,
            scope=frozenset(Pair(*pair) for pair in row.scope),
            state=row.state,
            confirmed_at=row.confirmed_at,
            confirmed_by=row.confirmed_by,
            import_until=row.import_until,
            procedure_id=row.procedure_id,
            document=row.document,
            signer_fingerprint=row.signer_fingerprint,
        )
        for row in rows
    ]
