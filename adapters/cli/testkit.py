"""`inge testkit`: a booklet of cases for software makers, and a run of them against a server."""

from __future__ import annotations

import random
import re
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli.console import CommandError, ConfigOption, JsonOption, configuration, emit, finish, table
from adapters.cli.sender_side import SoapOption

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapters.testkit.cases import Case
    from adapters.testkit.kit import Kit
    from adapters.testkit.runner import Outcome, Runner

app = typer.Typer(help="Test kit for makers of software that sends to a gateway.", no_args_is_help=True)

KitOption = Annotated[Path, typer.Option("--kit", help="Folder of the kit, as `inge testkit make` wrote it.")]
OnlyOption = Annotated[
    list[str] | None,
    typer.Option("--only", help="Run this case and those it needs; repeatable. `--list` names them."),
]


@app.command("make")
def make(
    folder: Annotated[Path, typer.Argument(help="Folder to be made; must not exist or be empty.")],
    reader: Annotated[
        str | None,
        typer.Option("--reader", help="Kennung of the gateway's agency, as in `leser` (dbs:…)."),
    ] = None,
    reader_name: Annotated[str | None, typer.Option("--reader-name", help="Its name.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Write a kit: booklet, keys, and per case the message, its signed envelope and what must come back."""
    from dataclasses import replace

    from adapters.testkit.booklet import write_kit
    from adapters.testkit.kit import KitError
    from adapters.testkit.parties import AGENCY_ID, usual_reader

    if reader is not None and re.fullmatch(AGENCY_ID, reader) is None:
        raise CommandError(f"{reader!r} is no kennung with its prefix, such as dbs:000100")
    usual = usual_reader()
    chosen = replace(usual, kennung=reader or usual.kennung, name=reader_name or usual.name)
    try:
        kit = write_kit(folder, chosen, datetime.now(UTC))
    except (KitError, OSError) as error:
        raise CommandError(str(error)) from error
    data = {
        "kit": str(kit.folder),
        "booklet": str(kit.folder / "booklet.html"),
        "keys": str(kit.pki.directory),
        "password": kit.pki.password,
        "anchor": str(kit.anchor),
    }
    emit(data, table(["", "written"], list(data.items())), as_json=as_json)


@app.command("install")
def install(
    folder: Annotated[Path, typer.Argument(help="Folder of the kit.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Register the agencies of a kit with a test gateway, and say what else its operator has to do."""
    from adapters.cli.testkit_install import register, still_to_do

    kit = _kit(folder)
    settings = configuration(config)
    registered = register(kit, settings)
    todo = still_to_do(kit, settings)
    lines = [f"{kennung} may send" for kennung in registered]
    lines += [f"still to do: {step}" for step in todo]
    data = {"registered": registered, "still_to_do": todo}
    emit(data, "\n".join(lines), as_json=as_json)


@app.command("run")
def run(
    url: Annotated[
        str | None, typer.Argument(metavar="URL", help="Address of the server's SOAP door.")
    ] = None,
    kit: KitOption = Path(),
    gateway: Annotated[
        list[Path] | None,
        typer.Option(
            "--gateway-cert",
            envvar="INGE_SEND_GATEWAY",
            help="PEM file with the certificate the server's answers are signed with; repeatable.",
        ),
    ] = None,
    batch_url: Annotated[
        str | None,
        typer.Option(
            "--batch-url", help="Address of the server's door for deliveries; else they are left out."
        ),
    ] = None,
    only: OnlyOption = None,
    listed: Annotated[bool, typer.Option("--list", help="List the cases and end.")] = False,
    soap: SoapOption = "1.1",
    junit: Annotated[
        Path | None, typer.Option("--junit", help="Write the report to this file as JUnit XML.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Send every case to a server and compare what comes back.

    Every run sends new UUIDs and persons nobody reported before, so it may be repeated on the same store.
    Exit code 0 if everything was as expected, 1 if not, 2 if the server cannot be reached.
    """
    cases = _cases(only)
    if listed:
        _list(cases, as_json)
        return
    if url is None or not gateway:
        raise CommandError("URL and --gateway-cert are needed: whose answers count, and where they come from")
    if batch_url is None:
        cases = _without_deliveries(cases, asked=only is not None)
    loaded = _kit(kit)
    began = datetime.now(UTC)
    outcomes = _run(_runner(loaded, url, batch_url, gateway, soap), cases)
    _report(outcomes, url, began, junit, as_json)


def _run(runner: Runner, cases: Sequence[Case]) -> list[Outcome]:
    from adapters.cli.progress import counted
    from adapters.client import Unreachable

    outcomes: list[Outcome] = []
    try:
        with counted("cases") as counter:
            for outcome in runner.run(cases):
                outcomes.append(outcome)
                counter(outcome.case.id, len(outcomes))
    except Unreachable as error:
        raise CommandError(f"the server cannot be reached: {error}") from error
    return outcomes


def _report(
    outcomes: Sequence[Outcome], url: str, began: datetime, junit: Path | None, as_json: bool
) -> None:
    from adapters.testkit import report

    if junit is not None:
        try:
            report.write_junit(outcomes, url, began, junit)
        except OSError as error:
            raise CommandError(f"{junit}: {error.strerror}") from error
    numbers = report.counts(outcomes)
    lines = [table(report.COLUMNS, [report.row(outcome) for outcome in outcomes])]
    lines += [*report.differences(outcomes), report.in_words(numbers)]
    emit(report.as_data(outcomes, url, began), "\n".join(lines), as_json=as_json)
    finish(numbers["ok"] != numbers["cases"])


def _runner(kit: Kit, url: str, batch_url: str | None, gateway: Sequence[Path], soap: str) -> Runner:
    from adapters.client import GatewayTrust
    from adapters.testkit.compare import Judge
    from adapters.testkit.delivering import DeliveryWire
    from adapters.testkit.exchange import Wire
    from adapters.testkit.kit import KitError
    from adapters.testkit.material import Material
    from adapters.testkit.runner import POLICY, Runner
    from gateway.clock import SystemClock, german_day
    from schemas.registry import SchemaRegistry

    clock = SystemClock()
    if soap not in {"1.1", "1.2"}:
        raise CommandError("--soap must be 1.1 or 1.2")
    try:
        kit.require_valid(clock.now())
        trust = GatewayTrust.load(*gateway)
    except (KitError, OSError, ValueError) as error:
        raise CommandError(str(error)) from error
    return Runner(
        kit,
        Wire(url, trust, clock, soap_version=soap),
        Judge(kit.reader, SchemaRegistry.load(), german_day(clock.now())),
        Material(kit.reader, random.SystemRandom(), lambda: str(uuid.uuid4())),
        clock,
        deliveries=None if batch_url is None else DeliveryWire(batch_url, trust, kit, clock, POLICY),
    )


def _without_deliveries(cases: Sequence[Case], *, asked: bool) -> Sequence[Case]:
    if asked and any(case.delivers for case in cases):
        raise CommandError("--batch-url is needed for cases that deliver")
    return [case for case in cases if case.group != "deliveries"]


def _cases(only: list[str] | None) -> Sequence[Case]:
    from adapters.testkit.cases import all_cases, selected

    try:
        return all_cases() if only is None else selected(all_cases(), only)
    except LookupError as error:
        raise CommandError(f"no case {error}: `inge testkit run --list` names them") from error


def _list(cases: Sequence[Case], as_json: bool) -> None:
    from adapters.testkit.report import expected_in_short, sent_in_short

    rows = [
        (case.id, case.title_en, case.sender, sent_in_short(case), expected_in_short(case)) for case in cases
    ]
    data = [
        {"case": case.id, "group": case.group, "title_de": case.title_de, "title_en": case.title_en}
        for case in cases
    ]
    emit(data, table(["case", "what", "sender", "message", "expected"], rows), as_json=as_json)


def _kit(folder: Path) -> Kit:
    from adapters.testkit.kit import Kit, KitError

    try:
        return Kit.load(folder)
    except KitError as error:
        raise CommandError(str(error)) from error
