"""What all tables share: the names of their constraints, and their row number."""

from sqlalchemy import Column, MetaData

from store.columns import RowId

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def row_id() -> Column[int]:
    """Return the primary key of a table whose ids the program makes."""
    return Column("id", RowId, primary_key=True, autoincrement=False)
