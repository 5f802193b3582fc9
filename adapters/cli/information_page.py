"""The page of the tables of information, made from their data: `python -m adapters.cli.information_page`."""

from __future__ import annotations

from gateway.information.telling import ToldTable, told_tables

_HEAD = """# Who is told what

What an agency is told about a person and a case, and when it may join the obligation of another. The rows are
in the order in which they decide, the first that matches holds; tests show that every combination has one,
and that every row is reached by some. What no row names is not told. Every request that gets an answer, be it
a refusal, leaves an entry in the log of retrievals ([how that is looked at](data-protection.md)); a fault is
in the journal only.

`inge rules existence`, `inge rules takeover`, `inge rules scope` and `inge rules row T13` tell the same. This
page is made from the data by `make docs`.

Relations: own = the agency issued the right that counts, taken-over = it joined it, former = it issued a past
right of the case, other. Kinds of right as in [the decision table](decision-table.md); a repeater's own case
is asked about as the case that is repeated. Behind a block: what is told of a person with a disclosure block
to an agency from which the case is hidden.
"""


def render_page() -> str:
    """Give the page as Markdown: one section per table."""
    return "\n".join([_HEAD, *map(_section, told_tables())])


def _section(table: ToldTable) -> str:
    lines = [
        f"## {table.name.capitalize()}: {table.messages}\n",
        f"Version {table.version}.\n",
        "| row | about | answer | told | behind a block |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.id} | {row.about} | {row.answer} | {', '.join(row.fields) or '–'}"
        f" | {', '.join(row.blocked) or '–'} |"
        for row in table.rows
    ]
    lines += ["", "| row | Erklärung | explanation | legal basis |", "|---|---|---|---|"]
    lines += [f"| {row.id} | {row.german} | {row.english} | {row.legal_basis} |" for row in table.rows]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    print(render_page(), end="")
