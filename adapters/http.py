"""The small part of HTTP that all doors share: bodies within caps, responses, routes, bounded work."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any, ClassVar, TypeVar

from messages.errors import GatewayError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = Mapping[bytes, bytes]
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Response:
    """A finished HTTP response; header names in lower case."""

    status: int
    body: bytes
    content_type: str
    headers: tuple[tuple[bytes, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Streamed:
    """A response whose body is made while it is sent; `length` in bytes is known beforehand.

    `blocks` is asked on a thread for one block after the other, never by two threads at once. If it fails, or
    ends early, the connection is closed: the length tells the other side that something is missing.
    """

    status: int
    blocks: Iterator[bytes]
    length: int
    content_type: str
    headers: tuple[tuple[bytes, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """A request whose body, if any, has not been read yet."""

    method: str
    path: str
    query: str
    headers: Headers
    scope: Scope
    receive: Receive


Endpoint = Callable[[Request], Awaitable[Response | Streamed]]


class BodyRefused(Exception):
    """A body that broke a cap; says of what came in only hash and size, for the journal."""

    code: ClassVar[str]

    def __init__(self, sha256: bytes, size: int, limit: str) -> None:
        super().__init__(f"{size} bytes")
        self.sha256 = sha256
        self.size = size
        self.limit = limit

    @property
    def told(self) -> GatewayError:
        """What the sender is told."""
        return GatewayError(self.code, details={"limit": self.limit})


class BodyTooLarge(BodyRefused):
    """More bytes than allowed, announced or sent; `size` is what was announced, else what was read."""

    code = "T099.too-large"


class BodyTooSlow(BodyRefused):
    """Not complete in the time allowed."""

    code = "T099.too-slow"


class ClientGone(Exception):
    """The client closed before its body was complete: nobody is left to answer."""


class Busy(Exception):
    """No place in the queue of the work pool."""


def announced_length(request: Request) -> int:
    """What Content-Length says, in bytes; 0 if it says nothing usable."""
    announced = request.headers.get(b"content-length", b"")
    return int(announced) if announced.isdigit() and len(announced) < 19 else 0


def is_compressed(request: Request) -> bool:
    """Tell whether the body comes in another coding than as it is; no door takes one."""
    return request.headers.get(b"content-encoding", b"").strip().lower() not in {b"", b"identity"}


async def read_body(request: Request, max_bytes: int, seconds: float) -> bytes:
    """The body of a request, read without holding a thread.

    Raises BodyTooLarge (before reading, if the length is announced), BodyTooSlow, ClientGone.
    """
    announced = announced_length(request)
    if announced > max_bytes:
        raise BodyTooLarge(hashlib.sha256(b"").digest(), announced, str(max_bytes))
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(seconds):
            more = True
            while more:
                message = await request.receive()
                if message["type"] == "http.disconnect":
                    raise ClientGone
                chunk = message.get("body", b"")
                chunks.append(chunk)
                size += len(chunk)
                if size > max_bytes:
                    raise BodyTooLarge(_digest(chunks), size, str(max_bytes))
                more = message.get("more_body", False)
    except TimeoutError:
        raise BodyTooSlow(_digest(chunks), size, f"{seconds:g}") from None
    return b"".join(chunks)


def _digest(chunks: Iterable[bytes]) -> bytes:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.digest()


class WorkPool:
    """Threads for CPU work and a bounded queue in front of them; what does not fit raises Busy.

    Used from one event loop only, which makes the counter safe without a lock. Not the standard library's
    executor: its futures wake the loop twice and take three locks, about 100 µs of CPU per message.
    """

    def __init__(self, threads: int, queue: int) -> None:
        self._queue: SimpleQueue[_Work | None] = SimpleQueue()
        self._places = threads + queue
        self._taken = 0
        self._threads = [
            threading.Thread(target=self._run, name=f"door-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def taken(self) -> int:
        """Calls running or waiting."""
        return self._taken

    async def run(self, work: Callable[[], Result]) -> Result:
        """Run `work` on a thread of the pool and return its result; raises Busy at once if it is full.

        The place is freed when the work ends, not when its waiter goes: a cancelled request still works.
        """
        if self._taken >= self._places:
            raise Busy
        self._taken += 1
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        self._queue.put((work, future, loop))
        return await future

    def close(self) -> None:
        """Wait until everything taken is done; nothing new may come."""
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            work, future, loop = item
            try:
                result, error = work(), None
            except BaseException as raised:  # noqa: BLE001 - handed to the waiter
                result, error = None, raised
            loop.call_soon_threadsafe(self._finish, future, result, error)

    def _finish(self, future: asyncio.Future[Any], result: object, error: BaseException | None) -> None:
        self._taken -= 1
        if future.cancelled():
            return
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)


_Work = tuple[Callable[[], Any], "asyncio.Future[Any]", asyncio.AbstractEventLoop]


@dataclass(frozen=True, slots=True)
class WebApplication:
    """The one ASGI application: exact paths and folders to endpoints, and what starts and stops with it."""

    routes: Mapping[str, Endpoint]
    folders: Mapping[str, Endpoint] = field(default_factory=dict)
    """Path prefixes ending in a slash, tried if no exact path fits."""
    on_start: tuple[Callable[[], None], ...] = ()
    on_stop: tuple[Callable[[], None], ...] = ()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection scope (ASGI 3.0): lifespan or http; nothing else is taken."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        if scope["type"] != "http":
            return
        endpoint = self._find(scope["path"])
        request = Request(
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"].decode("latin-1"),
            headers={name.lower(): value for name, value in scope["headers"]},
            scope=scope,
            receive=receive,
        )
        try:
            response = await endpoint(request)
        except ClientGone:
            return
        if isinstance(response, Streamed):
            await _stream(send, response)
        else:
            await _send(send, response, with_body=scope["method"] != "HEAD")

    def _find(self, path: str) -> Endpoint:
        endpoint = self.routes.get(path)
        if endpoint is not None:
            return endpoint
        for folder, inside in self.folders.items():
            if path.startswith(folder):
                return inside
        return not_found

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                for start in self.on_start:
                    start()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                for stop in self.on_stop:
                    await asyncio.to_thread(stop)
                await send({"type": "lifespan.shutdown.complete"})
                return


async def not_found(_request: Request) -> Response:
    """404 for every path without a door."""
    return Response(404, b"not found\n", "text/plain; charset=utf-8")


def method_not_allowed(allowed: str) -> Response:
    """405 naming the methods that are allowed (RFC 9110 §15.5.6)."""
    return Response(
        405,
        b"method not allowed\n",
        "text/plain; charset=utf-8",
        ((b"allow", allowed.encode("ascii")),),
    )


async def _send(send: Send, response: Response, *, with_body: bool) -> None:
    await _begin(send, response, len(response.body))
    await send({"type": "http.response.body", "body": response.body if with_body else b""})


async def _stream(send: Send, response: Streamed) -> None:
    await _begin(send, response, response.length)
    while (block := await asyncio.to_thread(next, response.blocks, None)) is not None:
        await send({"type": "http.response.body", "body": block, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _begin(send: Send, response: Response | Streamed, length: int) -> None:
    headers = [
        (b"content-type", response.content_type.encode("latin-1")),
        (b"content-length", b"%d" % length),
        *response.headers,
    ]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
