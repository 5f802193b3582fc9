"""Which data of the course an agency is told: the table of scope."""

from functools import cache

from gateway.information.table import Facts, InformationTable, Row, load_table


@cache
def scope_table() -> InformationTable:
    """Return the bundled table."""
    return load_table("scope")


def scope_row(facts: Facts) -> Row:
    """Return the row that says what is told, or why nothing."""
    return scope_table().decide(facts)
