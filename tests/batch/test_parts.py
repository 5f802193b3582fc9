"""The parts of a body, however it is cut up on its way, and senders that are slow or gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, MutableMapping
from typing import Any

import pytest

from adapters.batch.body import DeliveryBody
from adapters.batch.parts import Incoming, Patience, boundary_of
from adapters.http import ClientGone, Request
from messages.errors import GatewayError

BODY = (
    b'--xyz\r\nContent-Disposition: form-data; name="manifest"\r\n\r\n<a/>\r\n'
    b'--xyz\r\nContent-Disposition: form-data; name="records"; filename="x.xml"\r\n'
    b"Content-Type: application/xml\r\n\r\n<b>\r\n--xy\r\n</b>\r\n--xyz--\r\n"
)
QUIET = Patience(idle=5.0, whole=5.0)


def request(
    messages: list[MutableMapping[str, Any]], then: Callable[[], Coroutine[Any, Any, Any]]
) -> Request:
    waiting = list(messages)

    async def receive() -> MutableMapping[str, Any]:
        if waiting:
            return waiting.pop(0)
        message: MutableMapping[str, Any] = await then()
        return message

    return Request("POST", "/batch", "", {}, {}, receive)


async def nothing() -> Any:
    raise AssertionError("nothing more may be asked for")


async def never() -> Any:
    await asyncio.sleep(60)


async def gone() -> Any:
    return {"type": "http.disconnect"}


def cut(body: bytes, size: int, *, whole: bool = True) -> list[MutableMapping[str, Any]]:
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return [
        {"type": "http.request", "body": each, "more_body": not whole or place < len(pieces)}
        for place, each in enumerate(pieces, 1)
    ]


async def parts_of(incoming: Incoming) -> list[bytes]:
    found = []
    for name in ("manifest", "records"):
        await incoming.begin(name)
        octets = b""
        while (block := await incoming.data()) is not None:
            octets += block
        found.append(octets)
    await incoming.end()
    return found


@pytest.mark.parametrize("size", [1, 2, 7, 64, 1000])
def test_parts_are_the_same_however_they_come(size: int) -> None:
    async def read() -> list[bytes]:
        incoming = Incoming(request(cut(BODY, size), nothing), b"xyz", QUIET)
        found = await parts_of(incoming)
        assert incoming.size == len(BODY)
        return found

    assert asyncio.run(read()) == [b"<a/>", b"<b>\r\n--xy\r\n</b>"]


def test_what_our_client_sends_is_what_comes(tmp_path: Any) -> None:
    file = tmp_path / "records.xml"
    file.write_bytes(b"--\r\n" * 200_000)
    told: list[tuple[int, int]] = []
    with DeliveryBody(b"<a/>", file, lambda done, total: told.append((done, total))) as body:
        octets = b"".join(iter(lambda: body.read(10_000), b""))
        assert len(octets) == len(body)
        boundary = boundary_of(body.content_type.encode())
    assert boundary is not None
    assert told[-1] == (len(octets), len(octets))

    async def read() -> list[bytes]:
        return await parts_of(Incoming(request(cut(octets, 65536), nothing), boundary, QUIET))

    assert asyncio.run(read()) == [b"<a/>", file.read_bytes()]


@pytest.mark.parametrize("patience", [Patience(idle=0.05, whole=5.0), Patience(idle=5.0, whole=0.05)])
def test_who_is_silent_or_slow_is_sent_away(patience: Patience) -> None:
    async def read() -> None:
        incoming = Incoming(request(cut(BODY[:-30], 50, whole=False), never), b"xyz", patience)
        with pytest.raises(GatewayError) as caught:
            await parts_of(incoming)
        assert caught.value.code == "T099.too-slow"
        assert caught.value.details == {"limit": "0.05"}
        # Nothing is left to be read from the line.
        await incoming.drain()

    asyncio.run(read())


def test_a_refused_body_is_read_for_so_long_and_no_longer() -> None:
    async def read() -> None:
        incoming = Incoming(request(cut(BODY, 50, whole=False), never), b"xyz", QUIET)
        with pytest.raises(GatewayError) as caught:
            await incoming.drain(0.05)
        assert caught.value.code == "T099.too-slow"
        assert incoming.size == len(BODY)

    asyncio.run(read())


def test_nobody_is_left_to_be_answered() -> None:
    async def read() -> None:
        with pytest.raises(ClientGone):
            await parts_of(Incoming(request(cut(BODY[:-30], 50, whole=False), gone), b"xyz", QUIET))

    asyncio.run(read())


@pytest.mark.parametrize("end", [30, 8, 4])
def test_a_body_that_ends_early_is_no_delivery(end: int) -> None:
    async def read() -> None:
        with pytest.raises(GatewayError) as caught:
            await parts_of(Incoming(request(cut(BODY[:-end], 50), nothing), b"xyz", QUIET))
        assert caught.value.code == "T099.delivery-parts"

    asyncio.run(read())
