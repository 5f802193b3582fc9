"""What a handler of deferred work is, and what it is made with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from gateway.tools import Tools
    from gateway.trust.admission import Limits
    from gateway.trust.keys import SigningKey
    from schemas.registry import SchemaRegistry
    from store.engine import Store
    from store.records_work import WorkRow
    from store.unit import UnitOfWork


@dataclass(frozen=True, slots=True)
class Workshop:
    """What handlers work with; the keys sign what they make, the second one for who asks for ECDSA."""

    store: Store
    tools: Tools
    registry: SchemaRegistry
    limits: Limits
    key: SigningKey
    ecdsa_key: SigningKey | None = None


class Postponed(Exception):
    """A row cannot be done before an instant of the real clock; that uses up no attempt."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"not before {until.isoformat()}")
        self.until = until


class WorkNotThereError(Exception):
    """This cannot be done with a row; the text says with which it could be, or what to do instead."""


class WorkHandler(Protocol):
    """Does the rows of a kind.

    A row may be done again after a crash: what it brings about commits in the transaction of
    `UnitOfWork.finish`, or not at all.
    """

    def do(self, row: WorkRow) -> None:
        """Do a row, and finish it in the unit of work of its effect.

        Raises Postponed when its time has not come, WorkLost when another does it by now, StoreBusy when it
        met others at work; whatever else is raised counts as an attempt. `row.attempts` is 1 the first time;
        above it, an earlier attempt was given up or its process ended (then `last_code` tells nothing of it).
        """

    def discard(self, work: UnitOfWork, row: WorkRow, actor: str) -> None:
        """Bring about, in the transaction that removes a dead row, what follows from it not being done.

        Raises WorkNotThereError for a row that has to be done some day.
        """
