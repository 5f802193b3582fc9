"""Engines with this product's settings: what both engines keep after they said that it is kept."""

import os
import sqlite3
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.pool import ConnectionPoolEntry

SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    # NORMAL may lose an acknowledged commit when the power fails.
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA busy_timeout=5000",
    "PRAGMA cache_size=-16384",
    # Pages that every message touches are copied back once per 16 MiB of log instead of once per 4.
    "PRAGMA wal_autocheckpoint=4000",
)
POSTGRESQL_SETTINGS = {
    "TimeZone": "UTC",
    "DateStyle": "ISO",
    "bytea_output": "hex",
    "default_transaction_isolation": "read\\ committed",
    "lock_timeout": "10s",
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "60s",
}


def make_engine(url: str) -> Engine:
    """Return the engine with this product's settings (durability, foreign keys, UTC, time-outs).

    Its errors name no parameters, for those are personal data.
    """
    address = make_url(url)
    backend = address.get_backend_name()
    if backend == "sqlite":
        return _sqlite_engine(address)
    if backend == "postgresql":
        return _postgresql_engine(address.set(drivername="postgresql+psycopg"))
    raise ValueError(f"a store is SQLite or PostgreSQL, not {backend}")


def unlimited(connection: Connection) -> None:
    """Lift the limits of PostgreSQL for this transaction: a large store takes longer than any message may."""
    if connection.dialect.name != "postgresql":
        return
    for limit in ("statement_timeout", "idle_in_transaction_session_timeout"):
        connection.execute(text(f"SET LOCAL {limit} = 0"))


def _sqlite_engine(address: URL) -> Engine:
    if not address.database or address.database == ":memory:":
        raise ValueError("a SQLite store needs a file: several processes and a restart must find it")
    path = Path(address.database)
    engine = create_engine(
        address, hide_parameters=True, connect_args={"check_same_thread": False, "cached_statements": 256}
    )

    @event.listens_for(engine, "do_connect")
    def private(*_: object) -> None:
        # Nobody but the owner may read personal data; SQLite gives its side files the same mode.
        if not path.exists() and path.parent.is_dir():
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        # The driver must not open transactions by itself.
        connection.isolation_level = None
        for pragma in SQLITE_PRAGMAS:
            connection.execute(pragma).fetchall()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("inge_write", True)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def _postgresql_engine(address: URL) -> Engine:
    options = " ".join(f"-c {name}={value}" for name, value in POSTGRESQL_SETTINGS.items())
    return create_engine(
        address,
        hide_parameters=True,
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        pool_size=2,
        max_overflow=20,
        connect_args={
            "options": options,
            "connect_timeout": 5,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 20_000,
            "application_name": "inge",
        },
    )
