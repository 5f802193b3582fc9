"""What a unit of work knows of the results of deliveries, and of later answers to their records."""

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    LargeBinary,
    bindparam,
    cast,
    func,
    literal_column,
    null,
    select,
    tuple_,
)

from store.records import OutboxEntry
from store.records_batch import DeliveryResult
from store.schema import content, delivery, delivery_later, delivery_result, outbox
from store.statements import Statement, numbered, query
from store.unit_questions import QuestionWork, outbox_entry

ROUTE = "batch"
"""The route of later answers that are fetched as results of their delivery."""


class ResultWork(QuestionWork):
    """Results: the first one of all records, and addenda of what was decided later."""

    __slots__ = ()

    def add_result(self, record: DeliveryResult) -> None:
        """Queue the signed note of a result."""
        self._add(
            delivery_result,
            (
                record.delivery_id,
                record.addendum,
                record.uuid,
                record.document,
                record.created_at,
                record.first_fetched_at,
                record.confirmed_at,
            ),
        )

    def results_of(self, delivery_id: int) -> list[DeliveryResult]:
        """Return all results of a delivery, the first one first."""
        rows = self._run(_statements(self._link.dialect).of_delivery, delivery_id)
        return [DeliveryResult(*row) for row in rows]

    def first_result(self, delivery_id: int) -> DeliveryResult | None:
        """Return the first result of a delivery."""
        rows = self._run(_statements(self._link.dialect).first, delivery_id)
        return DeliveryResult(*rows[0]) if rows else None

    def result_by_uuid(self, party_id: str, uuid: str) -> DeliveryResult | None:
        """Return the result whose note has this UUID, if it is of a delivery of this party."""
        rows = self._run(_statements(self._link.dialect).by_uuid, party_id, uuid)
        return DeliveryResult(*rows[0]) if rows else None

    def last_addendum(self, delivery_id: int) -> int | None:
        """Return the number of the latest result of a delivery, None before the first one."""
        ((last,),) = self._run(_statements(self._link.dialect).last, delivery_id)
        return None if last is None else int(last)

    def mark_result_fetched(self, record: DeliveryResult, at: datetime) -> bool:
        """Note when a result, and every later answer in it, was fetched for the first time.

        False if it was fetched before.
        """
        statements = _statements(self._link.dialect)
        parameters = (self._at(at), record.delivery_id, record.addendum)
        self._run(statements.fetch_entries, *parameters)
        return self._changed(statements.fetch, parameters) == 1

    def confirm_result(self, record: DeliveryResult, at: datetime) -> bool:
        """Note that the party has a result, and every later answer in it; False if it was noted before."""
        statements = _statements(self._link.dialect)
        parameters = (self._at(at), record.delivery_id, record.addendum)
        self._run(statements.confirm_entries, *parameters)
        return self._changed(statements.confirm, parameters) == 1

    def later_unassigned(self, after: int, limit: int) -> list[OutboxEntry]:
        """Return later answers to records that are in no addendum yet, by id, without the documents."""
        rows = self._run(_statements(self._link.dialect).unassigned, after, limit)
        return [outbox_entry(row, self._vault) for row in rows]

    def lay_into(self, delivery_id: int, addendum: int, entry_ids: Iterable[int]) -> None:
        """Queue that later answers are in an addendum; each is in one only."""
        for entry_id in entry_ids:
            self._add(delivery_later, (entry_id, delivery_id, addendum))

    def later_in(
        self, delivery_id: int, addendum: int, after: tuple[str, int], limit: int
    ) -> list[OutboxEntry]:
        """Return the next later answers of an addendum, by position and then by id, with the documents.

        In: UUID and id of the last one that is known, ("", 0) for the first page.
        """
        rows = self._run(_statements(self._link.dialect).assigned, delivery_id, addendum, *after, limit)
        return [outbox_entry(row, self._vault) for row in rows]


class _Statements:
    """The statements about results."""

    def __init__(self, dialect: str) -> None:
        self._dialect = dialect
        result = delivery_result.c
        everything = select(delivery_result).order_by(result.delivery_id, result.addendum)
        of_delivery = result.delivery_id == bindparam("delivery_id")
        of_party = everything.join(delivery).where(delivery.c.party_id == bindparam("party_id"))
        self.of_delivery = query(dialect, everything.where(of_delivery), ["delivery_id"])
        self.first = query(
            dialect, everything.where(of_delivery, result.addendum == literal_column("0")), ["delivery_id"]
        )
        self.by_uuid = query(dialect, of_party.where(result.uuid == bindparam("uuid")), ["party_id", "uuid"])
        self.last = query(
            dialect, select(func.max(result.addendum, type_=Integer)).where(of_delivery), ["delivery_id"]
        )
        self.fetch = self._marking("delivery_result", "first_fetched_at")
        self.confirm = self._marking("delivery_result", "confirmed_at")
        self.fetch_entries = self._marking("outbox", "first_fetched_at")
        self.confirm_entries = self._marking("outbox", "confirmed_at")
        page = bindparam("limit", type_=Integer)
        # As text: for SQLite it would be one more parameter.
        nowhere: ColumnElement[Any] = literal_column("0")
        self.unassigned = query(
            dialect,
            select(outbox, cast(null(), LargeBinary))
            .outerjoin(delivery_later)
            .where(
                # As text, so that the index of these serves.
                outbox.c.route == literal_column(f"'{ROUTE}'"),
                outbox.c.confirmed_at.is_(None),
                delivery_later.c.outbox_id.is_(None),
                outbox.c.id > bindparam("after"),
            )
            .order_by(outbox.c.id)
            .limit(page)
            .offset(nowhere),
            ["after", "limit"],
        )
        self.assigned = query(
            dialect,
            select(outbox, content.c.wrapped)
            .join(delivery_later)
            .outerjoin(content, content.c.id == outbox.c.content_key_id)
            .where(
                delivery_later.c.delivery_id == bindparam("delivery_id"),
                delivery_later.c.addendum == bindparam("addendum"),
                tuple_(outbox.c.uuid, outbox.c.id) > tuple_(bindparam("uuid"), bindparam("id")),
            )
            .order_by(outbox.c.uuid, outbox.c.id)
            .limit(page)
            .offset(nowhere),
            ["delivery_id", "addendum", "uuid", "id", "limit"],
        )

    def _marking(self, table: str, column: str) -> Statement:
        """Return the update that notes the first instant of something for a result or what is in it."""
        of_result = '"delivery_id" = ? AND "addendum" = ?'
        if table == "outbox":
            chosen = f'SELECT "outbox_id" FROM "delivery_later" WHERE {of_result}'  # noqa: S608 - ours
            if self._dialect == "postgresql":
                # Whoever marks entries locks them in the order of their ids.
                chosen = f'SELECT "id" FROM "outbox" WHERE "id" IN ({chosen}) ORDER BY "id" FOR UPDATE'  # noqa: S608
            of_result = f'"id" IN ({chosen})'
        sql = f'UPDATE "{table}" SET "{column}" = ? WHERE {of_result} AND "{column}" IS NULL RETURNING 1'  # noqa: S608
        return Statement(numbered(self._dialect, sql), (None,))


@cache
def _statements(dialect: str) -> _Statements:
    return _Statements(dialect)
