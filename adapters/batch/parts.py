"""The parts of a multipart body (RFC 7578) as they arrive: nothing is collected, nothing is written."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from adapters.http import ClientGone, Request
from messages.errors import GatewayError

_PLAIN: Final = frozenset({b"", b"binary", b"8bit", b"7bit"})


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a body may take, in seconds: between two pieces of it, and in all."""

    idle: float
    whole: float


class Incoming:
    """The body of one request. Every method may raise ClientGone, and GatewayError T099.too-slow or
    T099.delivery-parts when what comes is not what is waited for.

    `size` counts the octets of the body so far.
    """

    def __init__(self, request: Request, boundary: bytes, patience: Patience) -> None:
        """Raises GatewayError T099.delivery-parts for a boundary that cannot be one."""
        self._request = request
        self._patience = patience
        self._until = asyncio.get_running_loop().time() + patience.whole
        self._events: deque[_Event] = deque()
        self._header: tuple[bytearray, bytearray] = (bytearray(), bytearray())
        self._name: str | None = None
        self._complete = False
        self._more = True
        self.size = 0
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._on_part,
                    "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
                    "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
                    "on_header_end": self._on_header,
                    "on_headers_finished": self._on_headers,
                    "on_part_data": lambda data, start, end: self._events.append(bytes(data[start:end])),
                    "on_part_end": lambda: self._events.append(_END),
                    "on_end": self._on_end,
                },
            )
        except FormParserError:
            raise _broken() from None

    async def begin(self, name: str) -> None:
        """Wait for the beginning of a part, which must have this name."""
        event = await self._next()
        if event is None:
            raise GatewayError("T099.delivery-parts", details={"found": f"the part {name} is missing"})
        if event != _Begun(name):
            raise _foreign()

    async def data(self) -> bytes | None:
        """Return the next octets of the part that began, None at its end."""
        event = await self._next()
        if event is None or isinstance(event, _Begun):
            raise _broken()
        return None if isinstance(event, _End) else event

    async def end(self) -> None:
        """Wait for the end of the body; no further part may come."""
        if await self._next() is not None:
            raise _foreign()
        if not self._complete:
            raise _broken()

    async def drain(self, seconds: float | None = None) -> None:
        """Read what is left and forget it, so that the sender comes to read the answer; at most so long."""
        if seconds is not None:
            self._until = min(self._until, asyncio.get_running_loop().time() + seconds)
        while self._more:
            await self._receive()

    async def _next(self) -> _Event | None:
        while not self._events:
            if not self._more:
                return None
            block = await self._receive()
            try:
                self._parser.write(block)
            except FormParserError:
                raise _broken() from None
        return self._events.popleft()

    async def _receive(self) -> bytes:
        idle, left = self._patience.idle, self._until - asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(min(idle, left)):
                message = await self._request.receive()
        except TimeoutError:
            self._more = False
            limit = idle if idle < left else self._patience.whole
            raise GatewayError("T099.too-slow", details={"limit": f"{limit:g}"}) from None
        if message["type"] == "http.disconnect":
            raise ClientGone
        self._more = message.get("more_body", False)
        block: bytes = message.get("body", b"")
        self.size += len(block)
        return block

    def _on_part(self) -> None:
        self._name = None

    def _on_header(self) -> None:
        field, value = (bytes(each) for each in self._header)
        self._header = (bytearray(), bytearray())
        match field.strip().lower():
            case b"content-disposition":
                kind, options = parse_options_header(value)
                self._name = options.get(b"name", b"").decode("latin-1") if kind == b"form-data" else None
            case b"content-transfer-encoding" if value.strip().lower() not in _PLAIN:
                raise _broken()

    def _on_headers(self) -> None:
        self._events.append(_Begun(self._name))

    def _on_end(self) -> None:
        self._complete = True


def boundary_of(content_type: bytes) -> bytes | None:
    """Return the boundary that a Content-Type names, None if it is not multipart/form-data with one."""
    kind, options = parse_options_header(content_type)
    return options.get(b"boundary") or None if kind == b"multipart/form-data" else None


@dataclass(frozen=True, slots=True)
class _Begun:
    name: str | None


class _End:
    pass


_END: Final = _End()
_Event = _Begun | bytes | _End


def _broken() -> GatewayError:
    return GatewayError("T099.delivery-parts", details={"found": "parts that cannot be told apart"})


def _foreign() -> GatewayError:
    return GatewayError("T099.delivery-parts", details={"found": "a part that does not belong here"})
