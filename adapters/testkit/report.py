"""What a run is told as: a table for people, JSON, and JUnit for build servers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from lxml import etree

from adapters.testkit.cases import Case
from adapters.testkit.runner import Outcome, State

COLUMNS: Final = ("", "case", "what", "sender", "message", "expected", "came back", "ms")
_SHORT: Final = 58


def expected_in_short(case: Case) -> str:
    """What must come back, in a few words."""
    expect = case.expect
    if expect.refused is not None:
        return f"refused {expect.refused}"
    return f"{expect.answer} {expect.reason or ''}".strip()


def sent_in_short(case: Case) -> str:
    """What is sent: the message type, or what the service is asked."""
    return case.message if case.does == "send" else case.does


def row(outcome: Outcome) -> tuple[str, ...]:
    """One line of the table."""
    case, got = outcome.case, outcome.got
    title = case.title_en if len(case.title_en) <= _SHORT else f"{case.title_en[: _SHORT - 1]}…"
    return (
        outcome.state.value,
        case.id,
        title,
        case.sender,
        sent_in_short(case),
        expected_in_short(case),
        "" if got is None else got.in_short,
        "" if got is None else f"{outcome.milliseconds:.0f}",
    )


def differences(outcomes: Sequence[Outcome]) -> list[str]:
    """The lines below the table: what was not as expected."""
    return [
        f"{outcome.state.value}: {outcome.case.id}: {problem}"
        for outcome in outcomes
        for problem in outcome.problems
    ]


def counts(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """How many cases there were in each state."""
    states = [outcome.state for outcome in outcomes]
    return {
        "cases": len(states),
        "ok": states.count(State.OK),
        "failed": states.count(State.FAILED),
        "not_run": states.count(State.NOT_RUN),
    }


def in_words(numbers: dict[str, int]) -> str:
    """The last line."""
    return "{cases} cases: {ok} ok, {failed} failed, {not_run} not run".format(**numbers)


def as_data(outcomes: Sequence[Outcome], endpoint: str, began: datetime) -> dict[str, Any]:
    """The report as data."""
    return {
        "endpoint": _shown(endpoint),
        "began": began.isoformat(timespec="seconds"),
        **counts(outcomes),
        "results": [_result(outcome) for outcome in outcomes],
    }


def write_junit(outcomes: Sequence[Outcome], endpoint: str, began: datetime, file: Path) -> None:
    """Write the report as JUnit XML. Raises OSError."""
    numbers = counts(outcomes)
    suite = etree.Element(
        "testsuite",
        name="inge testkit",
        hostname=_shown(endpoint),
        timestamp=began.strftime("%Y-%m-%dT%H:%M:%S"),
        tests=str(numbers["cases"]),
        failures=str(numbers["failed"]),
        errors="0",
        skipped=str(numbers["not_run"]),
        time=f"{sum(outcome.milliseconds for outcome in outcomes) / 1000:.3f}",
    )
    for outcome in outcomes:
        case = etree.SubElement(
            suite,
            "testcase",
            classname=f"testkit.{outcome.case.group}",
            name=f"{outcome.case.id}: {outcome.case.title_en}",
            time=f"{outcome.milliseconds / 1000:.3f}",
        )
        if outcome.state is not State.OK:
            kind = "skipped" if outcome.state is State.NOT_RUN else "failure"
            told = etree.SubElement(case, kind, message="; ".join(outcome.problems))
            told.text = f"expected: {expected_in_short(outcome.case)}"
    suites = etree.Element("testsuites")
    suites.append(suite)
    file.write_bytes(etree.tostring(suites, encoding="UTF-8", xml_declaration=True, pretty_print=True))


def _shown(endpoint: str) -> str:
    """The address without name and password."""
    parts = urlsplit(endpoint)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _result(outcome: Outcome) -> dict[str, Any]:
    got = outcome.got
    return {
        "case": outcome.case.id,
        "group": outcome.case.group,
        "title": outcome.case.title_en,
        "state": outcome.state.value,
        "problems": list(outcome.problems),
        "expected": expected_in_short(outcome.case),
        "answer": got and got.answer,
        "code": got and got.code,
        "path": got and got.path,
        "line": got and got.line,
        "signed": got and got.signed,
        "milliseconds": round(outcome.milliseconds, 1),
    }
