"""The reference page of the decision table, made from its data: `python -m adapters.cli.rules_page`."""

from __future__ import annotations

from gateway.rules import telling
from gateway.rules.engine import DecisionTable, Note, Row
from gateway.rules.reader import load_rules

_HEAD = """# The decision table

What is answered when a request meets what is stored about a person. It is asked only when it is certain who
the person is: by number and birth date, after a clerk's word, or because nobody is known. The rows are in the
order in which they decide, the first that matches holds; a test shows that every combination has one, and
that every row is reached by some.

`inge rules show` and `inge rules row D12` tell the same. This page is made from the data by `make docs`.

Kinds of right: 1a entitlement, 1b and 2 obligations of an immigration authority, 3 admission by BAMF,
4 resettler, 5 obligation and 8 admission by a Jobcenter, 6 repetition, 7 obligation by a benefits office.
Classes of request: E (1a), Vabh (1b, 2), Zbamf (3), S (4), Vtgs (5), 6, Vtla (7), Ztgs (8). Answers:
ACC accepted, REJ refused with a code, ASK the agency is asked, CLERK a clerk decides, CLOSE ended with a
receipt, neither accepted nor refused. Evidence: S founding document, X XAusländer, L law, D decided here.
"""


def render_page() -> str:
    """Give the page as Markdown: every version, the latest first."""
    return "\n".join([_HEAD, *(_version(version) for version in reversed(load_rules().tables))])


def _version(version: DecisionTable) -> str:
    """Give one version; its notes stand among the explanations only, as they are no rows."""
    words = ", ".join(f"{word} = {'/'.join(sorted(meaning))}" for word, meaning in version.words.items())
    active, inactive = (
        " before ".join("/".join(sorted(rank)) for rank in ranks)
        for ranks in (version.active_ranks, version.inactive_ranks)
    )
    lines = [
        f"## Version {version.version}, in force from {version.valid_from}\n",
        f"{words}.\n",
        f"Of several cases an active one counts, by kind: {active}. If none is active: {inactive};"
        " the repeater's own case first, among equals the one decided first (D31).\n",
        "| row | existing case | request | if | answer | effect |",
        "|---|---|---|---|---|---|",
    ]
    for row in version.rows:
        about = (telling.existing(row, version), telling.requests(row, version), telling.flags(row))
        lines.append(f"| {' | '.join((row.id, *about, telling.answer(row), row.effect))} |")
    told: list[Row | Note] = [*version.rows, *version.notes]
    lines += ["", "| row | Erklärung | explanation | legal basis | evidence |", "|---|---|---|---|---|"]
    lines += [
        f"| {row.id} | {row.explanation_de} | {row.explanation_en} | {row.legal_basis} | {row.evidence} |"
        for row in sorted(told, key=lambda row: row.id)
    ]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    print(render_page(), end="")
