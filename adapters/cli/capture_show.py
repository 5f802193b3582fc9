"""`inge capture show`: one case with all that became of it, who did it, when and why."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from adapters.cli.capture_input import NumberOption, opened
from adapters.cli.cases import obliged_since, obliging_data
from adapters.cli.console import REFUSED, CommandError, ConfigOption, JsonOption, emit, table

if TYPE_CHECKING:
    from gateway.tools import Tools
    from store.engine import Store


def show(number: NumberOption, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show the case of a number: rights, agencies that oblige, course, and the history of case and person."""
    with opened(config) as (store, tools):
        data = _data(store, tools, number)
    emit(data, _words(data), as_json=as_json)


def _data(store: Store, tools: Tools, number: str) -> dict[str, Any]:
    from gateway.cases import lapses_on, state_on
    from gateway.clock import german_day
    from gateway.disclosure import concealed
    from gateway.requests import number_of
    from store.blocks import agencies_of, blocked_among
    from store.case_files import (
        find_case,
        find_dropout,
        find_person,
        history_of_case,
        history_of_person,
        list_course_tests,
        list_registrations,
        list_sections,
        list_takeovers,
    )

    wanted, today = number_of(number), german_day(tools.clock.now())
    with store.read() as reader:
        connection = reader.connection
        case = None if wanted is None else find_case(connection, wanted)
        person = None if case is None else find_person(connection, case.person_id)
        if case is None or person is None or person.is_forgotten:
            raise CommandError(f"nobody has the number {number}", exit_code=REFUSED)
        lapses = lapses_on(case)
        dropout = find_dropout(connection, case.id)
        blocked = bool(blocked_among(connection, [person.id]))
        data = {
            "day": today.isoformat(),
            "state": str(state_on(case, today)),
            "lapses_on": None if lapses is None else lapses.isoformat(),
            "case": asdict(case),
            "obliging": obliging_data(case, list_takeovers(connection, case.id)),
            "person": asdict(person),
            "registrations": [asdict(each) for each in list_registrations(connection, case.id)],
            "sections": [asdict(each) for each in list_sections(connection, case.id)],
            "tests": [asdict(each) for each in list_course_tests(connection, case.id)],
            "dropout": None if dropout is None else asdict(dropout),
            "history": [asdict(each) for each in history_of_case(connection, case.id)],
            "history_of_person": [asdict(each) for each in history_of_person(connection, person.id)],
            "disclosure_block": blocked,
        }
        if not blocked:
            return data
        shown: dict[str, Any] = concealed(data, agencies_of(connection, person.id))
        return shown


def _words(data: dict[str, Any]) -> str:
    from gateway.clerks.comparison import kind_of_right

    case, person = data["case"], data["person"]
    died = " (deceased)" if person["deceased"] else ""
    merged = "" if person["merged_into"] is None else f", merged into person {person['merged_into']}"
    name = ", ".join(part or "–" for part in (person["surname"], person["first_name"]))
    rights = [
        (
            kind_of_right(
                each["art"], only_orientation=each["only_orientation"], only_language=each["only_language"]
            ),
            each["status"],
            each["agency_name"],
            each["valid_from"],
            "unlimited" if each["unlimited"] else each["valid_until"],
        )
        for each in case["rights"]
    ]
    parts = [
        f"case {case['number']} on {data['day']}: {data['state']}",
        f"{name}, born {person['birth']}{died}{merged}"
        + (", disclosure block" if data["disclosure_block"] else ""),
        f"{case['used_units']} of {case['granted_units']} units used"
        + ("" if data["lapses_on"] is None else f"; lapses after {data['lapses_on']} without activity"),
        "",
        table(["right", "status", "agency", "from", "until"], rights),
    ]
    if data["obliging"]:
        obliging = [(each["agency_name"], obliged_since(each)) for each in data["obliging"]]
        parts += ["", table(["obliged to", "since"], obliging)]
    if data["sections"]:
        sections = [
            [
                each[column]
                for column in ("section", "course_type", "course_no", "began_on", "ended_on", "units")
            ]
            for each in data["sections"]
        ]
        parts += ["", table(["section", "type", "course", "began", "ended", "units"], sections)]
    if data["tests"]:
        tests = [(each["kind"], each["taken_on"], _result(each)) for each in data["tests"]]
        parts += ["", table(["test", "taken", "result"], tests)]
    if data["dropout"] is not None:
        parts += ["", f"left the course on {data['dropout']['dropped_on']}"]
    changes = [(each, (each["before"], each["after"])) for each in data["history"]] + [
        (each, ("person", each["what"])) for each in data["history_of_person"]
    ]
    # Ids grow in the order in which things were written, also within one moment.
    changes.sort(key=lambda change: change[0]["id"])
    lines = [
        (each["at"].strftime("%Y-%m-%d %H:%M"), each["actor"], *what, each["reason"])
        for each, what in changes
    ]
    parts += ["", table(["when (UTC)", "who", "before", "after", "why"], lines)]
    return "\n".join(parts)


def _result(test: dict[str, Any]) -> str | None:
    """Return the code of a language test's level, or whether an orientation test was passed."""
    if test["passed"] is None:
        level: str | None = test["overall"]
        return level
    return "passed" if test["passed"] else "failed"
