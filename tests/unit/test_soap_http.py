"""Bodies within caps, the bounded pool, and who is believed about a peer."""

import asyncio
import hashlib
import threading
from collections.abc import MutableMapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from adapters.http import (
    BodyTooLarge,
    BodyTooSlow,
    Busy,
    ClientGone,
    Request,
    Response,
    WebApplication,
    WorkPool,
    read_body,
)
from adapters.http_health import HealthEndpoints
from adapters.http_proxy import Peer, peer_reader
from adapters.observability_metrics import Metrics

HEADER = "x-ssl-client-cert"


def request(
    parts: list[bytes] | None = None, headers: dict[bytes, bytes] | None = None, client: str = "192.0.2.1"
) -> Request:
    """A request whose body arrives in `parts`; after the last one the client is silent, or gone if None."""
    messages: list[MutableMapping[str, Any]] = [
        {"type": "http.request", "body": part, "more_body": True} for part in parts or []
    ]

    async def receive() -> MutableMapping[str, Any]:
        if messages:
            return messages.pop(0)
        if parts is None:
            return {"type": "http.disconnect"}
        await asyncio.Event().wait()
        raise AssertionError

    return Request("POST", "/", "", headers or {}, {"client": (client, 4711)}, receive)


def complete(*parts: bytes) -> Request:
    made = request(list(parts))

    async def receive() -> MutableMapping[str, Any]:
        message = await made.receive()
        seen.append(message)
        message["more_body"] = len(seen) < len(parts)
        return message

    seen: list[object] = []
    return Request(made.method, made.path, made.query, made.headers, made.scope, receive)


def test_a_body_in_parts_is_one_body() -> None:
    assert asyncio.run(read_body(complete(b"ab", b"", b"cd"), 4, 5)) == b"abcd"


def test_an_announced_length_over_the_cap_is_refused_unread() -> None:
    with pytest.raises(BodyTooLarge) as refused:
        asyncio.run(read_body(request([], {b"content-length": b"5"}), 4, 5))
    assert refused.value.size == 5


def test_a_body_over_the_cap_is_cut_off() -> None:
    with pytest.raises(BodyTooLarge) as refused:
        asyncio.run(read_body(request([b"abc", b"de", b"f"]), 4, 5))
    assert (refused.value.size, refused.value.sha256) == (5, hashlib.sha256(b"abcde").digest())


@pytest.mark.parametrize("length", [b"-1", b"+2", b"1e9", b"9" * 5000, b"\xb2"])
def test_an_odd_length_says_nothing(length: bytes) -> None:
    made = complete(b"ab")
    odd = Request("POST", "/", "", {b"content-length": length}, made.scope, made.receive)
    assert asyncio.run(read_body(odd, 4, 5)) == b"ab"


def test_a_body_that_does_not_end_in_time() -> None:
    with pytest.raises(BodyTooSlow) as refused:
        asyncio.run(read_body(request([b"ab"]), 4, 0.01))
    assert (refused.value.size, refused.value.sha256) == (2, hashlib.sha256(b"ab").digest())


def test_nobody_is_answered_after_hanging_up() -> None:
    with pytest.raises(ClientGone):
        asyncio.run(read_body(request(None), 4, 5))


def test_the_pool_sends_away_what_does_not_fit_and_takes_again_later() -> None:
    async def scenario() -> tuple[list[bool], object]:
        pool = WorkPool(threads=1, queue=1)
        gate = threading.Event()
        running = [asyncio.ensure_future(pool.run(gate.wait)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await pool.run(lambda: "too much")
        gate.set()
        first = await asyncio.gather(*running)
        while pool.taken:
            await asyncio.sleep(0)
        later = await pool.run(lambda: "again")
        pool.close()
        return first, later

    assert asyncio.run(scenario()) == ([True, True], "again")


def test_work_whose_waiter_is_gone_still_holds_its_place() -> None:
    async def scenario() -> int:
        pool = WorkPool(threads=1, queue=0)
        gate = threading.Event()
        waiter = asyncio.ensure_future(pool.run(gate.wait))
        await asyncio.sleep(0)
        waiter.cancel()
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await pool.run(lambda: None)
        gate.set()
        while pool.taken:
            await asyncio.sleep(0)
        pool.close()
        return pool.taken

    assert asyncio.run(scenario()) == 0


def pem() -> tuple[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tls client")])
    now = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 4711, now, now + timedelta(days=1))
    certificate = builder.sign(key, hashes.SHA256())
    text = certificate.public_bytes(Encoding.PEM).decode()
    return quote(text), certificate.fingerprint(hashes.SHA256()).hex()


def test_a_trusted_proxy_is_believed() -> None:
    escaped, fingerprint = pem()
    read = peer_reader(["10.0.0.0/8"], HEADER)
    headers = {HEADER.encode(): escaped.encode(), b"x-forwarded-for": b"1.1.1.1, 203.0.113.9, 10.0.0.7"}
    assert read(request([], headers, client="10.1.2.3")) == Peer("203.0.113.9", fingerprint)


@pytest.mark.parametrize("proxies", [[], ["10.0.0.0/8"], ["192.0.2.2"], ["fd00::/8"]])
def test_the_same_header_from_anyone_else_is_dropped(proxies: list[str]) -> None:
    headers = {HEADER.encode(): pem()[0].encode(), b"x-forwarded-for": b"203.0.113.9"}
    assert peer_reader(proxies, HEADER)(request([], headers)) == Peer("192.0.2.1")


@pytest.mark.parametrize("value", [b"nonsense", b"-----BEGIN%20CERTIFICATE-----", b"%ff%00"])
def test_an_unreadable_certificate_is_none(value: bytes) -> None:
    read = peer_reader(["192.0.2.1"], HEADER)
    assert read(request([], {HEADER.encode(): value})) == Peer("192.0.2.1", None, tls_unreadable=True)


@pytest.mark.parametrize("value", [b"", b"unknown", b"203.0.113.9, evil", b"192.0.2.1"])
def test_a_forwarded_for_that_names_nobody(value: bytes) -> None:
    read = peer_reader(["192.0.2.1"], HEADER)
    assert read(request([], {b"x-forwarded-for": value})) == Peer("192.0.2.1")


def test_a_proxy_that_is_no_address_is_a_mistake_of_the_operator() -> None:
    with pytest.raises(ValueError, match=r"proxy\.example"):
        peer_reader(["proxy.example"], HEADER)


def test_readiness_names_what_fails_and_recovers() -> None:
    broken = [True]

    def check() -> None:
        if broken[0]:
            raise ConnectionError("password=secret")

    async def scenario() -> list[Response]:
        health = HealthEndpoints({"commit": check, "sign": lambda: None}, Metrics(), keep_seconds=0)
        made = request([])
        get = Request("GET", "/readyz", "", {}, made.scope, made.receive)
        first = await health.readyz(get)
        broken[0] = False
        return [first, await health.readyz(get), await health.readyz(made), await health.healthz(get)]

    red, green, posted, alive = asyncio.run(scenario())
    assert (red.status, green.status, posted.status, alive.status) == (503, 200, 405, 200)
    assert b'"commit": "ConnectionError"' in red.body
    assert b"secret" not in red.body


def test_paths_and_folders() -> None:
    async def exact(_request: Request) -> Response:
        return Response(200, b"exact", "text/plain")

    async def inside(_request: Request) -> Response:
        return Response(200, b"inside", "text/plain")

    async def ask(path: str, method: str = "GET") -> tuple[int, bytes]:
        sent: list[MutableMapping[str, Any]] = []

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        scope = {"type": "http", "path": path, "method": method, "query_string": b"", "headers": []}
        await WebApplication({"/a": exact}, {"/f/": inside})(scope, request([]).receive, send)
        return sent[0]["status"], sent[1]["body"]

    assert asyncio.run(ask("/a")) == (200, b"exact")
    assert asyncio.run(ask("/a", "HEAD")) == (200, b"")
    assert asyncio.run(ask("/f/x")) == (200, b"inside")
    assert asyncio.run(ask("/a/")) == (404, b"not found\n")
    assert asyncio.run(ask("/f")) == (404, b"not found\n")
