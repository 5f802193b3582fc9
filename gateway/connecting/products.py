"""Software products that are accepted: each version by itself (states A0 and A1).

Every function raises ConnectError where its way is not possible.
"""

from dataclasses import replace
from typing import Final

from sqlalchemy import Connection

from gateway.connecting.steps import (
    ACCEPT_PRODUCT,
    REGISTER_PRODUCT,
    WITHDRAW_PRODUCT,
    ConnectError,
    Desk,
    Transition,
    changed_meanwhile,
    check_way,
    note,
)
from schemas.din91379.characters import is_datatype_c
from store.connections import add_product, change_product, find_product
from store.records_connection import ConnectionState, Product

KIND = "product"
LONGEST: Final = 250
"""What the contract of the confirmation takes as a name."""


def register_product(desk: Desk, maker: str, name: str, version: str) -> Product:
    """Note that a maker has adapted a product; named as the frames of its messages name it."""
    desk.need_test()
    if not all(part.strip() for part in (maker, name, version)):
        raise ConnectError("a product has a maker, a name and a version")
    if not all(is_datatype_c(part) and len(part) <= LONGEST for part in (maker, name, version)):
        raise ConnectError(
            f"maker, name and version are letters of DIN 91379 (data type C), {LONGEST} of each at most:"
            " others cannot be confirmed"
        )
    product = Product(desk.store.new_id(), maker, name, version)
    with desk.write() as connection:
        if not add_product(connection, product):
            raise ConnectError(f"{product} is registered already: see `inge connect product list`")
        note(
            desk,
            connection,
            REGISTER_PRODUCT,
            KIND,
            product.id,
            before=None,
            after=ConnectionState.PRODUCT_ADAPTED,
            at=desk.clock.now(),
        )
    return product


def accept_product(desk: Desk, product_id: int, reason: str) -> Product:
    """Note that a version of a product passed its acceptance test: authorities may be connected with it."""
    return _change(desk, product_id, ACCEPT_PRODUCT, ConnectionState.PRODUCT_ACCEPTED, reason)


def withdraw_product(desk: Desk, product_id: int, reason: str) -> Product:
    """Take the acceptance back: no authority is connected with it any more. Confirmations stay."""
    return _change(desk, product_id, WITHDRAW_PRODUCT, ConnectionState.WITHDRAWN, reason)


def need_product(connection: Connection, product_id: int) -> Product:
    """Return a product by its id. Raises ConnectError."""
    product = find_product(connection, product_id)
    if product is None:
        raise ConnectError(f"there is no product {product_id}: see `inge connect product list`")
    return product


def _change(desk: Desk, product_id: int, way: Transition, after: ConnectionState, reason: str) -> Product:
    desk.need_test()
    with desk.write() as connection:
        product = need_product(connection, product_id)
        check_way(way, str(product), product.state)
        if not change_product(connection, product, after):
            raise changed_meanwhile(str(product))
        note(
            desk,
            connection,
            way,
            KIND,
            product.id,
            before=product.state,
            after=after,
            at=desk.clock.now(),
            reason=reason,
        )
    return replace(product, state=after)
