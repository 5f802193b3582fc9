"""Products and procedures of the connection of authorities, and the history of both.

Every change of a state compares with what was read and says whether it was still so.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, tuple_, update

from store.inserting import insert_unless_there
from store.records_connection import Pair, Procedure, Product, Step
from store.schema import (
    connection_history,
    connection_left_out,
    connection_procedure,
    connection_product,
    connection_scope,
)

_WITH_REASONS: Final = (connection_history, connection_left_out)


def add_product(connection: Connection, product: Product) -> bool:
    """Add a product; False if there is one of this maker, name and version already."""
    row = {
        "id": product.id,
        "maker": product.maker,
        "name": product.name,
        "version": product.version,
        "state": str(product.state),
    }
    return insert_unless_there(connection, connection_product, row)


def list_products(connection: Connection) -> list[Product]:
    """Return all products, by maker, name and version."""
    columns = connection_product.c
    rows = connection.execute(
        select(connection_product).order_by(columns.maker, columns.name, columns.version)
    )
    return [Product(*row) for row in rows]


def find_product(connection: Connection, product_id: int) -> Product | None:
    """Return a product by its id."""
    row = connection.execute(
        select(connection_product).where(connection_product.c.id == product_id)
    ).one_or_none()
    return None if row is None else Product(*row)


def change_product(connection: Connection, product: Product, state: str) -> bool:
    """Give a product another state than the one it was read in; False if it has another by now."""
    changed = connection.execute(
        update(connection_product)
        .where(connection_product.c.id == product.id, connection_product.c.state == str(product.state))
        .values(state=str(state))
    )
    return changed.rowcount == 1


def add_procedure(connection: Connection, procedure: Procedure) -> bool:
    """Add a procedure with its scope; False if one of this authority and product is under way."""
    row = {
        "id": procedure.id,
        "kennung": procedure.kennung,
        "product_id": procedure.product_id,
        "state": str(procedure.state),
        "revision": procedure.revision,
        "opened_at": procedure.opened_at,
        "ended_at": procedure.ended_at,
    }
    if not insert_unless_there(connection, connection_procedure, row):
        return False
    set_scope(connection, procedure.id, procedure.scope)
    return True


def list_procedures(connection: Connection) -> list[Procedure]:
    """Return all procedures with their scopes, the oldest first."""
    return _procedures(connection)


def procedures_under_way(connection: Connection, after: int, limit: int) -> list[Procedure]:
    """Return procedures that are not over with their scopes, by their ids, from beyond one of them on."""
    table = connection_procedure.c
    return _procedures(connection, table.ended_at.is_(None), table.id > after, limit=limit)


def find_procedure(connection: Connection, procedure_id: int) -> Procedure | None:
    """Return a procedure by its id."""
    return next(iter(_procedures(connection, connection_procedure.c.id == procedure_id)), None)


def lock_procedure(connection: Connection, procedure_id: int) -> None:
    """Keep others from changing a procedure until the end of the transaction."""
    connection.execute(
        select(connection_procedure.c.id).where(connection_procedure.c.id == procedure_id).with_for_update()
    )


def change_procedure(
    connection: Connection, procedure: Procedure, state: str, *, revision: int, ended_at: datetime | None
) -> bool:
    """Change a procedure from the state and revision it was read in; False if it has others by now."""
    changed = connection.execute(
        update(connection_procedure)
        .where(
            connection_procedure.c.id == procedure.id,
            connection_procedure.c.state == str(procedure.state),
            connection_procedure.c.revision == procedure.revision,
        )
        .values(state=str(state), revision=revision, ended_at=ended_at)
    )
    return changed.rowcount == 1


def set_scope(connection: Connection, procedure_id: int, scope: Collection[Pair]) -> None:
    """Let a procedure be about these message types and versions and no others."""
    connection.execute(delete(connection_scope).where(connection_scope.c.procedure_id == procedure_id))
    rows = [
        {"procedure_id": procedure_id, "message_type": pair.message_type, "version": pair.version}
        for pair in sorted(scope)
    ]
    if rows:
        connection.execute(insert(connection_scope), rows)


def add_step(connection: Connection, step: Step) -> None:
    """Write a row of history."""
    connection.execute(
        insert(connection_history).values(
            id=step.id,
            kind=step.kind,
            subject=step.subject,
            step=step.step,
            before=step.before,
            after=step.after,
            at=step.at,
            actor=step.actor,
            reason=step.reason,
            facts=dict(step.facts),
        )
    )


def history_of(connection: Connection, kind: str, subject: str) -> list[Step]:
    """Return the history of one product, procedure or confirmation, in order."""
    rows = connection.execute(
        select(connection_history)
        .where(connection_history.c.kind == kind, connection_history.c.subject == subject)
        .order_by(connection_history.c.id)
    )
    return [Step(*row) for row in rows]


def last_step_at(connection: Connection, kind: str, subject: str) -> datetime | None:
    """Return when the last step of one product, procedure or confirmation was made."""
    table = connection_history.c
    last: datetime | None = connection.scalar(
        select(func.max(table.at, type_=table.at.type)).where(table.kind == kind, table.subject == subject)
    )
    return last


def count_reasons(connection: Connection, before: datetime) -> int:
    """Return how many reasons there are that users wrote before an instant."""
    counts = (
        connection.execute(
            select(func.count()).select_from(table).where(table.c.at < before, table.c.reason != "")
        )
        for table in _WITH_REASONS
    )
    return sum(count.scalar_one() for count in counts)


def erase_reasons(connection: Connection, before: datetime, at_most: int) -> int:
    """Make reasons empty that users wrote before an instant; out: how many. Who did what when stays."""
    done = 0
    for table in _WITH_REASONS:
        key = tuple_(*table.primary_key.columns)
        old = select(*table.primary_key.columns).where(table.c.at < before, table.c.reason != "")
        erased = connection.execute(update(table).where(key.in_(old.limit(at_most - done))).values(reason=""))
        done += erased.rowcount
    return done


def _procedures(
    connection: Connection, *conditions: ColumnElement[bool], limit: int | None = None
) -> list[Procedure]:
    wanted = select(connection_procedure).where(*conditions).order_by(connection_procedure.c.id).limit(limit)
    rows = connection.execute(wanted).all()
    pairs = select(connection_scope).where(connection_scope.c.procedure_id.in_([row.id for row in rows]))
    scopes: dict[int, set[Pair]] = {}
    for owner, message_type, version in connection.execute(pairs):
        scopes.setdefault(owner, set()).add(Pair(message_type, version))
    return [replace(Procedure(*row), scope=frozenset(scopes.get(row.id, ()))) for row in rows]
