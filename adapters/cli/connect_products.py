"""`inge connect product`: the software products that authorities are connected with, version by version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.cli.connect_input import ActorOption, ReasonOption, opened_desk
from adapters.cli.connect_output import history_table, step_data
from adapters.cli.console import LARGEST_ID, ConfigOption, JsonOption, configuration, emit, table

if TYPE_CHECKING:
    from store.records_connection import Product

app = typer.Typer(help="Register and accept software products.", no_args_is_help=True)

IdArgument = Annotated[int, typer.Argument(max=LARGEST_ID, help="Id of the product, as `list` prints it.")]


@app.command("register")
def register(
    maker: Annotated[str, typer.Option("--maker", help="As in `produkthersteller` of its messages.")],
    name: Annotated[str, typer.Option("--name", help="As in `produkt` of its messages.")],
    version: Annotated[str, typer.Option("--version", help="As in `produktversion` of its messages.")],
    actor: ActorOption,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Register a version of a product whose maker has adapted it."""
    from gateway.connecting.products import register_product

    with opened_desk(configuration(config), actor) as desk:
        product = register_product(desk, maker, name, version)
    emit(_data(product), f"product {product.id}: {product}, {product.state}", as_json=as_json)


@app.command("accept")
def accept(
    product_id: IdArgument,
    actor: ActorOption,
    reason: ReasonOption = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say that it passed its acceptance test: authorities may be connected with it."""
    from gateway.connecting.products import accept_product

    with opened_desk(configuration(config), actor) as desk:
        product = accept_product(desk, product_id, reason)
    emit(_data(product), f"product {product.id}: {product}, {product.state}", as_json=as_json)


@app.command("withdraw")
def withdraw(
    product_id: IdArgument,
    actor: ActorOption,
    reason: ReasonOption,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take the acceptance back: nobody is connected with it any more. Confirmations that exist stay."""
    from gateway.connecting.products import withdraw_product

    with opened_desk(configuration(config), actor) as desk:
        product = withdraw_product(desk, product_id, reason)
    emit(_data(product), f"product {product.id}: {product}, {product.state}", as_json=as_json)


@app.command("list")
def list_all(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the products with their states."""
    from store.connections import list_products

    with opened_desk(configuration(config)) as desk, desk.store.read() as reader:
        products = list_products(reader.connection)
    rows = [(each.id, each.maker, each.name, each.version, each.state) for each in products]
    text = table(["id", "maker", "name", "version", "state"], rows)
    emit([_data(each) for each in products], text, as_json=as_json)


@app.command("show")
def show(product_id: IdArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show a product with every step: who did it, when and why."""
    from gateway.connecting.products import need_product
    from store.connections import history_of

    with opened_desk(configuration(config)) as desk, desk.store.read() as reader:
        product = need_product(reader.connection, product_id)
        steps = history_of(reader.connection, "product", str(product_id))
    data = {**_data(product), "history": [step_data(step) for step in steps]}
    emit(data, f"{product}: {product.state}\n\n{history_table(steps)}", as_json=as_json)


def _data(product: Product) -> dict[str, Any]:
    return {
        "id": product.id,
        "maker": product.maker,
        "name": product.name,
        "version": product.version,
        "state": str(product.state),
    }
