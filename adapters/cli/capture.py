"""`inge capture`: what a clerk enters because no door brings it yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli import capture_course, capture_rights, capture_show
from adapters.cli.capture_input import AsOption, NumberOption, ReasonOption, named_clerk, opened, read_day
from adapters.cli.console import CommandError, ConfigOption, JsonOption, configuration, emit

if TYPE_CHECKING:
    from gateway.cases.courses import SectionEnd
    from gateway.clerks.capture import Capture, Captured

app = typer.Typer(
    help="Enter what no door brings yet: rights, registrations, sections, completions, deaths.",
    epilog="Every entry names who enters it (--as) and why (--reason); both stay in the history.",
    no_args_is_help=True,
)

app.command("show")(capture_show.show)
app.command("right")(capture_rights.right)
app.command("repetition")(capture_rights.repetition)
app.command("organiser")(capture_course.organiser)
app.command("site")(capture_course.site)
app.command("test")(capture_course.final_test)
app.command("dropout")(capture_course.dropout)


@app.command("registration")
def registration(
    number: NumberOption,
    on: Annotated[str, typer.Option("--on", help="Day of the registration, such as 2026-12-01.")],
    organiser: Annotated[str, typer.Option("--organiser", help="Number of the organiser.")],
    user: AsOption,
    reason: ReasonOption,
    course_type: Annotated[
        str | None, typer.Option("--course-type", help="Recommended course type, by the list kursart.")
    ] = None,
    section: Annotated[
        str | None, typer.Option("--section", help="Recommended section, by the list kursabschnitt.")
    ] = None,
    placement_test: Annotated[
        str | None, typer.Option("--placement-test", help="Day of the placement test.")
    ] = None,
    dispensable: Annotated[
        bool, typer.Option("--placement-dispensable", help="No placement test is needed.")
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Enter the registration of a participant, also of an admitted repeater."""
    from gateway.clerks.capture import RegistrationEntry

    entry = RegistrationEntry(
        registered_on=read_day("--on", on),
        organiser=organiser,
        course_type=course_type,
        section=section,
        placement_test_on=None if placement_test is None else read_day("--placement-test", placement_test),
        placement_dispensable=dispensable,
    )
    clerk = named_clerk(user, reason)
    _capture(config, lambda capture: capture.registration(number, entry, clerk), as_json=as_json)


@app.command("section")
def section(
    number: NumberOption,
    code: Annotated[str, typer.Option("--section", help="Section, by the list kursabschnitt.")],
    course_type: Annotated[str, typer.Option("--course-type", help="Course type, by the list kursart.")],
    course: Annotated[str, typer.Option("--course", help="Number of the course.")],
    organiser: Annotated[str, typer.Option("--organiser", help="Number of the organiser.")],
    site: Annotated[str, typer.Option("--site", help="Number of the course site.")],
    began: Annotated[str, typer.Option("--began", help="First day of the participant.")],
    user: AsOption,
    reason: ReasonOption,
    expected_end: Annotated[
        str | None,
        typer.Option("--expected-end", help="Planned last day; agencies are told it while it runs."),
    ] = None,
    ended: Annotated[str | None, typer.Option("--ended", help="Last day, if it is over.")] = None,
    units: Annotated[int | None, typer.Option("--units", help="Billed units, if it is over.")] = None,
    excused: Annotated[int | None, typer.Option("--absent-excused", help="Units missed, excused.")] = None,
    unexcused: Annotated[
        int | None, typer.Option("--absent-unexcused", help="Units missed without excuse.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Enter a section that began; with --ended and --units one that is over."""
    from gateway.clerks.capture import SectionEntry

    planned = None if expected_end is None else read_day("--expected-end", expected_end)
    entry = SectionEntry(code, course_type, course, organiser, site, read_day("--began", began), planned)
    if ended is None and (units, excused, unexcused) != (None, None, None):
        raise CommandError("units and absences are known when a section has ended: --ended")
    end = None if ended is None else _end(ended, units, excused, unexcused)
    clerk = named_clerk(user, reason)
    _capture(config, lambda capture: capture.section_begin(number, entry, clerk, end), as_json=as_json)


@app.command("section-end")
def section_end(
    number: NumberOption,
    ended: Annotated[str, typer.Option("--ended", help="Last day.")],
    units: Annotated[int, typer.Option("--units", help="Billed units of 45 minutes.")],
    user: AsOption,
    reason: ReasonOption,
    excused: Annotated[int | None, typer.Option("--absent-excused", help="Units missed, excused.")] = None,
    unexcused: Annotated[
        int | None, typer.Option("--absent-unexcused", help="Units missed without excuse.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Enter the end of the section that is under way."""
    end, clerk = _end(ended, units, excused, unexcused), named_clerk(user, reason)
    _capture(config, lambda capture: capture.section_end(number, end, clerk), as_json=as_json)


@app.command("completion")
def completion(
    number: NumberOption,
    on: Annotated[str, typer.Option("--on", help="Day of the completion.")],
    course_type: Annotated[str, typer.Option("--course-type", help="Course type, by the list kursart.")],
    b1: Annotated[bool, typer.Option("--b1/--no-b1", help="Whether B1 was reached.")],
    user: AsOption,
    reason: ReasonOption,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Enter that the course was completed, and with which result."""
    day, clerk = read_day("--on", on), named_clerk(user, reason)
    _capture(
        config,
        lambda capture: capture.completion(number, day, course_type, b1=b1, clerk=clerk),
        as_json=as_json,
    )


@app.command("death")
def death(
    number: NumberOption,
    user: AsOption,
    reason: ReasonOption,
    on: Annotated[str | None, typer.Option("--on", help="Day of death, if it is known.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Enter that the person of a number died."""
    day, clerk = None if on is None else read_day("--on", on), named_clerk(user, reason)
    _capture(config, lambda capture: capture.death(number, day, clerk), as_json=as_json)


@app.command("nationality")
def nationality(
    number: NumberOption,
    state: Annotated[list[str], typer.Option("--state", help="Key of a state (Destatis); all there are.")],
    user: AsOption,
    reason: ReasonOption,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Enter all nationalities of the person of a number; they take the place of those known."""
    clerk = named_clerk(user, reason)
    _capture(config, lambda capture: capture.nationality(number, state, clerk), as_json=as_json)


@app.command("revoke")
def revoke(
    number: NumberOption,
    user: AsOption,
    reason: ReasonOption,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Withdraw the right of a case; the case ends with it."""
    clerk = named_clerk(user, reason)
    _capture(config, lambda capture: capture.revocation(number, clerk), as_json=as_json)


@app.command("cancel")
def cancel(
    number: NumberOption,
    user: AsOption,
    reason: ReasonOption,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take back a right that should never have been stored; the case ends with it."""
    clerk = named_clerk(user, reason)
    _capture(config, lambda capture: capture.cancellation(number, clerk), as_json=as_json)


def _capture(config: Path | None, what: Callable[[Capture], Captured], *, as_json: bool) -> None:
    from gateway.clerks.capture import Capture
    from schemas.codes import CodeLists

    loaded = configuration(config)
    with opened(config) as (store, tools):
        lists = CodeLists.load(installed=loaded.schemas.installed)
        done = what(Capture(store, tools, lists))
    states = f"{done.before}" if done.before == done.after else f"{done.before} → {done.after}"
    text = "\n".join((f"{done.what} entered: case {done.number}, {states}", *done.events, *done.warnings))
    emit(asdict(done), text, as_json=as_json)


def _end(ended: str, units: int | None, excused: int | None, unexcused: int | None) -> SectionEnd:
    from gateway.cases.courses import SectionEnd

    if units is None:
        raise CommandError("a section that ended has billed units: --units")
    return SectionEnd(read_day("--ended", ended), units, excused, unexcused)
