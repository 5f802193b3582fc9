"""The SOAP door's HTTP side: reads bodies without holding a thread, works in the bounded pool, answers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import lru_cache
from time import perf_counter
from typing import Final

import structlog

from adapters.http import (
    BodyRefused,
    Busy,
    Request,
    Response,
    WorkPool,
    announced_length,
    is_compressed,
    method_not_allowed,
    not_found,
    read_body,
)
from adapters.http_proxy import Peer
from adapters.observability_metrics import Metrics
from adapters.soap.contract import PUBLIC_FOLDER
from adapters.soap.envelope import Content, SoapVersion, read_content_type, version_of_media_type
from adapters.soap.guard import DOOR, Reply, RequestFacts, SoapDoor, unsigned_fault
from messages.errors import GatewayError

_CONTENT_TYPES: Final[Mapping[SoapVersion, str]] = {
    "1.1": "text/xml; charset=utf-8",
    "1.2": "application/soap+xml; charset=utf-8",
}
# Missing is accepted too: the envelope's namespace decides, the signature covers the octets.
_ACCEPTED_TYPES: Final = frozenset({"text/xml", "application/soap+xml", "application/xml", ""})
_ACCEPTED_CHARSETS: Final = frozenset({None, "", "utf-8", "utf8", "us-ascii"})
# Named in the refusal; anything else a stranger wrote is not echoed.
_COMMON_TYPES: Final = frozenset({"application/json", "text/plain", "text/html", "application/octet-stream"})
_XML: Final = "text/xml; charset=utf-8"
STAGES: Final = ("whole", "prove", "process", "seal")
_NOTHING: Final = hashlib.sha256(b"").digest()


class SoapEndpoint:
    """One address for both SOAP versions, the WSDL and (below it) the schema files."""

    def __init__(
        self,
        door: SoapDoor,
        *,
        files: Mapping[str, bytes],
        pool: WorkPool,
        peer_of: Callable[[Request], Peer],
        metrics: Metrics,
        body_seconds: float,
    ) -> None:
        self._door = door
        self._files = files
        self._pool = pool
        self._peer_of = peer_of
        self._metrics = metrics
        self._body_seconds = body_seconds
        self._in_progress = metrics.in_progress.labels(DOOR)
        self._seconds = {stage: metrics.seconds.labels(DOOR, stage) for stage in STAGES}
        self._busy = {
            version: unsigned_fault(GatewayError("T200.busy"), version) for version in _CONTENT_TYPES
        }
        self._log = structlog.get_logger("adapters.soap")

    async def __call__(self, request: Request) -> Response:
        """Answer POST with SOAP, GET ``?wsdl`` with the contract, everything else with 405.

        ``?wsdl=27.05`` is the contract written for a further version of the standard.
        """
        if request.method == "POST":
            return await self._post(request)
        query = request.query.lower()
        if request.method in {"GET", "HEAD"} and query.partition("=")[0] == "wsdl":
            content = self._files.get("" if query in {"wsdl", "wsdl="} else query)
            return await not_found(request) if content is None else Response(200, content, _XML)
        return method_not_allowed("POST, GET")

    async def schema_file(self, request: Request) -> Response:
        """A schema file of the contract, below ``/schemas/``; only what the WSDL reaches is served."""
        if request.method not in {"GET", "HEAD"}:
            return method_not_allowed("GET")
        content = self._files.get(request.path.lstrip("/"))
        if content is None or not request.path.startswith(f"/{PUBLIC_FOLDER}/"):
            return await not_found(request)
        return Response(200, content, _XML)

    async def _post(self, request: Request) -> Response:
        peer = self._peer_of(request)
        facts = _facts(request, peer)
        refusal = _transport_refusal(request, facts)
        if refusal is not None:
            return await self._refused(facts, refusal, _NOTHING, announced_length(request))
        try:
            raw = await read_body(request, self._door.max_bytes, self._body_seconds)
        except BodyRefused as refused:
            return await self._refused(facts, refused.told, refused.sha256, refused.size)
        started = perf_counter()
        with self._in_progress.track_inprogress():
            reply = await self._worked(lambda: self._door.answer(raw, facts), facts)
        return self._finished(reply, facts, perf_counter() - started, len(raw))

    async def _refused(self, facts: RequestFacts, error: GatewayError, sha256: bytes, size: int) -> Response:
        started = perf_counter()
        reply = await self._worked(lambda: self._door.refuse(error, facts, sha256, size), facts)
        return self._finished(reply, facts, perf_counter() - started, size)

    async def _worked(self, work: Callable[[], Reply], facts: RequestFacts) -> Reply:
        try:
            return await self._pool.run(work)
        except Busy:
            self._metrics.busy.labels(DOOR).inc()
            return self._busy[version_of_media_type(facts.content.media_type)]

    def _finished(self, reply: Reply, facts: RequestFacts, seconds: float, size: int) -> Response:
        self._count(reply, seconds)
        self._log.info(
            "message",
            door=DOOR,
            soap=reply.version,
            uuid=reply.uuid,
            type=reply.message_type or None,
            outcome=reply.outcome,
            code=reply.code or None,
            reason=reply.reason,
            row=reply.row,
            bytes=size,
            tls=facts.tls_fingerprint,
            ms=round(seconds * 1000, 2),
            **{f"{stage}_ms": round(spent * 1000, 2) for stage, spent in reply.stages.items()},
        )
        headers: tuple[tuple[bytes, bytes], ...] = ()
        if reply.retry_after is not None:
            headers = ((b"retry-after", b"%d" % reply.retry_after),)
        return Response(500 if reply.is_fault else 200, reply.body, _CONTENT_TYPES[reply.version], headers)

    def _count(self, reply: Reply, seconds: float) -> None:
        self._metrics.messages.labels(DOOR, reply.message_type, reply.outcome, reply.code).inc()
        self._seconds["whole"].observe(seconds)
        for stage, spent in reply.stages.items():
            self._seconds[stage].observe(spent)
        if reply.unexpected:
            self._metrics.unexpected.labels(DOOR).inc()


def _facts(request: Request, peer: Peer) -> RequestFacts:
    action = request.headers.get(b"soapaction", b"").decode("latin-1").strip().strip('"')
    content = _content(request.headers.get(b"content-type", b""))
    return RequestFacts(content, action or None, peer.address, peer.tls_fingerprint)


@lru_cache(maxsize=32)
def _content(header: bytes) -> Content:
    # A partner's stack always sends the same one. Few are kept: a stranger may send long ones.
    return read_content_type(header.decode("latin-1"))


def _transport_refusal(request: Request, facts: RequestFacts) -> GatewayError | None:
    media_type = facts.content.media_type
    if is_compressed(request) or media_type.startswith("multipart/"):
        return GatewayError("T099.compression")
    if media_type not in _ACCEPTED_TYPES:
        found = {"found": media_type} if media_type in _COMMON_TYPES else None
        return GatewayError("T099.content-type", details=found)
    if (facts.content.charset or "").lower() not in _ACCEPTED_CHARSETS:
        return GatewayError("T099.content-type")
    return None
