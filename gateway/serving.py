"""Our own service operations: their small header, and what the part of the core is that answers one.

They go the same way as the messages of the standard (proven, understood, authorised, registered, answered,
committed), but they decide nothing and their answers are not repeated: whoever lost one asks anew, under a
new id.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

from lxml import etree

from gateway.accepted import Route
from store.records import PartyRecord
from store.unit import UnitOfWork


@dataclass(frozen=True, slots=True)
class ServiceRequest:
    """A request that keeps its contract, with its header.

    `kind` is the local name of its element, `uuid` its `anfrageUUID` in lower case, `kennung` who asks,
    `test` the attribute of that name (presence counts), `message` the typed content.
    """

    kind: str
    uuid: str
    kennung: str
    created: datetime
    test: str | None
    message: Any


@dataclass(frozen=True, slots=True)
class AcceptedRequest:
    """A request that this party may make here.

    `received` is the real instant of its arrival, `now` the business time, `today` the German day of that.
    """

    request: ServiceRequest
    party: PartyRecord
    route: Route
    received: datetime
    now: datetime
    today: date


@dataclass(frozen=True, slots=True)
class ServiceAnswer:
    """The finished answer: `root` is the Clark name of the element that `document` holds.

    `facts` go into the journal: ids and codes only.
    """

    root: str
    document: bytes
    facts: Mapping[str, Any] = field(default_factory=dict)


ServiceStep = Callable[[UnitOfWork], ServiceAnswer]
"""The part of an operation that runs in the unit of work, after the registration of the request."""


class ServiceHandler(Protocol):
    """Answers the requests of one root element."""

    @property
    def registers(self) -> bool:
        """Tell whether the request uses up its id, so that a replay is refused.

        An operation that changes and tells nothing of the store may do without.
        """

    @property
    def keeps(self) -> bool:
        """Tell whether the journal keeps the request itself and not only its hash."""

    def read(self, element: etree._Element) -> ServiceRequest:
        """Make a typed request of an element that keeps its contract. Raises GatewayError."""

    def prepare(self, accepted: AcceptedRequest) -> ServiceStep:
        """Do what needs no lock, and return the step that answers in the unit of work.

        Either raises GatewayError where the request is refused; then nothing of it is kept but the journal's
        row of the refusal.
        """


ServiceHandlers = Mapping[str, ServiceHandler]
"""By the Clark name of the request's element."""
