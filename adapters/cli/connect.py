"""`inge connect`: how an authority gets connected, step by step, in the test environment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli import connect_carry, connect_look, connect_products
from adapters.cli.connect_input import (
    ActorOption,
    ProcedureArgument,
    ReasonOption,
    contracts,
    opened_desk,
    pair_of,
    pairs_of,
)
from adapters.cli.connect_output import confirmation_data, in_words, procedure_data
from adapters.cli.console import (
    LARGEST_ID,
    CommandError,
    ConfigOption,
    JsonOption,
    configuration,
    emit,
    finish,
    write_private,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.connecting.given_check import Flaw
    from gateway.connecting.report import Report

app = typer.Typer(
    help="Connect an authority: test data sent and given separately, compared, confirmed, carried over.",
    no_args_is_help=True,
)
app.add_typer(connect_products.app, name="product")

HtmlOption = Annotated[
    Path | None, typer.Option("--html", help="Write the report as a page for reading and printing.")
]


@app.command("open")
def open_procedure(
    kennung: Annotated[str, typer.Argument(help="The authority, such as azr:001900.")],
    product: Annotated[int, typer.Option("--product", max=LARGEST_ID, help="Id of the accepted product.")],
    actor: ActorOption,
    types: Annotated[
        list[str], typer.Option("--type", help="Message type it shall send, such as 070001; repeatable.")
    ],
    versions: Annotated[
        list[str], typer.Option("--standard", help="Version of the standard, such as 26.11; repeatable.")
    ],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Open the connection of an authority with a product. What it sends from now on is its test data."""
    from gateway.connecting import procedure

    settings = configuration(config)
    scope = pairs_of(types, versions, settings)
    with opened_desk(settings, actor) as desk:
        opened = procedure.open_procedure(desk, kennung, product, scope)
    text = f"procedure {opened.id}: {kennung} for {in_words(scope)}"
    emit(procedure_data(opened), text, as_json=as_json)


@app.command("scope")
def change_scope(
    procedure_id: ProcedureArgument,
    actor: ActorOption,
    add: Annotated[
        list[str] | None, typer.Option("--add", help="Type and version, 070001@26.11; repeatable.")
    ] = None,
    drop: Annotated[list[str] | None, typer.Option("--drop", help="The same; repeatable.")] = None,
    reason: ReasonOption = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a procedure be about more or fewer message types. It has to be compared anew."""
    from gateway.connecting import procedure

    settings = configuration(config)
    more = {pair_of(text, settings) for text in add or ()}
    fewer = {pair_of(text, settings) for text in drop or ()}
    if not more and not fewer:
        raise CommandError("say what to --add or to --drop")
    with opened_desk(settings, actor) as desk:
        changed = procedure.change_scope(desk, procedure_id, add=more, drop=fewer, reason=reason)
    text = f"procedure {procedure_id} is about {in_words(changed.scope)}"
    emit(procedure_data(changed), text, as_json=as_json)


@app.command("supply")
def supply(
    procedure_id: ProcedureArgument,
    places: Annotated[
        list[Path],
        typer.Argument(help="XML files, folders or ZIP archives with one unsigned document in each file."),
    ],
    actor: ActorOption,
    anew: Annotated[bool, typer.Option("--anew", help="In the place of all that was given before.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take in the test data that an authority gave separately; all of them, or none if one has a flaw.

    A message of the same UUID takes the place of the one before. Exit code 1 if there is any flaw.
    """
    from dataclasses import asdict

    from gateway.connecting import procedure
    from gateway.connecting.given import GivenFileError, read_given

    settings = configuration(config)
    try:
        files = read_given(places)
    except GivenFileError as error:
        raise CommandError(str(error)) from error
    with opened_desk(settings, actor) as desk:
        changed, flaws = procedure.supply(desk, procedure_id, files, registry=contracts(settings), anew=anew)
    taken = 0 if flaws else len(files)
    data = {**procedure_data(changed), "taken": taken, "flaws": [asdict(flaw) for flaw in flaws]}
    good = f"procedure {procedure_id}: files taken in as given separately: {taken}"
    emit(data, _flaws(flaws) or good, as_json=as_json)
    finish(bool(flaws))


@app.command("leave-out")
def leave_out(
    procedure_id: ProcedureArgument,
    message: Annotated[str, typer.Argument(help="UUID of a message that the authority sent.")],
    actor: ActorOption,
    reason: ReasonOption,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say of a message that was sent that it is no test data. Reports go on naming it, with the reason."""
    from gateway.connecting import procedure

    with opened_desk(configuration(config), actor) as desk:
        changed = procedure.leave_message_out(desk, procedure_id, message, reason)
    emit(procedure_data(changed), f"procedure {procedure_id}: {message.lower()} is left out", as_json=as_json)


@app.command("compare")
def compare(
    procedure_id: ProcedureArgument,
    actor: ActorOption,
    html: HtmlOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare what was sent with what was given separately, field by field.

    Exit code 1 unless all is equal.
    """
    from gateway.connecting import confirming

    with opened_desk(configuration(config), actor) as desk:
        report = confirming.compare(desk, procedure_id)
    _tell(report, html, as_json)
    finish(not report["equal"])


@app.command("report")
def show_report(
    procedure_id: ProcedureArgument,
    html: HtmlOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the report of the last comparison again. Exit code 1 unless all was equal."""
    from gateway.connecting import confirming

    with opened_desk(configuration(config)) as desk:
        report = confirming.last_report(desk, procedure_id)
    _tell(report, html, as_json)
    finish(not report["equal"])


@app.command("confirm")
def confirm(
    procedure_id: ProcedureArgument,
    actor: ActorOption,
    import_days: Annotated[
        int, typer.Option("--import-days", min=1, max=730, help="Days within which it has to be imported.")
    ] = 90,
    reason: ReasonOption = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Confirm an authority whose last comparison was equal. Test data given separately are destroyed then."""
    import uuid

    from gateway.connecting import confirming

    settings = configuration(config)
    with opened_desk(settings, actor) as desk:
        done = confirming.confirm(
            desk,
            procedure_id,
            uuid=str(uuid.uuid4()),
            registry=contracts(settings),
            import_days=import_days,
            reason=reason,
        )
    text = (
        f"{done.kennung} is confirmed with {done.product} {done.product_version}, {done.uuid}:"
        f" `inge connect export {procedure_id}` writes the file, to be imported until {done.import_until}"
    )
    emit(confirmation_data(done), text, as_json=as_json)


app.command("export")(connect_carry.export)
app.command("import")(connect_carry.import_file)
app.command("withdraw")(connect_carry.withdraw)
app.command("granted")(connect_carry.granted)
app.command("list")(connect_look.list_all)
app.command("show")(connect_look.show)


def _tell(report: Report, html: Path | None, as_json: bool) -> None:
    from adapters.cli.connect_page import render_page, render_text

    if html is not None:
        # Test data are kept like real ones.
        write_private(html, render_page(report).encode())
    emit(report, render_text(report), as_json=as_json)


def _flaws(flaws: Sequence[Flaw]) -> str:
    return "\n".join(
        f"{f.file}:{f'{f.line}:' if f.line else ''} {f.code}{f' {f.path}' if f.path else ''}: {f.text}"
        for f in flaws
    )
