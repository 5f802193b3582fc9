"""`inge capture organiser|site|test|dropout`: one entry of what `inge courses import` takes as a file."""

from __future__ import annotations

from dataclasses import asdict
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.cli.capture_input import AsOption, NumberOption, ReasonOption, named_clerk, opened, read_day
from adapters.cli.console import CommandError, ConfigOption, JsonOption, configuration, emit

if TYPE_CHECKING:
    from gateway.clerks.course_entries import Address, Contact, CourseEntry


class TestKind(Enum):
    """The two final tests."""

    LANGUAGE = "language"
    ORIENTATION = "orientation"


StreetOption = Annotated[str, typer.Option("--street", help="Street of the building.")]
HouseOption = Annotated[str | None, typer.Option("--house-number", help="House number.")]
LetterOption = Annotated[str | None, typer.Option("--house-letter", help="Letter after the house number.")]
PostcodeOption = Annotated[str, typer.Option("--postcode", help="German postcode, five digits.")]
TownOption = Annotated[str, typer.Option("--town", help="Town.")]
PhoneOption = Annotated[str | None, typer.Option("--phone", help="Telephone number.")]
EmailOption = Annotated[str | None, typer.Option("--email", help="E-mail address.")]
OrganiserOption = Annotated[str, typer.Option("--organiser", help="Number of the organiser.")]


def organiser(
    number: Annotated[str, typer.Option("--organiser", help="Number of the organiser.")],
    name: Annotated[str, typer.Option("--name", help="Its name.")],
    street: StreetOption,
    postcode: PostcodeOption,
    town: TownOption,
    user: AsOption,
    reason: ReasonOption,
    house_number: HouseOption = None,
    house_letter: LetterOption = None,
    phone: PhoneOption = None,
    email: EmailOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Enter name and address of an organiser; one of this number takes over what is said."""
    from gateway.clerks.course_entries import OrganiserEntry

    address = _address(street, house_number, house_letter, postcode, town)
    contact = _contact(phone, email)
    _take(config, OrganiserEntry("organiser", number, name, address, contact), user, reason, as_json=as_json)


def site(
    number: Annotated[str, typer.Option("--site", help="Number of the course site.")],
    organiser: OrganiserOption,
    street: StreetOption,
    postcode: PostcodeOption,
    town: TownOption,
    user: AsOption,
    reason: ReasonOption,
    house_number: HouseOption = None,
    house_letter: LetterOption = None,
    phone: PhoneOption = None,
    email: EmailOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Enter the address of a course site; one of this number takes over what is said."""
    from gateway.clerks.course_entries import SiteEntry

    address = _address(street, house_number, house_letter, postcode, town)
    contact = _contact(phone, email)
    _take(config, SiteEntry("site", number, organiser, address, contact), user, reason, as_json=as_json)


def final_test(
    number: NumberOption,
    kind: Annotated[TestKind, typer.Option("--kind", help="Which final test.")],
    on: Annotated[str, typer.Option("--on", help="Day of the test.")],
    organiser: OrganiserOption,
    user: AsOption,
    reason: ReasonOption,
    test_type: Annotated[
        str | None,
        typer.Option("--test-type", help="Of a language test: by the list abschlusstestartsprache."),
    ] = None,
    overall: Annotated[
        str | None,
        typer.Option("--overall", help="Of a language test: by the list abschlusstestdatensprache."),
    ] = None,
    part: Annotated[
        list[str] | None,
        typer.Option(
            "--part",
            help="Of a language test: hoeren, schreiben or sprechen, with code and points, "
            "such as `hoeren:194:34 von 45`; repeatable.",
        ),
    ] = None,
    passed: Annotated[bool | None, typer.Option("--passed/--failed", help="Of an orientation test.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Enter a final test; entered again with a result, it has that one."""
    from gateway.clerks.course_entries import TestLine

    parts: Any = dict(_part(each) for each in part or ())
    which: Any = kind.value
    day = read_day("--on", on)
    entry = TestLine("test", number, which, day, organiser, test_type, overall, passed, parts)
    _take(config, entry, user, reason, as_json=as_json)


def dropout(
    number: NumberOption,
    on: Annotated[str, typer.Option("--on", help="Day on which the participant left for good.")],
    user: AsOption,
    reason: ReasonOption,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Enter that a participant left the course; agencies that oblige are told when they ask."""
    from gateway.clerks.course_entries import DropoutLine

    _take(config, DropoutLine("dropout", number, read_day("--on", on)), user, reason, as_json=as_json)


def _take(config: Path | None, entry: CourseEntry, user: str, reason: str, *, as_json: bool) -> None:
    from gateway.clerks.course_import import CourseImport
    from schemas.codes import CodeLists

    clerk = named_clerk(user, reason)
    loaded = configuration(config)
    with opened(config) as (store, tools):
        lists = CodeLists.load(installed=loaded.schemas.installed)
        done = CourseImport(store, tools, lists).take([(None, entry)], clerk, dry_run=False)
    changed = "changed" if done.changed else "is known already"
    said = f"{entry.kind} {'entered' if done.new else changed}"
    emit(asdict(done), said, as_json=as_json)


def _address(street: str, house: str | None, letter: str | None, postcode: str, town: str) -> Address:
    from gateway.clerks.course_entries import Address

    return Address(
        postleitzahl=postcode,
        wohnort=town,
        strasse=street,
        hausnummer=house,
        hausnummer_buchstabe=letter,
    )


def _contact(phone: str | None, email: str | None) -> Contact:
    from gateway.clerks.course_entries import Contact

    return Contact(phone, email)


def _part(text: str) -> tuple[str, Any]:
    from gateway.clerks.course_entries import PARTS, Part

    name, _, rest = text.partition(":")
    result, _, points = rest.partition(":")
    if name not in PARTS:
        raise CommandError(f"--part: {name!r} is none of {', '.join(PARTS)}")
    return name, Part(result or None, points or None)
