"""The agencies and offices that a test gateway knows, in a store that knows none."""

import json
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from fixtures.pki.build import Pki
from store.engine import Store
from store.offices import read_office_table, replace_offices
from store.parties import add_party
from tests.support.core import AGENCIES, JOBCENTERS, NOW, OF_JOBCENTERS, OFFICES, party


def furnish(store: Store, pki: Pki) -> None:
    """Register the immigration authorities, the Jobcenters and the office directory, in a store without.

    What the first time wrote is written again the other times, table by table.
    """
    with store.write() as connection:
        kept = _furnished.setdefault((connection.dialect.name, pki.directory), {})
        for table, rows in kept.items():
            _insert(connection, table, rows)
        if not kept:
            _register(connection, pki)
            for table in _FURNISHED:
                kept[table] = connection.exec_driver_sql(f"SELECT * FROM {table}").fetchall()


_FURNISHED = (
    "party", "party_type", "party_version", "certificate", "party_certificate", "office", "office_postcode",
)  # fmt: skip
_furnished: dict[tuple[str, Path], dict[str, Sequence[Any]]] = {}


def _insert(connection: Connection, table: str, rows: Sequence[Any]) -> None:
    """Insert rows as the driver gave them, by one statement."""
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    row = f"({', '.join([mark] * len(rows[0]))})"
    every = ", ".join([row] * len(rows))
    connection.exec_driver_sql(
        f"INSERT INTO {table} VALUES {every}", tuple(map(_value, chain.from_iterable(rows)))
    )


def _value(value: Any) -> Any:
    # PostgreSQL's driver reads JSON, but takes it as text.
    return json.dumps(value) if isinstance(value, dict) else value


def _register(connection: Connection, pki: Pki) -> None:
    for holder, agency in AGENCIES.items():
        add_party(connection, party(pki, agency.kennung, agency.name, holder), NOW)
    for holder, agency in JOBCENTERS.items():
        add_party(
            connection,
            party(pki, agency.kennung, agency.name, holder, agency_type="TGS", allowed_types=OF_JOBCENTERS),
            NOW,
        )
    replace_offices(connection, read_office_table(OFFICES.read_text(encoding="utf-8")))
