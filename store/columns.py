"""The types of the columns, the same on both engines, and what a table may say about its inserts."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, Integer, String, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.engine import Dialect
from sqlalchemy.types import JSON, TypeEngine

ON_CONFLICT = "on conflict"
"""Key in a table's `info`: what an insert does about a row that is there already."""

# Only a column of type INTEGER is SQLite's own row number; a BIGINT key would be a second tree per table.
RowId = BigInteger().with_variant(Integer, "sqlite")


class Moment(TypeDecorator[datetime]):
    """A point in time in UTC with microseconds: timestamptz, on SQLite text that sorts like the time."""

    impl = String(32)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column type of the engine."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(TIMESTAMP(timezone=True))
        return dialect.type_descriptor(String(32))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Turn an aware datetime into what the engine stores."""
        if value is None or dialect.name == "postgresql":
            return value
        return moment_text(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Turn what the engine stored into an aware datetime in UTC."""
        if value is None:
            return None
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return moment.astimezone(UTC)


@lru_cache(maxsize=64)
def moment_text(value: datetime) -> str:
    """Return an aware datetime as SQLite keeps it: ISO 8601, UTC, always six digits of fraction."""
    if value.tzinfo is not UTC:
        if value.tzinfo is None:
            raise ValueError("a point in time without a zone")
        value = value.astimezone(UTC)
    return value.isoformat(timespec="microseconds")


Document = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
