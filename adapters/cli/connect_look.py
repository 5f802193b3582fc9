"""Looking at connections: `inge connect list` and `show`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.cli.connect_input import opened_desk, procedure_id_in
from adapters.cli.connect_output import confirmation_data, history_table, in_words, looked_at, step_data
from adapters.cli.console import ConfigOption, JsonOption, configuration, emit, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from gateway.connecting.steps import Desk
    from store.records_connection import Confirmation

    Listed = tuple[list[str], list[Sequence[object]], list[dict[str, Any]]]


def list_all(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the procedures of a test environment, in a productive one the confirmations imported."""
    with opened_desk(configuration(config)) as desk, desk.store.read() as reader:
        listed = _procedures if desk.settings.is_test else _confirmations
        columns, rows, data = listed(desk, reader.connection)
    emit(data, table(columns, rows), as_json=as_json)


def show(
    subject: Annotated[str, typer.Argument(help="Id of a procedure, UUID of a confirmation.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a procedure or an imported confirmation with every step: who did it, when and why."""
    from gateway.connecting.abandoning import idle
    from gateway.connecting.procedure import need_procedure
    from gateway.connecting.products import need_product
    from gateway.connecting.steps import ConnectError
    from store.confirmations import find_confirmation
    from store.connections import history_of

    procedure_id = procedure_id_in(subject)
    with opened_desk(configuration(config)) as desk, desk.store.read() as reader:
        if procedure_id is not None:
            procedure = need_procedure(reader.connection, procedure_id)
            product = need_product(reader.connection, procedure.product_id)
            is_idle = idle(reader.connection, procedure, desk.settings, desk.clock.now())
            data = looked_at(procedure, product, is_idle)
            scope = procedure.scope
            steps = history_of(reader.connection, "procedure", str(procedure_id))
        else:
            confirmation = find_confirmation(reader.connection, subject.lower())
            if confirmation is None:
                raise ConnectError(f"there is no confirmation {subject}: see `inge connect list`")
            data, scope = confirmation_data(confirmation), confirmation.scope
            steps = history_of(reader.connection, *_whose(confirmation))
    facts = table(["", ""], list({**data, "scope": in_words(scope)}.items()))
    data["history"] = [step_data(step) for step in steps]
    emit(data, f"{facts}\n\n{history_table(steps)}", as_json=as_json)


def _procedures(desk: Desk, connection: Connection) -> Listed:
    from gateway.connecting.abandoning import idle
    from store.connections import list_procedures, list_products

    products = {product.id: product for product in list_products(connection)}
    now = desk.clock.now()
    found = [(each, idle(connection, each, desk.settings, now)) for each in list_procedures(connection)]
    rows: list[Sequence[object]] = [
        (
            each.id,
            each.kennung,
            products[each.product_id],
            each.state,
            f"{each.opened_at:%Y-%m-%d %H:%M}",
            "" if is_idle is None else is_idle.days,
            "" if is_idle is None else is_idle.ends_on,
            in_words(each.scope),
        )
        for each, is_idle in found
    ]
    data = [looked_at(each, products[each.product_id], is_idle) for each, is_idle in found]
    columns = ["id", "authority", "product", "state", "opened (UTC)", "idle days", "ends on", "types"]
    return columns, rows, data


def _confirmations(_: Desk, connection: Connection) -> Listed:
    from store.confirmations import list_confirmations

    confirmations = list_confirmations(connection)
    rows: list[Sequence[object]] = [
        (
            each.uuid,
            each.kennung,
            f"{each.product} {each.product_version}",
            each.state,
            f"{each.confirmed_at:%Y-%m-%d}",
            in_words(each.scope),
        )
        for each in confirmations
    ]
    data = [confirmation_data(each) for each in confirmations]
    return ["confirmation", "authority", "product", "state", "confirmed", "types"], rows, data


def _whose(confirmation: Confirmation) -> tuple[str, str]:
    """Kind and subject of the history of a confirmation: where it was made, that of its procedure."""
    if confirmation.procedure_id is not None:
        return "procedure", str(confirmation.procedure_id)
    return "confirmation", confirmation.uuid
