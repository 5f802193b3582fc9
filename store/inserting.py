"""Inserting what may be there already, on either engine and whoever was faster."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def tolerant_insert(connection: Connection, table: Table) -> Any:
    """Return an insert that passes over rows like one that a unique index of the table holds already."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(table).on_conflict_do_nothing()


def insert_unless_there(connection: Connection, table: Table, row: Mapping[str, Any]) -> bool:
    """Insert a row; False if a unique index of the table holds one like it already."""
    inserted = tolerant_insert(connection, table).values(row).returning(*table.primary_key)
    return connection.execute(inserted).first() is not None
