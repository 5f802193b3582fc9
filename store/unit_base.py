"""What every part of a unit of work stands on: the connection, what is queued, and the content keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import Table

from store.links import Batch, Link
from store.queries import Queries
from store.schema import content
from store.statements import Row, Statement
from store.vault import ContentCipher, ContentVault

_Name: TypeAlias = "tuple[str | None, str | None]"
"""Party and UUID of a message."""


class Content(NamedTuple):
    """A message's row of `content`, filled until it is written, and the cipher for what goes into it."""

    cipher: ContentCipher
    row: list[Any]


class Work:
    """The ground of `store.unit.UnitOfWork`: asks at once, queues what is added until the commit."""

    __slots__ = (
        "_batch",
        "_contents",
        "_link",
        "_locked",
        "_new_id",
        "_open",
        "_queries",
        "_registered",
        "_strangers",
        "_vault",
    )

    def __init__(self, link: Link, queries: Queries, vault: ContentVault, new_id: Callable[[], int]) -> None:
        self._link = link
        self._queries = queries
        self._vault = vault
        self._new_id = new_id
        self._batch: Batch = {}
        self._contents: dict[_Name, Content] = {}
        self._registered: dict[_Name, int] = {}
        self._locked: set[int] = set()
        self._strangers: set[int] = set()
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

    def _add(self, table: Table, row: Sequence[Any]) -> None:
        rows = self._batch.get(table)
        if rows is None:
            self._batch[table] = [row]
        else:
            rows.append(row)

    def _content(self, party_id: str | None, uuid: str | None) -> Content:
        """Return the content of a message: each has a key of its own, so that each can be erased alone."""
        name = (party_id, uuid)
        found = self._contents.get(name)
        if found is None:
            found = self._contents[name] = self._new_content(self._registered.get(name) or self._new_id())
        return found

    def _new_content(self, key_id: int) -> Content:
        cipher, wrapped = self._vault.new_key(key_id)
        found = Content(cipher, [key_id, wrapped, *[None] * (len(content.columns) - 2)])
        self._add(content, found.row)
        return found
