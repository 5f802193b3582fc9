"""`inge connect`: how an authority gets connected, step by step, in the test environment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.cli import connect_carry, connect_products
from adapters.cli.connect_input import (
    ActorOption,
    ProcedureArgument,
    ReasonOption,
    contracts,
    opened_desk,
    pair_of,
    pairs_of,
    procedure_id_in,
)
from adapters.cli.connect_output import confirmation_data, history_table, step_data
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
    from collections.abc import Sequence

    from gateway.connecting.given_check import Flaw
    from gateway.connecting.report import Report
    from store.records_connection import Confirmation, Procedure, Product

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
    words = ", ".join(map(str, sorted(scope)))
    emit(as_data(opened), f"procedure {opened.id}: {kennung} for {words}", as_json=as_json)


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
    words = ", ".join(map(str, sorted(changed.scope)))
    emit(as_data(changed), f"procedure {procedure_id} is about {words}", as_json=as_json)


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
    data = {**as_data(changed), "taken": taken, "flaws": [asdict(flaw) for flaw in flaws]}
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
    emit(as_data(changed), f"procedure {procedure_id}: {message.lower()} is left out", as_json=as_json)


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


@app.command("list")
def list_all(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the procedures of a test environment, in a productive one the confirmations imported."""
    from store.confirmations import list_confirmations
    from store.connections import list_procedures, list_products

    with opened_desk(configuration(config)) as desk, desk.store.read() as reader:
        procedures = list_procedures(reader.connection)
        products = {product.id: product for product in list_products(reader.connection)}
        confirmations = list_confirmations(reader.connection)
    if desk.settings.is_test:
        columns = ["id", "authority", "product", "state", "opened (UTC)", "types"]
        rows: list[Sequence[object]] = [
            (
                each.id,
                each.kennung,
                products[each.product_id],
                each.state,
                f"{each.opened_at:%Y-%m-%d %H:%M}",
                _types(each.scope),
            )
            for each in procedures
        ]
        data = [as_data(each, products[each.product_id]) for each in procedures]
    else:
        columns = ["confirmation", "authority", "product", "state", "confirmed", "types"]
        rows = [
            (
                each.uuid,
                each.kennung,
                f"{each.product} {each.product_version}",
                each.state,
                f"{each.confirmed_at:%Y-%m-%d}",
                _types(each.scope),
            )
            for each in confirmations
        ]
        data = [confirmation_data(each) for each in confirmations]
    emit(data, table(columns, rows), as_json=as_json)


@app.command("show")
def show(
    subject: Annotated[str, typer.Argument(help="Id of a procedure, UUID of a confirmation.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a procedure or an imported confirmation with every step: who did it, when and why."""
    from gateway.connecting.procedure import need_procedure
    from gateway.connecting.products import need_product
    from gateway.connecting.steps import ConnectError
    from store.confirmations import find_confirmation
    from store.connections import history_of

    procedure_id = procedure_id_in(subject)
    with opened_desk(configuration(config)) as desk, desk.store.read() as reader:
        if procedure_id is not None:
            procedure = need_procedure(reader.connection, procedure_id)
            data = as_data(procedure, need_product(reader.connection, procedure.product_id))
            steps = history_of(reader.connection, "procedure", str(procedure_id))
        else:
            confirmation = find_confirmation(reader.connection, subject.lower())
            if confirmation is None:
                raise ConnectError(f"there is no confirmation {subject}: see `inge connect list`")
            data = confirmation_data(confirmation)
            steps = history_of(reader.connection, *_whose(confirmation))
    data["history"] = [step_data(step) for step in steps]
    emit(data, f"{_facts(data)}\n\n{history_table(steps)}", as_json=as_json)


def _whose(confirmation: Confirmation) -> tuple[str, str]:
    """Kind and subject of the history of a confirmation: where it was made, that of its procedure."""
    if confirmation.procedure_id is not None:
        return "procedure", str(confirmation.procedure_id)
    return "confirmation", confirmation.uuid


def as_data(procedure: Procedure, product: Product | None = None) -> dict[str, Any]:
    """Return what JSON tells of a procedure."""
    data: dict[str, Any] = {
        "id": procedure.id,
        "kennung": procedure.kennung,
        "product_id": procedure.product_id,
        "state": str(procedure.state),
        "opened_at": procedure.opened_at.isoformat(),
        "ended_at": None if procedure.ended_at is None else procedure.ended_at.isoformat(),
        "scope": [list(pair) for pair in sorted(procedure.scope)],
    }
    return data if product is None else {**data, "product": str(product)}


def _facts(data: dict[str, Any]) -> str:
    rows = [
        (name, ", ".join(f"{kind} in {version}" for kind, version in value) if name == "scope" else value)
        for name, value in data.items()
        if name != "history"
    ]
    return table(["", ""], rows)


def _tell(report: Report, html: Path | None, as_json: bool) -> None:
    from adapters.cli.connect_page import render_page, render_text

    if html is not None:
        try:
            # Test data are kept like real ones.
            html.touch(mode=0o600)
            html.write_text(render_page(report), encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{html}: {error.strerror}") from error
    emit(report, render_text(report), as_json=as_json)


def _flaws(flaws: Sequence[Flaw]) -> str:
    return "\n".join(
        f"{f.file}:{f'{f.line}:' if f.line else ''} {f.code}{f' {f.path}' if f.path else ''}: {f.text}"
        for f in flaws
    )


def _types(scope: frozenset[Any]) -> str:
    return ", ".join(map(str, sorted(scope)))
