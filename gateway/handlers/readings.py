"""Which messages ask for a right: how each is read, and in which words its decision is told.

A further group of messages comes in with a module of readers, one of bodies, and a line here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway import answers07, answers08, answers_bva
from gateway.accepted import Body
from gateway.decided import Decided
from gateway.handlers import bva, group07, group08
from gateway.requests import Request, Sender


@dataclass(frozen=True, slots=True)
class Reading:
    """`read` makes the request of a message and its sender, `body` the answer of the decision."""

    read: Callable[[Any, Sender], Request]
    body: Callable[[Decided], Body]


REPORTS: Final[Mapping[type[Any], Reading]] = {
    message: Reading(read, body)
    for readers, body in ((group07.READERS, answers07.body), (group08.READERS, answers08.body))
    for message, read in readers.items()
}
"""Messages that ask for a right: read, decided, told."""
READINGS: Final[Mapping[type[Any], Reading]] = {
    **REPORTS,
    **{record: Reading(read, answers_bva.body) for record, read in bva.READERS.items()},
}
"""The same with records of deliveries, which come in no message of their own."""
