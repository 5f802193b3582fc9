"""Erasing one person: under the locks of all its names, after looking again whether its time is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection

from gateway.retention.rules import CountsFrom, Ended, Stage, due, ended, remains
from gateway.tools import Tools
from store import erasure
from store.engine import Store
from store.erasures import ErasureLine, ErasuresFile
from store.records import JournalEntry, JournalKind, MessageRef
from store.retention import Group, find_group, lock_group, messages_of, waits_for
from store.unit_messages import journal_row

ACTOR: Final = "retention"


@dataclass(frozen=True, slots=True)
class Found:
    """A person whose time is over: the stage that is due, and from which day it was counted."""

    person: int
    persons: tuple[int, ...]
    cases: tuple[int, ...]
    numbers: tuple[str, ...]
    stage: Stage
    ended_on: date


@dataclass(frozen=True, slots=True)
class Done:
    """What was done about a person: erased, or with `waits` why not yet. `messages` could be read before."""

    person: int
    stage: Stage
    waits: tuple[str, ...] = ()
    messages: int = 0

    def as_data(self) -> dict[str, Any]:
        """Return it as JSON-able data."""
        return {"person": self.person, "stage": int(self.stage), "waits": list(self.waits)}


@dataclass(frozen=True, slots=True)
class Linked:
    """The messages that are about a person, and the closed work items that name it."""

    messages: frozenset[MessageRef] = frozenset()
    items: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class _Act:
    """One erasure in its transaction, under the locks."""

    connection: Connection
    group: Group
    today: date
    linked: Linked
    tell: bool
    actor: str


class Eraser:
    """Erases persons in a store. Every decision is made anew under the locks."""

    def __init__(self, store: Store, tools: Tools) -> None:
        self._store = store
        self._tools = tools
        self._counts_from = CountsFrom(tools.settings.retention_counts_from)
        path = tools.settings.erasures_file
        self._file = None if path is None else ErasuresFile(path)

    def look(self, connection: Connection, person_id: int, today: date) -> Found | None:
        """Return what is due of a person on a day; None if nothing is."""
        group = find_group(connection, person_id)
        found = None if group is None else self._due(group, today)
        if group is None or found is None:
            return None
        since, stage = found
        numbers = tuple(case.number for case in group.cases)
        return Found(group.ids[0], group.ids, group.case_ids, numbers, stage, since.on)

    def waits(self, connection: Connection, found: Found, linked: Linked) -> tuple[str, ...]:
        """Return why a person whose time is over cannot be erased yet."""
        group = find_group(connection, found.person)
        if group is None:
            return ()
        return tuple(waits_for(connection, group, linked.messages | messages_of(connection, group)))

    def erase(
        self, person_id: int, today: date, linked: Linked, *, tell: bool = True, actor: str = ACTOR
    ) -> Done | None:
        """Erase a person in the stage that is due, in one transaction. Out: None if nothing is due.

        In: what names it, besides the messages that its rights lead to; without `tell` the erasure stands in
        the file of erasures already. Raises StoreUnavailable, OSError.
        """
        with self._store.read() as reader:
            group = find_group(reader.connection, person_id)
        while group is not None:
            keys = set(group.lock_keys)
            # Before the transaction: the first id of a process is taken in one of its own.
            row_id = self._store.new_id()
            with self._store.write() as connection:
                lock_group(connection, keys)
                group = find_group(connection, person_id)
                # Whoever got another name meanwhile is locked by the new key too.
                if group is not None and set(group.lock_keys) <= keys:
                    act = _Act(connection, group, today, linked, tell, actor)
                    return self._erase(act, row_id)
        return None

    def _erase(self, act: _Act, row_id: int) -> Done | None:
        connection, group, today = act.connection, act.group, act.today
        found = self._due(group, today)
        if found is None:
            return None
        since, stage = found
        messages = sorted(
            act.linked.messages | messages_of(connection, group), key=lambda ref: (ref.uuid, ref.party_id)
        )
        waits = waits_for(connection, group, messages)
        if waits:
            return Done(group.ids[0], stage, tuple(waits))
        now = self._tools.real_clock.now()
        if act.tell and self._file is not None:
            # Before the commit: a crash may leave a line too many, never an erasure that a restore undoes.
            self._file.append([ErasureLine(group.ids, int(stage), since.on, today, now.isoformat())])
        read = erasure.erase_messages(connection, messages)
        erasure.erase_items(connection, act.linked.items)
        erasure.erase_all_but_names(connection, group.ids, remains(group, today), since.on)
        if stage is Stage.NUMBER:
            erasure.forget(connection, group.ids, group.case_ids, messages)
            erasure.forget_items(connection, act.linked.items, group.ids)
        erasure.note_erasure(
            connection,
            group.ids,
            int(stage),
            ended_on=since.on,
            took_part=since.took_part,
            at=now,
            actor=act.actor,
        )
        facts = {
            "stage": int(stage),
            "persons": list(group.ids),
            "cases": list(group.case_ids),
            "messages": len(messages),
            "actor": act.actor,
        }
        journal_row(connection, row_id, JournalEntry(JournalKind.ERASED, now, facts=facts))
        return Done(group.ids[0], stage, messages=read)

    def _due(self, group: Group, today: date) -> tuple[Ended, Stage] | None:
        since = ended(group, today, self._counts_from)
        stage = None if since is None else due(group, since, today)
        return None if since is None or stage is None else (since, stage)
