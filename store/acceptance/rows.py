"""The rows of an acceptance store: which are meant, what is in them, and removing them with their parts."""

from typing import Any, Final

from sqlalchemy import Connection, Row, delete, func, literal_column, select
from sqlalchemy.sql.elements import ColumnElement

from store.acceptance.records import Arrived, KeptDelivery, KeptState
from store.acceptance.schema import kept_delivery, kept_part

_kept = kept_delivery.c
# As text, so that the partial indexes serve.
IS_STORED: Final = _kept.state != literal_column("'LOADING'")
IS_WAITING: Final = _kept.state == literal_column("'ACCEPTED'")
_TAKES_ROOM: Final = _kept.octets > literal_column("0")
ARRIVED: Final = tuple(Arrived.__dataclass_fields__)
COLUMNS: Final = tuple(
    column for column in kept_delivery.columns if column.name not in {"wrapped", "manifest", "octets"}
)


def named(party_id: str, uuid: str) -> ColumnElement[bool]:
    """Return the condition for the delivery of a party whose manifest has this UUID."""
    return (_kept.party_id == party_id) & (_kept.uuid == uuid) & IS_STORED


def find(connection: Connection, condition: ColumnElement[bool]) -> KeptDelivery | None:
    """Return the one delivery that meets a condition."""
    row = connection.execute(select(*COLUMNS).where(condition)).one_or_none()
    return None if row is None else to_delivery(row)


def in_place(connection: Connection, party_id: str, place: tuple[int, int]) -> bool:
    """Tell whether a delivery of a party with this number and package is waiting."""
    number, package = place
    asked = select(_kept.id).where(
        IS_WAITING, _kept.party_id == party_id, _kept.number == number, _kept.package == package
    )
    return connection.execute(asked).first() is not None


def octets_taken(connection: Connection) -> int:
    """Return how much the content of all deliveries takes, also of those that are being loaded."""
    asked = select(func.coalesce(func.sum(_kept.octets), 0)).where(_TAKES_ROOM)
    return int(connection.execute(asked).scalar_one())


def remove(connection: Connection, condition: ColumnElement[bool]) -> int:
    """Remove deliveries that meet a condition, with their parts; out: how many."""
    ids = list(connection.execute(select(_kept.id).where(condition)).scalars())
    connection.execute(delete(kept_part).where(kept_part.c.delivery_id.in_(ids)))
    connection.execute(delete(kept_delivery).where(_kept.id.in_(ids)))
    return len(ids)


def to_delivery(row: Row[Any]) -> KeptDelivery:
    """Return a delivery from a row of `COLUMNS`."""
    values = row._asdict()
    arrived = Arrived(**{name: values.pop(name) for name in ARRIVED})
    return KeptDelivery(
        arrived=arrived,
        **{**values, "state": KeptState(values["state"]), "details": values["details"] or {}},
    )
