"""From which states a product, a procedure or a confirmation may come into which: the transitions as data.

A0 PRODUCT_ADAPTED → A1 PRODUCT_ACCEPTED → A2 AUTHORITY_REGISTERED → A3 TEST_SENT → A4 COMPARED_EQUAL or
COMPARED_DIFFERENT → A5 CONFIRMED → A6 PRODUCTIVE; and WITHDRAWN or ABANDONED, from where nothing leads on.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from gateway.clock import Clock
from gateway.settings import Settings
from store.connections import add_step
from store.engine import Store
from store.records_connection import ConnectionState, Step


class ConnectError(Exception):
    """A step cannot be done and nothing was changed; the text says why and what leads further."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Where the steps are done: a store of one environment, its clocks, and who does them.

    `clock` is the real one; by the `business` one goes which versions of a standard are served.
    """

    store: Store
    settings: Settings
    clock: Clock
    business: Clock
    actor: str

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a transaction for one step; commits at the end."""
        # The first id of a process is taken in a transaction of its own, which would wait for this one.
        self.store.new_id()
        with self.store.write() as connection:
            yield connection

    def need_test(self) -> None:
        """Raise ConnectError in a productive environment."""
        if not self.settings.is_test:
            raise ConnectError(
                "this is done in the test environment; here `inge connect import` takes its confirmation"
            )

    def need_productive(self) -> None:
        """Raise ConnectError in a test environment."""
        if self.settings.is_test:
            raise ConnectError(
                "this is done in the productive environment; a test environment needs no permission"
            )


@dataclass(frozen=True, slots=True)
class Transition:
    """One way on: from which states it leads, and to which."""

    name: str
    sources: frozenset[ConnectionState]
    targets: frozenset[ConnectionState]


def _way(name: str, sources: str, targets: str) -> Transition:
    return Transition(
        name,
        frozenset(ConnectionState(state) for state in sources.split()),
        frozenset(ConnectionState(state) for state in targets.split()),
    )


_COMPARED: Final = "COMPARED_EQUAL COMPARED_DIFFERENT"

REGISTER_PRODUCT: Final = _way("register product", "", "PRODUCT_ADAPTED")
ACCEPT_PRODUCT: Final = _way("accept product", "PRODUCT_ADAPTED", "PRODUCT_ACCEPTED")
WITHDRAW_PRODUCT: Final = _way("withdraw product", "PRODUCT_ADAPTED PRODUCT_ACCEPTED", "WITHDRAWN")
OPEN: Final = _way("open", "", "AUTHORITY_REGISTERED")
# What is compared changes: a comparison that was made says nothing any more.
SUPPLY: Final = _way(
    "supply", f"AUTHORITY_REGISTERED TEST_SENT {_COMPARED}", "AUTHORITY_REGISTERED TEST_SENT"
)
LEAVE_OUT: Final = _way("leave out", f"TEST_SENT {_COMPARED}", "TEST_SENT")
CHANGE_SCOPE: Final = _way(
    "change scope", f"AUTHORITY_REGISTERED TEST_SENT {_COMPARED}", "AUTHORITY_REGISTERED TEST_SENT"
)
NOTE_SENT: Final = _way("note test data sent", "AUTHORITY_REGISTERED", "TEST_SENT")
COMPARE: Final = _way("compare", f"TEST_SENT {_COMPARED}", _COMPARED)
CONFIRM: Final = _way("confirm", "COMPARED_EQUAL", "CONFIRMED")
EXPORT: Final = _way("export", "CONFIRMED", "CONFIRMED")
IMPORT: Final = _way("import", "", "PRODUCTIVE")
ABANDON: Final = _way("abandon", f"AUTHORITY_REGISTERED TEST_SENT {_COMPARED}", "ABANDONED")
WITHDRAW: Final = _way(
    "withdraw",
    f"AUTHORITY_REGISTERED TEST_SENT {_COMPARED} CONFIRMED PRODUCTIVE",
    "WITHDRAWN",
)


def check_way(way: Transition, what: str, state: str, leads: str = "") -> None:
    """Raise ConnectError unless a way leads on from a state. `leads` says which command would lead there."""
    if ConnectionState(state) not in way.sources:
        further = f"; {leads}" if leads else ""
        raise ConnectError(f"{what} is in the state {state}: {way.name} is not possible{further}")


def changed_meanwhile(what: str) -> ConnectError:
    """Return the refusal of a change that compared with something else than is there by now."""
    return ConnectError(f"{what} was changed by somebody else meanwhile: look at it and try again")


def note(
    desk: Desk,
    connection: Connection,
    way: Transition,
    kind: str,
    subject: object,
    *,
    before: str | None,
    after: ConnectionState,
    at: datetime,
    reason: str = "",
    **facts: Any,
) -> None:
    """Write a row of history: who did which step when and why. Raises ValueError for a state off the way."""
    if after not in way.targets:
        raise ValueError(f"{way.name} does not lead to {after}")
    step_id = desk.store.new_id()
    step = Step(step_id, kind, str(subject), way.name, before, str(after), at, desk.actor, reason, facts)
    add_step(connection, step)
