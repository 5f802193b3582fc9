"""One document on its way through the pipeline: what is known of it so far."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from gateway.accepted import ParsedMessage, Route
from gateway.clock import StopWatch
from gateway.permission import AUTHOR, MESSAGE_UUID
from gateway.serving import ServiceRequest
from gateway.trust.documents import VerifiedDocument
from messages.namespaces import DIENST
from store.records import PartyRecord

_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_OWN: Final = f"{{{DIENST}}}"
# Where author and UUID stand: in the header of the standard, and in the small one of our own operations.
_AUTHOR: Final = {True: f"{_OWN}kennung", False: AUTHOR}
_ID: Final = {True: f"{_OWN}anfrageUUID", False: MESSAGE_UUID}


class Way:
    """One document on its way, and the time each stage took. `now` is the real instant of its arrival."""

    __slots__ = (
        "_last",
        "_stopwatch",
        "document",
        "fingerprint",
        "now",
        "parsed",
        "parties",
        "request",
        "route",
        "stages",
    )

    def __init__(self, now: datetime, route: Route, document: VerifiedDocument, stopwatch: StopWatch) -> None:
        self.now = now
        self.route = route
        self.document = document
        self.fingerprint = ""
        self.parties: Mapping[str, PartyRecord] = {}
        self.parsed: ParsedMessage | None = None
        self.request: ServiceRequest | None = None
        self.stages: dict[str, int] = {}
        self._stopwatch = stopwatch
        self._last = stopwatch()

    def mark(self, stage: str) -> None:
        """Note how long a stage took, in microseconds."""
        now = self._stopwatch()
        self.stages[stage] = (now - self._last) // 1000
        self._last = now

    @property
    def is_service(self) -> bool:
        """Tell whether this is an element of our own service namespace."""
        return str(self.document.element.tag).startswith(_OWN)

    @property
    def uuid(self) -> str | None:
        """Return the message's UUID as far as it can be told, only of a proven party."""
        if self.parsed is not None:
            return self.parsed.uuid
        if self.request is not None:
            return self.request.uuid
        if not self.parties:
            return None
        found = self._text(_ID)
        return found.lower() if _UUID.fullmatch(found) else None

    @property
    def message_type(self) -> str | None:
        """Return the number of the message, or the name of the service operation, once it is understood."""
        if self.parsed is not None:
            return self.parsed.contract.message_type
        return None if self.request is None else self.request.kind

    def proven_party(self) -> PartyRecord | None:
        """Return the party the signer speaks for: the author named, or the first of the certificate's."""
        if not self.parties:
            return None
        named = self.parties.get(self._text(_AUTHOR))
        return named or self.parties[min(self.parties)]

    def _text(self, where: Mapping[bool, str]) -> str:
        return (self.document.element.findtext(where[self.is_service]) or "").strip()
