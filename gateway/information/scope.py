"""Which data of the course an agency is told: the table of scope."""

from functools import cache

from gateway.information.table import InformationTable, load_table


@cache
def scope_table() -> InformationTable:
    """Return the bundled table."""
    return load_table("scope")
