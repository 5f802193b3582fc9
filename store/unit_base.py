"""What every part of a unit of work stands on: the connection, what is queued, and the content keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Table

from store.links import Link
from store.queries import Queries
from store.schema import content_key
from store.statements import Row, Statement
from store.vault import ContentCipher, ContentVault


class Work:
    """The ground of `store.unit.UnitOfWork`: asks at once, queues what is added until the commit."""

    __slots__ = ("_batch", "_ciphers", "_link", "_new_id", "_open", "_queries", "_vault")

    def __init__(self, link: Link, queries: Queries, vault: ContentVault, new_id: Callable[[], int]) -> None:
        self._link = link
        self._queries = queries
        self._vault = vault
        self._new_id = new_id
        self._batch: dict[Table, list[Row]] = {}
        self._ciphers: dict[tuple[str | None, str | None], ContentCipher] = {}
        self._open = False

    def new_id(self) -> int:
        """Return an id for a row of this unit of work."""
        return self._new_id()

    def _run(self, statement: Statement, *parameters: Any) -> list[Row]:
        return self._link.run(statement, parameters)

    def _changed(self, statement: Statement, parameters: Sequence[Any]) -> int:
        """Run an update and return how many rows it changed."""
        return len(self._link.run(statement, parameters))

    def _at(self, at: datetime | None) -> Any:
        return None if at is None else self._link.moment(at)

    def _on(self, on: date | None) -> Any:
        return None if on is None else self._link.day(on)

    def _add(self, table: Table, row: Row) -> None:
        rows = self._batch.get(table)
        if rows is None:
            self._batch[table] = [row]
        else:
            rows.append(row)

    def _content_cipher(self, party_id: str | None, uuid: str | None) -> ContentCipher:
        """Return the cipher of a message: each has a key of its own, so that each can be erased alone."""
        name = (party_id, uuid)
        cipher = self._ciphers.get(name)
        if cipher is None:
            cipher, wrapped = self._vault.new_key(self._new_id())
            self._ciphers[name] = cipher
            self._add(content_key, (cipher.key_id, wrapped))
        return cipher
