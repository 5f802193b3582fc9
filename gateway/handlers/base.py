"""What a handler is."""

from collections.abc import Callable
from typing import Protocol

from gateway.accepted import AcceptedMessage, Outcome
from gateway.tools import Tools
from store.unit import UnitOfWork

__all__ = ["Handler", "Step", "Tools"]

Step = Callable[[UnitOfWork], Outcome]
"""The part of a handler that runs under the locks, on today's state."""


class Handler(Protocol):
    """Decides about the messages of some types."""

    def prepare(self, accepted: AcceptedMessage) -> Step:
        """Do what needs no lock, and return the step that decides in the unit of work.

        The step raises GatewayError where nothing is decided; then the unit of work must not be committed.
        """
