"""`inge capture right` and `repetition`: rights that a clerk enters, decided by the table."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.cli.capture_input import AsOption, NumberOption, ReasonOption, named_clerk, opened, read_day
from adapters.cli.console import (
    LARGEST_ID,
    CommandError,
    ConfigOption,
    JsonOption,
    configuration,
    emit,
    finish,
    table,
)

if TYPE_CHECKING:
    from adapters.config import Config
    from gateway.clerks.capture_rights import CapturedRight
    from gateway.clerks.person_data import PersonData
    from gateway.decided import Decided
    from gateway.tools import Tools
    from store.engine import Store


def right(
    art: Annotated[str, typer.Option("--art", help="Kind of right: 3, 4, 5, 7 or 8.")],
    user: AsOption,
    reason: ReasonOption,
    number: Annotated[str | None, typer.Option("--number", help="Number of a person who has one.")] = None,
    person: Annotated[
        Path | None, typer.Option("--person", help="TOML or JSON file with the data of a person.")
    ] = None,
    agency: Annotated[
        str | None, typer.Option("--agency", help="Kennung of who issued it; not needed for kind 3.")
    ] = None,
    agency_name: Annotated[str | None, typer.Option("--agency-name", help="Its name.")] = None,
    valid_until: Annotated[
        str | None, typer.Option("--valid-until", help="Last day, where the agency sets it.")
    ] = None,
    only_orientation: Annotated[
        bool, typer.Option("--only-orientation", help="For the orientation course only.")
    ] = False,
    only_language: Annotated[
        bool, typer.Option("--only-language", help="For the language course only.")
    ] = False,
    different_from: Annotated[
        list[int] | None,
        typer.Option(
            "--different-from",
            max=LARGEST_ID,
            help="Id of a person found under the same key who is another.",
        ),
    ] = None,
    replaces: Annotated[
        bool | None,
        typer.Option("--replaces/--keeps", help="Where the rules ask: does it replace what is there?"),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Enter a right; the same table decides as for reports of agencies."""
    from gateway.clerks.capture_rights import RightCapture, RightEntry

    if (number is None) == (person is None):
        raise CommandError("say whose right it is: --number or --person")
    if person is None and different_from:
        raise CommandError("--different-from goes with --person")
    until = None if valid_until is None else read_day("--valid-until", valid_until)
    with opened(config) as (store, tools):
        name, title = _agency(tools, art, agency, agency_name)
        entry = RightEntry(art, name, title, until, only_orientation, only_language)
        who: str | PersonData = _person(person, configuration(config)) if person is not None else str(number)
        captured = RightCapture(store, tools).right(
            entry, who, named_clerk(user, reason), different_from=different_from or (), replaces=replaces
        )
        waiting = _candidates(store, captured.decided)
        blocked = _is_blocked(store, captured.decided)
    _tell(captured, waiting, as_json=as_json, blocked=blocked)


def repetition(
    number: NumberOption,
    user: AsOption,
    reason: ReasonOption,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Admit the repetition of a course: a case and a number of its own."""
    from gateway.clerks.capture_rights import REPETITION, RightCapture, RightEntry

    with opened(config) as (store, tools):
        entry = RightEntry(REPETITION, tools.settings.kennung, tools.settings.name)
        captured = RightCapture(store, tools).repetition(entry, number, named_clerk(user, reason))
        blocked = _is_blocked(store, captured.decided)
    _tell(captured, [], as_json=as_json, blocked=blocked)


def _is_blocked(store: Store, decided: Decided) -> bool:
    """Tell whether a disclosure block hides from a clerk whose the right is that was met."""
    from store.blocks import blocked_among

    persons = set() if decided.existing is None else {decided.existing[0].person_id}
    if decided.identity is not None and decided.identity.person is not None:
        persons.add(decided.identity.person.id)
    with store.read() as reader:
        return bool(blocked_among(reader.connection, persons))


def _tell(captured: CapturedRight, waiting: list[dict[str, Any]], *, as_json: bool, blocked: bool) -> None:
    from gateway.decided import Verdict
    from gateway.disclosure import concealed

    decided = captured.decided
    row = decided.row
    data = {
        "verdict": str(decided.verdict),
        "number": decided.number,
        "reason": decided.reason if decided.verdict is Verdict.REFUSED else None,
        "row": None if row is None else row.id,
        "branch": decided.branch,
        "effect": decided.effect,
        "explanation": None if row is None else row.explanation_en,
        "existing": None if decided.existing is None else _existing(decided),
        "candidates": waiting,
        "events": list(captured.events),
    }
    if blocked:
        data = concealed(data)
    emit(data, "\n".join((_words(decided, data, blocked=blocked), *captured.events)), as_json=as_json)
    finish(decided.verdict is not Verdict.ACCEPTED)


def _words(decided: Decided, data: dict[str, Any], *, blocked: bool) -> str:
    from gateway.decided import Verdict

    why = "" if data["row"] is None else f" ({data['row']}: {data['explanation']})"
    if decided.verdict is Verdict.ACCEPTED:
        return f"entered: number {decided.number}{why}"
    if decided.verdict is Verdict.REFUSED:
        return f"refused: {decided.reason}{why}" + (
            "" if decided.text is None else f"\n{_text(decided, blocked=blocked)}"
        )
    if decided.verdict is Verdict.CLERK:
        return f"nothing entered: say --replaces or --keeps{why}"
    persons = [
        (each["id"], each["name"], each["birth"], ", ".join(each["numbers"])) for each in data["candidates"]
    ]
    return (
        "nothing entered: it may be one of these persons; say --number of one, or --different-from each\n"
        + table(["id", "name", "birth", "numbers"], persons)
    )


def _text(decided: Decided, *, blocked: bool) -> str:
    """Say in words what the reason code does not tell: an agency would read the same."""
    from gateway.disclosure import HIDDEN
    from messages.errors import CATALOGUE

    details = dict(decided.details)
    if blocked and "agency" in details:
        details["agency"] = HIDDEN
    return CATALOGUE[decided.text or ""].render_en(details)


def _existing(decided: Decided) -> dict[str, Any]:
    assert decided.existing is not None
    case, right = decided.existing
    return {"number": case.number, "art": right.art, "agency": right.agency, "agency_name": right.agency_name}


def _candidates(store: Store, decided: Decided) -> list[dict[str, Any]]:
    """Return whom the clerk has to look at, while it is not said who it is."""
    from gateway.decided import Verdict
    from store.case_files import find_person, list_cases

    if decided.verdict is not Verdict.PARKED or decided.identity is None:
        return []
    found = []
    with store.read() as reader:
        for person_id in decided.identity.candidates:
            person = find_person(reader.connection, person_id)
            if person is not None:
                name = ", ".join(part or "–" for part in (person.surname, person.first_name))
                numbers = [case.number for case in list_cases(reader.connection, person_id)]
                found.append({"id": person.id, "name": name, "birth": person.birth, "numbers": numbers})
    return found


def _agency(tools: Tools, art: str, agency: str | None, name: str | None) -> tuple[str, str]:
    if agency is None and art == "3":
        return tools.settings.kennung, tools.settings.name
    if agency is None:
        raise CommandError("say who issued it: --agency, such as dbs:123456")
    registered = tools.agency_name(agency, name or "")
    if not registered:
        raise CommandError(f"{agency} is not registered: say --agency-name")
    return agency, registered


def _person(path: Path, config: Config) -> PersonData:
    from gateway.clerks.person_data import PersonDataError, read_person
    from schemas.codes import CodeLists

    try:
        text = path.read_text(encoding="utf-8")
        data = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
        if not isinstance(data, dict):
            raise ValueError("fields of one person are expected")
        return read_person(data, CodeLists.load(installed=config.schemas.installed))
    except PersonDataError as error:
        raise CommandError(f"{path}:\n  " + "\n  ".join(error.problems)) from error
    except (OSError, ValueError) as error:
        raise CommandError(f"{path}: {error}") from error
