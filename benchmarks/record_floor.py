"""The bare floor of a delivery: what one record costs with no framework around it.

Parse, validate, digest the canonical form, look the person up, keep record and person; so many commit
together, as the gateway's chunks do. The gateway's rates are ratios against this, measured in the same run.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from lxml import etree

from benchmarks.floor import FloorResult

Row = tuple[str, str, bytes, bytes]
"""UUID, person, digest, document."""
Keep = Callable[[Sequence[Row]], None]

_MESSAGE: Final = "CREATE TABLE IF NOT EXISTS floor_record(uuid TEXT PRIMARY KEY, hash {0}, document {0})"
_PERSON: Final = "CREATE TABLE IF NOT EXISTS floor_resettler(key TEXT PRIMARY KEY, uuid TEXT)"


def side_by_side(
    schema: Path, open_keep: Callable[[], Keep], shares: Sequence[Sequence[bytes]], chunk: int
) -> float:
    """Return the records a second of bare loops, one process for each share of the records."""
    context = multiprocessing.get_context("fork")
    results: multiprocessing.SimpleQueue[FloorResult] = context.SimpleQueue()
    processes = [
        context.Process(target=lambda share=share: results.put(_loop(schema, open_keep, share, chunk)))
        for share in shares
    ]
    for process in processes:
        process.start()
    done = [results.get() for _ in processes]
    for process in processes:
        process.join()
    return sum(result.messages for result in done) / max(result.wall for result in done)


def _loop(schema: Path, open_keep: Callable[[], Keep], records: Sequence[bytes], chunk: int) -> FloorResult:
    valid = etree.XMLSchema(etree.parse(str(schema)))
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    keep = open_keep()
    begin, cpu = time.perf_counter(), time.process_time()
    for start in range(0, len(records), chunk):
        keep([_row(each, valid, parser) for each in records[start : start + chunk]])
    return FloorResult(len(records), time.perf_counter() - begin, time.process_time() - cpu)


def _row(record: bytes, valid: etree.XMLSchema, parser: etree.XMLParser) -> Row:
    document = etree.fromstring(record, parser)
    valid.assertValid(document)
    canonical = etree.tostring(document, method="c14n", exclusive=True)
    digest = hashlib.sha256(canonical)
    person = "|".join(element.text or "" for element in document.iter("name", "jahrMonatTag"))
    return digest.hexdigest(), person, digest.digest(), canonical


def sqlite_keep(path: Path) -> Keep:
    """Open a bare SQLite file (WAL, synchronous=FULL) and return what keeps some rows in one transaction."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=60)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(_MESSAGE.format("BLOB"))
    connection.execute(_PERSON)

    def keep(rows: Sequence[Row]) -> None:
        connection.execute("BEGIN IMMEDIATE")
        for uuid, person, digest, document in rows:
            connection.execute("SELECT uuid FROM floor_resettler WHERE key = ?", (person,)).fetchone()
            connection.execute("INSERT INTO floor_record VALUES (?, ?, ?)", (uuid, digest, document))
            connection.execute("INSERT OR IGNORE INTO floor_resettler VALUES (?, ?)", (person, uuid))
        connection.execute("COMMIT")

    return keep


def postgresql_keep(conninfo: str) -> Keep:
    """Open a bare psycopg connection and return the same on it; the inserts go in pipelines."""
    import psycopg

    connection = psycopg.connect(conninfo)
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(1)")
        connection.execute(_MESSAGE.format("BYTEA"))
        connection.execute(_PERSON)

    def keep(rows: Sequence[Row]) -> None:
        find = "SELECT uuid FROM floor_resettler WHERE key = %s"
        with connection.transaction(), connection.cursor() as cursor:
            for row in rows:
                cursor.execute(find, (row[1],), prepare=True).fetchone()
            cursor.executemany(
                "INSERT INTO floor_record VALUES (%s, %s, %s)", [(u, d, c) for u, _, d, c in rows]
            )
            cursor.executemany(
                "INSERT INTO floor_resettler VALUES (%s, %s) ON CONFLICT DO NOTHING",
                # In one order, so that two loops never wait for each other.
                sorted((person, uuid) for uuid, person, _, _ in rows),
            )

    return keep
