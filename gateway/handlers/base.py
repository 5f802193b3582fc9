"""What a handler is, and what it works with."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from gateway.accepted import AcceptedMessage, Outcome
from gateway.clock import Clock
from gateway.number import Numbers
from gateway.offices import OfficeFinder
from gateway.rules.engine import RuleBook
from gateway.rules.nationality import FreeMovement
from gateway.settings import Settings
from gateway.validity import ValidityRules
from store.unit import UnitOfWork

Step = Callable[[UnitOfWork], Outcome]
"""The part of a handler that runs under the locks, on today's state."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What handlers decide with; the same for all messages.

    `clock` is the business clock: days, rights, questions, work items. `real_clock` tells when a record was
    made.
    """

    settings: Settings
    rules: RuleBook
    validity: ValidityRules
    numbers: Numbers
    offices: OfficeFinder
    clock: Clock
    real_clock: Clock
    free_movement: FreeMovement
    titles_not_for_abh: frozenset[str]


class Handler(Protocol):
    """Decides about the messages of some types."""

    def prepare(self, accepted: AcceptedMessage) -> Step:
        """Do what needs no lock, and return the step that decides in the unit of work.

        The step raises GatewayError where nothing is decided; then the unit of work must not be committed.
        """
