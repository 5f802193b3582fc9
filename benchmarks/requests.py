"""Pre-signed reports of invented persons, so that signing them is not measured."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

from lxml import etree

from fixtures.persons import ABH_MUSTERSTADT, Person, entitlement
from gateway.trust.keys import SigningKey
from gateway.trust.wssecurity import seal_envelope
from messages.registry import build


class RequestMaker:
    """Makes signed entitlements, for one person after the other."""

    def __init__(self, key: SigningKey, persons: Iterator[Person]) -> None:
        self._key = key
        self._persons = persons

    def take(self, count: int) -> list[bytes]:
        """Return so many SOAP 1.1 envelopes, sealed now (good for five minutes)."""
        return list(self._make(count))

    def _make(self, count: int) -> Iterator[bytes]:
        for _ in range(count):
            now = datetime.now(UTC)
            message = entitlement(ABH_MUSTERSTADT, str(uuid.uuid4()), now, next(self._persons))
            yield seal_envelope(etree.tostring(build(message)), key=self._key, soap_version="1.1", now=now)
