"""Taking course data in, from a file or entry by entry: all of it or nothing, and twice changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.cases.rules import CaseError
from gateway.clerks.capture import Clerk, locked_cases
from gateway.clerks.course_checks import problems_of
from gateway.clerks.course_entries import (
    CaseLine,
    CourseEntry,
    OrganiserEntry,
    SectionLine,
    SiteEntry,
    TestLine,
)
from gateway.clerks.course_taking import Taken, Taking
from gateway.clerks.desk import ClerkError
from gateway.requests import number_of
from gateway.tools import Tools
from messages.errors import GatewayError
from schemas.codes import CodeLists
from store.engine import Store
from store.records import CaseRecord, JournalEntry, JournalKind
from store.unit import UnitOfWork

MOST_CASES: Final = 1000
MOST_ENTRIES: Final = 5000
"""More would hold the locks of too many persons for too long: on SQLite everybody waits meanwhile (2 s)."""

Line = tuple[int | None, CourseEntry]
"""An entry with the number of the line it stands in, None where it is of no file."""
Progress = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of entries, by kind: how many were new, changed what is stored, or were known already."""

    new: Mapping[str, int]
    changed: Mapping[str, int]
    known: Mapping[str, int]


class ImportProblems(ClerkError):
    """Entries cannot be taken in; `problems` are all that were found, each with its line."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class CourseImport:
    """Takes course data in. In: the store, what decisions are made with, the code lists."""

    def __init__(self, store: Store, tools: Tools, lists: CodeLists) -> None:
        self._store = store
        self._tools = tools
        self._lists = lists

    def take(
        self, lines: Iterable[Line], clerk: Clerk, *, dry_run: bool, progress: Progress = lambda *_: None
    ) -> Imported:
        """Take all entries in, in one unit of work; with `dry_run` look only what would come of it.

        Organisers and sites come first, wherever they stand, the rest in its order. Of a case only the first
        entry that cannot be taken is told. Raises ImportProblems with everything that is wrong,
        StoreUnavailable; then nothing is kept.
        """
        entries = sorted(lines, key=lambda each: _RANKS.get(type(each[1]), len(_RANKS)))
        problems = list(self._wrong(entries))
        if problems:
            raise ImportProblems(problems)
        self._tools.refresh()
        try:
            with self._store.unit_of_work() as work:
                run = _Run(work, self._tools, clerk)
                run.lock(entries)
                for done, (line, entry) in enumerate(entries, 1):
                    run.take(line, entry)
                    progress(entry.kind, done)
                if run.problems:
                    raise ImportProblems(run.problems)
                if not dry_run:
                    run.commit()
        except GatewayError as error:
            raise ClerkError(error.text_en) from error
        return Imported(*(dict(run.counts[each]) for each in (Taken.NEW, Taken.CHANGED, Taken.KNOWN)))

    def _wrong(self, entries: Sequence[Line]) -> Iterator[str]:
        for line, entry in entries:
            for problem in problems_of(entry, self._lists):
                yield _at(line, entry, problem)
        yield from _said_twice(entries)
        cases = {_number(entry) for _, entry in entries if isinstance(entry, CaseLine)}
        if len(entries) > MOST_ENTRIES:
            yield f"these are {len(entries)} entries, at most {MOST_ENTRIES} are taken in at once"
        if len(cases) > MOST_CASES:
            yield f"these are {len(cases)} cases, at most {MOST_CASES} are taken in at once"


class _Run:
    """Entries on their way into one unit of work."""

    def __init__(self, work: UnitOfWork, tools: Tools, clerk: Clerk) -> None:
        self.counts: dict[Taken, Counter[str]] = {each: Counter() for each in Taken}
        self.problems: list[str] = []
        self._work = work
        self._real_now = tools.real_clock.now()
        self._actor = clerk.actor
        self._taking = Taking(work, clerk, tools.clock.now())
        self._cases: Mapping[str, CaseRecord] = {}
        self._spoilt: set[str] = set()

    def lock(self, entries: Sequence[Line]) -> None:
        """Lock the persons of all cases at once. Raises ClerkError where one changed meanwhile."""
        numbers = {_number(entry) for _, entry in entries if isinstance(entry, CaseLine)}
        self._cases = locked_cases(self._work, numbers)

    def take(self, line: int | None, entry: CourseEntry) -> None:
        """Take one entry in, or note why it cannot be."""
        try:
            if isinstance(entry, CaseLine):
                if _number(entry) in self._spoilt:
                    return
                taken = self._taking.of_case(self._case(entry), entry, line)
            else:
                taken = self._taking.place(entry)
        except (CaseError, ClerkError) as error:
            if isinstance(entry, CaseLine):
                self._spoilt.add(_number(entry))
            self.problems.append(_at(line, entry, str(error)))
            return
        self.counts[taken][entry.kind] += 1
        if taken is not Taken.KNOWN:
            self._work.flush()

    def commit(self) -> None:
        """Keep it, with a row in the journal for each case that changed, one for organisers and sites."""
        said = {"capture": "courses", "actor": self._actor}
        for case_id, kinds in self._taking.changed.items():
            self._journal({**said, "case": case_id, "entries": dict(kinds)})
        if self._taking.places:
            self._journal({**said, **self._taking.places})
        self._work.commit()

    def _journal(self, facts: Mapping[str, object]) -> None:
        self._work.add_journal(JournalEntry(JournalKind.CLERK, self._real_now, facts=facts))

    def _case(self, entry: CaseLine) -> CaseRecord:
        """Return a case as it is now, with what earlier entries did to it."""
        number = _number(entry)
        case = self._work.case(self._cases[number].id) if number in self._cases else None
        if case is None:
            raise ClerkError(f"nobody has the number {number}")
        return case


_RANKS: Final[Mapping[type[object], int]] = {OrganiserEntry: 0, SiteEntry: 1}


def _number(entry: CaseLine) -> str:
    return number_of(entry.case) or ""


def _at(line: int | None, entry: CourseEntry, problem: str) -> str:
    """Return a problem with where it is; an entry of no file has no place."""
    return problem if line is None else f"line {line}, {entry.kind}: {problem}"


def _said_twice(entries: Sequence[Line]) -> Iterator[str]:
    """Give the entries about the same as an earlier one: such a file could change something every time."""
    seen: dict[tuple[object, ...], int | None] = {}
    for line, entry in entries:
        about = _about(entry)
        if about in seen:
            yield _at(line, entry, f"line {seen[about]} is about the same already")
        else:
            seen[about] = line


def _about(entry: CourseEntry) -> tuple[object, ...]:
    """Return what an entry is about: two of the same are one thing said twice."""
    if isinstance(entry, OrganiserEntry | SiteEntry):
        return entry.kind, entry.number
    about: tuple[object, ...] = entry.kind, _number(entry)
    if isinstance(entry, SectionLine):
        return *about, entry.course_no, entry.section, entry.began_on
    if isinstance(entry, TestLine):
        return *about, entry.test, entry.taken_on, entry.organiser
    return about
