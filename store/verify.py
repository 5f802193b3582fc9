"""Verifying the journal: each row's hash, the chain, the signed heads inside and outside the database."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import count
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, func, select

from store.database import unlimited
from store.engine import Store
from store.heads import Head, HeadsFile
from store.journal import GENESIS, HASHED, chain_hash, row_hash
from store.schema import content, journal, journal_head


class FindingKind(StrEnum):
    """What is wrong with the journal."""

    CHANGED = "changed"
    REMOVED = "removed"
    REORDERED = "reordered"
    TRUNCATED = "truncated"
    REWRITTEN = "rewritten"
    BAD_HEAD = "bad-head"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding, at a position of the chain or, for a row not sealed yet, at a row id."""

    kind: FindingKind
    position: int | None
    row_id: int | None
    text: str


@dataclass(frozen=True, slots=True)
class JournalReport:
    """The result: what was looked at, what was found, and what no seal protects yet."""

    rows: int
    last_position: int
    inside_heads: int
    outside_heads: int
    unreadable_lines: tuple[int, ...]
    unsealed: int
    oldest_unsealed: timedelta | None
    findings: tuple[Finding, ...]

    @property
    def intact(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


Verify = Callable[[bytes, bytes], bool]
"""Says whether bytes and a signature fit."""
Step = Callable[[str, int], None]
"""Is told what is being looked at, and how many were in all."""
_TOLD_AFTER: Final = 1000


def verify_journal(
    store: Store, heads: HeadsFile, verify: Verify, now: datetime, progress: Step = lambda *_: None
) -> JournalReport:
    """Check the whole journal against itself and against the heads outside.

    In: the store, the outside file, a function that says whether (bytes, signature) fit, the time for the
    age of the unsealed window, who is told how far it is. Works after content keys were destroyed. Raises
    StoreUnavailable.
    """
    done = count(1)

    def told(what: str) -> None:
        number = next(done)
        if number % _TOLD_AFTER == 0:
            progress(what, number)

    # The heads are read before the rows: what they know must be in the chain by then.
    outside: list[Head] = []
    unreadable: list[int] = []
    for head, number in heads.read():
        if head is None:
            unreadable.append(number)
        else:
            outside.append(head)
    with store.read() as reader:
        connection = reader.connection
        # There is a head for every second at work: their signatures alone take minutes.
        unlimited(connection)
        inside = [Head(*row) for row in connection.execute(select(journal_head))]
        findings: list[Finding] = []
        trusted = [
            *_trusted(inside, "inside", verify, findings, told),
            *_trusted(outside, "outside", verify, findings, told),
        ]
        rows, last = _check_chain(connection, trusted, findings, told)
        unsealed, oldest = _check_unsealed(connection, findings, told)
    beyond = [head.position for head in trusted if head.position > last]
    if beyond:
        text = f"the chain ends at {last}, but heads up to {max(beyond)} were signed"
        findings.append(Finding(FindingKind.TRUNCATED, last + 1, None, text))
    age = None if oldest is None else now - oldest
    return JournalReport(
        rows, last, len(inside), len(outside), tuple(unreadable), unsealed, age, tuple(findings)
    )


def _trusted(
    heads: Iterable[Head], where: str, verify: Verify, findings: list[Finding], told: Callable[[str], None]
) -> list[Head]:
    good = []
    for head in heads:
        told("heads")
        if verify(head.signed_bytes, head.signature):
            good.append(head)
        else:
            text = f"the signature of a head {where} the database is not ours"
            findings.append(Finding(FindingKind.BAD_HEAD, head.position, None, text))
    return good


def _check_chain(
    connection: Connection, heads: list[Head], findings: list[Finding], told: Callable[[str], None]
) -> tuple[int, int]:
    signed: dict[int, set[bytes]] = {}
    for head in heads:
        signed.setdefault(head.position, set()).add(head.chain)
    rows = 0
    last = 0
    previous: bytes | None = GENESIS
    question = _rows().where(journal.c.position.is_not(None)).order_by(journal.c.position)
    for row in connection.execution_options(yield_per=1000).execute(question):
        told("rows")
        rows += 1
        position = row.position
        if position != last + 1:
            gap = f"{last + 1}" if position == last + 2 else f"{last + 1} to {position - 1}"
            findings.append(Finding(FindingKind.REMOVED, last + 1, None, f"no row at position {gap}"))
            previous = None
        changed = _changed(row)
        if changed is not None:
            findings.append(Finding(FindingKind.CHANGED, position, row.id, changed))
        elif previous is not None and chain_hash(previous, position, row.row_hash) != row.chain_hash:
            text = "another row was sealed here: moved or exchanged"
            findings.append(Finding(FindingKind.REORDERED, position, row.id, text))
        if any(chain != row.chain_hash for chain in signed.get(position, ())):
            text = "a signed head says another chain hash"
            findings.append(Finding(FindingKind.REWRITTEN, position, row.id, text))
        previous = row.chain_hash
        last = position
    return rows, last


def _check_unsealed(
    connection: Connection, findings: list[Finding], told: Callable[[str], None]
) -> tuple[int, datetime | None]:
    rows = 0
    question = _rows().where(journal.c.position.is_(None)).order_by(journal.c.id)
    for row in connection.execution_options(yield_per=1000).execute(question):
        told("rows")
        rows += 1
        changed = _changed(row)
        if changed is not None:
            findings.append(Finding(FindingKind.CHANGED, None, row.id, changed))
    oldest = connection.execute(select(func.min(journal.c.at)).where(journal.c.position.is_(None))).scalar()
    return rows, oldest


def _rows() -> Select[Any]:
    return select(journal, content.c.request).outerjoin(content, content.c.id == journal.c.content_key_id)


def _changed(row: Row[Any]) -> str | None:
    fields = row._mapping
    if row_hash([fields[journal.c[name]] for name in HASHED]) != row.row_hash:
        return "the fields do not fit the row's hash"
    digest = None if row.request is None else hashlib.sha256(row.request).digest()
    if digest != row.sealed_digest:
        return "the encrypted content does not fit the row"
    return None
