"""What the handlers of the service's own operations share."""

from collections.abc import Mapping
from typing import Any

from lxml import etree

from gateway.serving import ServiceAnswer, ServiceRequest
from gateway.trust.canonical import CanonicalBytes, canonical_octets
from messages.service import Anfrage, build, parse


def read_request(element: etree._Element) -> ServiceRequest:
    """Make a typed request of an element that keeps its contract. Raises GatewayError X001."""
    message: Anfrage = parse(element)
    return ServiceRequest(
        kind=message.kind,
        # RFC 4122 compares UUIDs without regard to case.
        uuid=message.anfrage_uuid.lower(),
        kennung=message.kennung,
        created=message.erstellungszeitpunkt,
        test=message.test,
        message=message,
    )


def answer(message: Any, facts: Mapping[str, Any]) -> ServiceAnswer:
    """Finish an answer in its canonical form, which the seal then need not make. In: ids and codes."""
    return ServiceAnswer(message.root, CanonicalBytes(canonical_octets(build(message))), facts)
