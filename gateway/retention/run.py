"""A run: look for whose time is over, read once which messages are about them, erase one after the other.

In small steps, so that a scheduler can do something else between them; nothing is locked but while one
person is erased. At the end comes by its own age what is about nobody stored: contents, and reasons of
connections.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from gateway.clock import at_german_day, german_day
from gateway.retention.erasing import ACTOR, Done, Eraser, Found, Linked
from gateway.retention.rules import MONTHS, Stage, horizon
from gateway.tools import Tools
from gateway.undone import apart
from gateway.validity import add_months
from store import erasure
from store.connections import count_reasons, erase_reasons
from store.engine import Store
from store.errors import StoreUnavailable
from store.ids import last_before
from store.records import JournalEntry, JournalKind, MessageRef
from store.retention import (
    Mention,
    OldChunk,
    OldContent,
    Touched,
    mentions_of,
    page_of_chunks,
    page_of_contents,
    page_of_items,
    page_of_mentions,
    page_of_persons,
    persons_known,
    still_known,
    waits_somewhere,
)
from store.unit_messages import journal_row

LOOKED_AT_ONCE: Final = 500
"""Rows that one step looks at; what it finds is far less."""
HELD_AT_MOST: Final = 20_000
"""Persons whose messages are looked for in one pass; there may be as many who wait for years."""


@dataclass(slots=True)
class Tally:
    """What a run did, or with `dry` would do. `failed` are persons that an error kept from being erased."""

    dry: bool = False
    erased: dict[int, list[int]] = field(default_factory=lambda: {1: [], 2: []})
    waits: dict[int, tuple[str, ...]] = field(default_factory=dict)
    failed: list[int] = field(default_factory=list)
    messages: int = 0
    reasons: int = 0

    @property
    def done(self) -> int:
        """Return how many persons were erased, and messages and reasons beside them."""
        return sum(map(len, self.erased.values())) + self.messages + self.reasons

    def as_data(self) -> dict[str, Any]:
        """Return it as JSON-able data: ids of persons only."""
        return {
            "dry_run": self.dry,
            "stage_1": self.erased[1],
            "stage_2": self.erased[2],
            "waits": [{"person": person, "for": list(why)} for person, why in sorted(self.waits.items())],
            "failed": sorted(self.failed),
            "messages_of_nobody": self.messages,
            "reasons_of_connections": self.reasons,
        }


class Run:
    """One run over the whole store on one day. `next` does a step and is False after the last one."""

    def __init__(self, store: Store, tools: Tools, *, dry: bool = False, actor: str = ACTOR) -> None:
        self.today = german_day(tools.clock.now())
        self.tally = Tally(dry)
        self._store = store
        self._tools = tools
        self._actor = actor
        self._eraser = Eraser(store, tools)
        self._steps = self._run()

    def next(self) -> bool:
        """Do a step: read a page, or erase one person. Out: whether there may be more."""
        return next(self._steps, False)

    def _run(self) -> Iterator[bool]:
        due: list[Found] = []
        for page in self._due_persons():
            due += page
            yield True
            if len(due) >= HELD_AT_MOST:
                yield from self._erase_all(due)
                due = []
        yield from self._erase_all(due)
        yield from self._old_items()
        yield from self._old_messages()
        yield from self._old_chunks()
        yield from self._old_reasons()

    def _erase_all(self, due: list[Found]) -> Iterator[bool]:
        links = Links(self._store)
        if due:
            for _ in links.find(due):
                yield True
        for found in due:
            with told(found.person, self.tally.failed.append):
                self._one(found, links.of(found))
            yield True

    def _due_persons(self) -> Iterator[list[Found]]:
        after: int | None = 0
        while after is not None:
            with self._store.read() as reader:
                ids, after = page_of_persons(
                    reader.connection,
                    after=after,
                    at_most=LOOKED_AT_ONCE,
                    opened_until=horizon(self.today, Stage.NAMES),
                    erased_until=horizon(self.today, Stage.NUMBER),
                )
                looked = []
                for each in ids:
                    with told(each, self.tally.failed.append):
                        looked.append(self._eraser.look(reader.connection, each, self.today))
            yield [each for each in looked if each is not None]

    def _one(self, found: Found, linked: Linked) -> None:
        if self.tally.dry:
            with self._store.read() as reader:
                waits = self._eraser.waits(reader.connection, found, linked)
            done: Done | None = Done(found.person, found.stage, waits)
        else:
            done = self._eraser.erase(found.person, self.today, linked, actor=self._actor)
        if done is None:
            return
        if done.waits:
            self.tally.waits[done.person] = done.waits
        else:
            self.tally.erased[int(done.stage)].append(done.person)

    def _old_items(self) -> Iterator[bool]:
        """Erase closed work items as old as the first stage whose persons are all erased."""
        until = self._oldest()
        after: int | None = 0
        while after is not None:
            with self._store.read() as reader:
                page, after = page_of_items(reader.connection, after, LOOKED_AT_ONCE)
                old = [each.id for each in page if each.id <= until and not each.erased]
                gone = [
                    each
                    for each in page
                    if each.id in old and not persons_known(reader.connection, each.persons)
                ]
            if gone and not self.tally.dry:
                with self._store.write() as connection:
                    erasure.erase_items(connection, [each.id for each in gone])
            yield True
            if page and page[-1].id > until:
                return

    def _old_messages(self) -> Iterator[bool]:
        """Erase contents as old as the first stage that are about nobody who is stored in full.

        They were refused, came after the person was erased, or asked about somebody unknown.
        """
        before = self._before()
        after: int | None = 0
        while after is not None:
            with self._store.read() as reader:
                page, after = page_of_contents(
                    reader.connection,
                    after=after,
                    until=self._oldest(),
                    before=before,
                    at_most=LOOKED_AT_ONCE,
                )
                gone = [each for each in page if not _is_kept(reader.connection, each.ref)]
            self.tally.messages += len(gone)
            if gone and not self.tally.dry:
                self._erase_contents(gone)
            yield True

    def _erase_contents(self, contents: list[OldContent]) -> None:
        now, row_id = self._tools.real_clock.now(), self._store.new_id()
        with self._store.write() as connection:
            erasure.destroy_keys(connection, [each.key_id for each in contents])
            erasure.erase_messages(connection, [each.ref for each in contents if each.ref is not None])
            facts = {"messages": len(contents), "actor": self._actor}
            entry = JournalEntry(JournalKind.ERASED, now, facts=facts)
            journal_row(connection, row_id, entry)

    def _old_chunks(self) -> Iterator[bool]:
        """Erase records as old as the first stage that nobody could decide, and nobody gave up either."""
        before = self._before()
        after: tuple[int, int] | None = (0, -1)
        while after is not None:
            with self._store.read() as reader:
                gone, after = page_of_chunks(
                    reader.connection, after=after, before=before, at_most=LOOKED_AT_ONCE
                )
            self.tally.messages += sum(each.records for each in gone)
            if gone and not self.tally.dry:
                self._erase_chunks(gone)
            yield True

    def _erase_chunks(self, chunks: list[OldChunk]) -> None:
        now, row_id = self._tools.real_clock.now(), self._store.new_id()
        with self._store.write() as connection:
            erasure.destroy_chunks(connection, [(each.delivery_id, each.ordinal) for each in chunks])
            facts = {"records": sum(each.records for each in chunks), "actor": self._actor}
            journal_row(connection, row_id, JournalEntry(JournalKind.ERASED, now, facts=facts))

    def _old_reasons(self) -> Iterator[bool]:
        """Erase what users wrote about connections as old as the first stage: it may name somebody."""
        before = self._before()
        with self._store.read() as reader:
            found = count_reasons(reader.connection, before)
        if self.tally.dry:
            self.tally.reasons = found
            return
        for _ in range(-(-found // LOOKED_AT_ONCE)):
            self._erase_reasons(before)
            yield True

    def _erase_reasons(self, before: datetime) -> None:
        now, row_id = self._tools.real_clock.now(), self._store.new_id()
        with self._store.write() as connection:
            done = erase_reasons(connection, before, LOOKED_AT_ONCE)
            facts = {"reasons": done, "actor": self._actor}
            journal_row(connection, row_id, JournalEntry(JournalKind.ERASED, now, facts=facts))
        self.tally.reasons += done

    def _before(self) -> datetime:
        """Return the instant before which a message of nobody is too old, by the real clock, as journaled."""
        now = self._tools.real_clock.now()
        return at_german_day(now, add_months(german_day(now), -MONTHS[Stage.NAMES]))

    def _oldest(self) -> int:
        return last_before(self._before())


def told(person: int, failed: Callable[[int], object]) -> AbstractContextManager[None]:
    """Let an error about one person keep no other from being erased. In: who is told of whom it was.

    Raises StoreUnavailable and OSError: without the store or the file of erasures nobody is erased.
    """
    return apart(
        "person not erased",
        lambda _: failed(person),
        ends_all=lambda error: isinstance(error, (StoreUnavailable, OSError)),
        person=str(person),
    )


def _is_kept(connection: Connection, ref: MessageRef | None) -> bool:
    """Tell whether a message is about somebody who is stored in full, or waits for somebody."""
    if ref is None:
        return False
    return still_known(connection, mentions_of(connection, ref)) or waits_somewhere(connection, ref)


class Links:
    """Which messages and closed work items are about persons: read in one pass for many of them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._messages: dict[int, set[MessageRef]] = {}
        self._items: dict[int, set[int]] = {}

    def find(self, wanted: Iterable[Found]) -> Iterator[None]:
        """Read everything in pages; after the last one `of` knows."""
        persons: dict[int, int] = {}
        cases: dict[int, int] = {}
        numbers: dict[str, int] = {}
        for each in wanted:
            persons.update(dict.fromkeys(each.persons, each.person))
            cases.update(dict.fromkeys(each.cases, each.person))
            numbers.update(dict.fromkeys(each.numbers, each.person))
        for mention in self._mentions():
            if mention is None:
                yield
                continue
            hit = {persons.get(each) for each in mention.persons} | {
                cases.get(each) for each in mention.cases
            }
            hit.add(numbers.get(mention.number or ""))
            for person in hit - {None}:
                self._messages.setdefault(person, set()).add(mention.ref)  # type: ignore[arg-type]
        whose = {ref: person for person, refs in self._messages.items() for ref in refs}
        for item in self._touched():
            if item is None:
                yield
                continue
            hit = {persons.get(each) for each in item.persons} | {whose.get(ref) for ref in item.messages}
            for person in hit - {None}:
                self._items.setdefault(person, set()).add(item.id)  # type: ignore[arg-type]

    def of(self, found: Found) -> Linked:
        """Return what is about a person."""
        person = found.person
        return Linked(frozenset(self._messages.get(person, ())), frozenset(self._items.get(person, ())))

    def _mentions(self) -> Iterator[Mention | None]:
        after: tuple[str, str, int] | None = None
        while True:
            with self._store.read() as reader:
                page, after = page_of_mentions(reader.connection, after, LOOKED_AT_ONCE)
            yield from page
            yield None
            if after is None:
                return

    def _touched(self) -> Iterator[Touched | None]:
        after: int | None = 0
        while after is not None:
            with self._store.read() as reader:
                page, after = page_of_items(reader.connection, after, LOOKED_AT_ONCE)
            yield from page
            yield None


def finished(run: Run, tell: Callable[[int], None] = lambda _: None) -> Tally:
    """Let a run come to its end. In: told after every step how many were erased so far."""
    while run.next():
        tell(run.tally.done)
    return run.tally
