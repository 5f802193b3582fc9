"""A row of the decision table in the words of the table, for people."""

from collections.abc import Iterable, Mapping

from gateway.rules.engine import NO_CASE, DecisionTable, Row

ANY = "any"


def existing(row: Row, table: DecisionTable) -> str:
    """Say which existing case a row is about: classes, states, whose."""
    if not row.point:
        return "–"
    if row.classes == frozenset({NO_CASE}):
        return NO_CASE
    parts = [
        "" if row.classes is None else _named(row.classes, table.words),
        "" if row.states is None else _named(row.states, table.words),
        {None: "", True: "of its own", False: "of another agency"}[row.own],
        "of the same kind" if row.same_kind else "",
    ]
    return " ".join(part for part in parts if part) or ANY


def requests(row: Row, table: DecisionTable) -> str:
    """Say which classes of request a row is about, in the order of the table's kinds."""
    classes = list(dict.fromkeys(table.kinds.values()))
    if row.requests == frozenset(classes):
        return ANY
    return ", ".join(each for each in classes if each in row.requests) or "–"


def flags(row: Row) -> str:
    """Say which flags must and must not be set."""
    return ", ".join([*sorted(row.with_flags), *(f"not {flag}" for flag in sorted(row.without_flags))])


def answer(row: Row) -> str:
    """Say what a row answers: verdict, reason codes, information codes, takeover."""
    reasons = [] if row.reason is None else [row.reason]
    reasons += [
        f"{condition}: {code}"
        for condition, code in (*row.reason_by_existing.items(), *row.reason_by_request.items())
    ]
    parts = [str(row.answer), "; ".join(reasons), *(f"info {code}" for code in row.info)]
    return " ".join(part for part in (*parts, "takeover" if row.takeover else "") if part)


def _named(members: Iterable[str], words: Mapping[str, frozenset[str]]) -> str:
    """Say a set by the words that it holds whole, and what is left by its members."""
    left = set(members)
    named = []
    for word, meaning in words.items():
        if meaning <= left:
            named.append(word)
            left -= meaning
    return "/".join([*named, *sorted(left)])
