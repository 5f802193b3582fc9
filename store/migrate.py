"""Bringing a store to the revision of this program, from the migrations packaged with it."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from store.connected import outward_errors
from store.database import make_engine

MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(url: str, revision: str = "head") -> None:
    """Bring the store at this address to a revision, in one transaction, if it is not there.

    Raises StoreUnavailable, and what the driver raises when a migration is not allowed or fails.
    """
    engine = make_engine(url)
    try:
        with outward_errors(), engine.connect() as connection:
            sqlite = connection.dialect.name == "sqlite"
            if sqlite:
                # A table that is made anew is dropped for a moment. Only outside a transaction can they be
                # switched off; the connection is closed below.
                connection.connection.cursor().execute("PRAGMA foreign_keys=OFF")
            with connection.begin():
                if not sqlite:
                    # Two machines may be started at once.
                    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(5133472201)")
                command.upgrade(_config(connection), revision)
                if sqlite and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()):
                    raise RuntimeError(f"the migration would break {len(broken)} references")
    finally:
        engine.dispose()


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
