"""The batch door over HTTP: deliveries come into a private spool file, results leave as they are made."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import IO, Final

import structlog

from adapters.batch.parts import Incoming, Patience, boundary_of
from adapters.http import (
    BodyRefused,
    Busy,
    Request,
    Response,
    Streamed,
    WorkPool,
    announced_length,
    is_compressed,
    method_not_allowed,
    read_body,
)
from adapters.http_proxy import Peer
from adapters.observability_logs import place_of
from adapters.observability_metrics import Metrics
from gateway.accepted import Route
from gateway.batch.fetching import Fetched, Fetching
from gateway.batch.notes import DOOR, told_of
from gateway.batch.taking import Opened, Taken, Taking
from gateway.results import Refusal
from messages.bva import Eingang200007
from messages.errors import GatewayError
from messages.fehler import write_fehler

XML: Final = "application/xml; charset=utf-8"
MANIFEST: Final = "manifest"
RECORDS: Final = "records"
_NOTHING: Final = hashlib.sha256(b"").digest()
_BLOCK: Final = 1 << 20
"""Octets that are written to the spool file at once, on a thread."""


class BatchEndpoint:
    """Deliveries (POST multipart/form-data) and requests for results (POST application/xml).

    Every answer is a document that carries its signature, or an unsigned `fehler` for a sender that is not
    proven. At most `at_once` deliveries come in at a time; further ones hear "try later" once their manifest
    is proven, before anything of the file is read. The slow part, reading the file and storing it, runs on
    threads of its own: messages of the other doors do not wait for it.
    """

    def __init__(
        self,
        taking: Taking,
        fetching: Fetching,
        *,
        pool: WorkPool,
        peer_of: Callable[[Request], Peer],
        metrics: Metrics,
        patience: Patience,
        at_once: int,
        spool: Path | None,
    ) -> None:
        self._taking = taking
        self._fetching = fetching
        self._pool = pool
        self._peer_of = peer_of
        self._metrics = metrics
        self._patience = patience
        self._at_once = at_once
        self._spool = spool
        self._coming_in = 0
        self._in_progress = metrics.in_progress.labels(DOOR)
        self._log = structlog.get_logger("adapters.batch")

    async def deliver(self, request: Request) -> Response:
        """Take a delivery in: first the part `manifest`, then the part `records`."""
        if request.method != "POST":
            return method_not_allowed("POST")
        peer, started = self._peer_of(request), perf_counter()
        boundary = boundary_of(request.headers.get(b"content-type", b""))
        if boundary is None or is_compressed(request):
            return await self._unproven(GatewayError("T099.delivery-type"), peer, announced_length(request))
        with self._in_progress.track_inprogress():
            try:
                incoming = Incoming(request, boundary, self._patience)
            except GatewayError as error:
                return await self._unproven(error, peer, announced_length(request))
            outcome = await self._delivered(incoming, peer)
            # Who is told before all was sent reads the answer only if the rest is taken from the line.
            with suppress(GatewayError):
                await incoming.drain(self._patience.idle if outcome.party is None else None)
        return self._finished(outcome, incoming.size, perf_counter() - started)

    async def results(self, request: Request) -> Response | Streamed:
        """Answer a signed request for results."""
        if request.method != "POST":
            return method_not_allowed("POST")
        peer, started = self._peer_of(request), perf_counter()
        media_type = request.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if media_type not in {b"application/xml", b"text/xml", b""} or is_compressed(request):
            return await self._unproven(GatewayError("T099.delivery-type"), peer, announced_length(request))
        try:
            raw = await read_body(request, self._fetching.notes.limits.max_bytes, self._patience.idle)
        except BodyRefused as refused:
            return await self._unproven(refused.told, peer, refused.size, refused.sha256)
        route = Route(DOOR, peer.address)
        try:
            outcome = await self._pool.run(lambda: self._fetching.answer(raw, route, peer.tls_fingerprint))
        except Busy:
            return self._busy()
        if isinstance(outcome, Refusal):
            return self._finished(outcome, len(raw), perf_counter() - started)
        return self._fetched(outcome, len(raw), perf_counter() - started)

    async def _delivered(self, incoming: Incoming, peer: Peer) -> Taken | Refusal:
        """Lead a delivery to its receipt or refusal."""
        route = Route(DOOR, peer.address)
        opened: Opened | None = None
        try:
            manifest = await self._manifest(incoming)
            proven = await self._pool.run(lambda: self._taking.open(manifest, route, peer.tls_fingerprint))
            if not isinstance(proven, Opened):
                return proven
            opened = proven
            with self._place(), tempfile.TemporaryFile(dir=self._spool) as file:
                await self._records(incoming, opened, file)
                return await asyncio.to_thread(self._taking.take, opened, file)
        except Busy:
            error = GatewayError("T200.busy")
        except GatewayError as raised:
            error = raised
        except OSError as raised:
            # A full disk under the spool folder is nobody's fault but the operator's.
            error = told_of(raised, None if opened is None else opened.note.uuid)
        return await self._refusal(error, opened, peer, incoming.size)

    async def _manifest(self, incoming: Incoming) -> bytes:
        await incoming.begin(MANIFEST)
        limit = self._taking.notes.limits.max_bytes
        octets = bytearray()
        while (block := await incoming.data()) is not None:
            octets += block
            if len(octets) > limit:
                raise GatewayError("T099.too-large", details={"limit": str(limit)})
        return bytes(octets)

    async def _records(self, incoming: Incoming, opened: Opened, file: IO[bytes]) -> None:
        """Write the file of records to the spool file; never more than the manifest says."""
        await incoming.begin(RECORDS)
        named = opened.manifest.datei.groesse
        size, collected = 0, bytearray()
        while (block := await incoming.data()) is not None:
            size += len(block)
            if size > named:
                details = {"expected": str(named), "found": f"> {named}"}
                raise GatewayError("S999.records-size", details=details)
            collected += block
            if len(collected) >= _BLOCK:
                await asyncio.to_thread(file.write, bytes(collected))
                collected.clear()
        await asyncio.to_thread(file.write, bytes(collected))
        await incoming.end()

    @contextmanager
    def _place(self) -> Iterator[None]:
        if self._coming_in >= self._at_once:
            self._metrics.busy.labels(DOOR).inc()
            raise Busy
        self._coming_in += 1
        try:
            yield
        finally:
            self._coming_in -= 1

    async def _refusal(self, error: GatewayError, opened: Opened | None, peer: Peer, size: int) -> Refusal:
        at = datetime.now(UTC)
        notes = self._taking.notes

        def refuse() -> Refusal:
            if opened is not None:
                return self._taking.refuse(opened, error)
            return notes.refuse_unproven(error, Route(DOOR, peer.address), at, _NOTHING, size)

        return await asyncio.to_thread(refuse)

    async def _unproven(
        self, error: GatewayError, peer: Peer, size: int, sha256: bytes = _NOTHING
    ) -> Response:
        at, route = datetime.now(UTC), Route(DOOR, peer.address)
        try:
            refusal = await self._pool.run(
                lambda: self._taking.notes.refuse_unproven(error, route, at, sha256, size)
            )
        except Busy:
            return self._busy()
        return self._finished(refusal, size, 0.0)

    def _busy(self) -> Response:
        self._metrics.busy.labels(DOOR).inc()
        error = GatewayError("T200.busy")
        return _refused(Refusal(error, write_fehler(error), None, None))

    def _finished(self, outcome: Taken | Refusal, size: int, seconds: float) -> Response:
        word, code, kind = "repeated", "", Eingang200007.message_type
        if isinstance(outcome, Refusal):
            word, code, kind = "refused", outcome.error.code, ""
        elif not outcome.repeated:
            word = "answered"
        if code == "T200.unexpected":
            self._metrics.unexpected.labels(DOOR).inc()
        self._count(kind, word, code, seconds)
        self._log.info(
            "delivery",
            door=DOOR,
            uuid=outcome.uuid,
            outcome=word,
            code=code or None,
            bytes=size,
            ms=round(seconds * 1000, 2),
        )
        if isinstance(outcome, Refusal):
            return _refused(outcome)
        return Response(200, outcome.receipt, XML)

    def _fetched(self, fetched: Fetched, size: int, seconds: float) -> Response | Streamed:
        note = fetched.note
        asked = note.message.gegenstand.value
        self._count(note.contract.message_type, "answered", "", seconds)
        self._log.info(
            "results",
            door=DOOR,
            uuid=note.uuid,
            asked=asked,
            bytes=size,
            sent=fetched.size,
            ms=round(seconds * 1000, 2),
        )
        if isinstance(fetched.document, bytes):
            return Response(200, fetched.document, XML)
        return Streamed(200, self._watched(fetched.document, note.uuid), fetched.size, XML)

    def _watched(self, blocks: Iterator[bytes], uuid: str) -> Iterator[bytes]:
        """Yield the blocks of a file; one that cannot be made ends it, and its length tells the sender so."""
        try:
            yield from blocks
        except Exception as error:  # noqa: BLE001 - told to the operator; the file stays incomplete
            self._metrics.unexpected.labels(DOOR).inc()
            self._log.error("result-incomplete", door=DOOR, uuid=uuid, **place_of(error))

    def _count(self, kind: str, outcome: str, code: str, seconds: float) -> None:
        self._metrics.messages.labels(DOOR, kind, outcome, code).inc()
        self._metrics.seconds.labels(DOOR, "whole").observe(seconds)


def _refused(refusal: Refusal) -> Response:
    error = refusal.error
    headers: tuple[tuple[bytes, bytes], ...] = ()
    if error.retry_after is not None:
        headers = ((b"retry-after", b"%d" % error.retry_after),)
    return Response(status_of(error), refusal.fehler, XML, headers)


_STATUS: Final = {
    "T099.too-large": 413,
    "T099.delivery-too-large": 413,
    "T099.delivery-type": 415,
    "S999.delivery-gap": 409,
    "S999.delivery-number-used": 409,
    "S999.uuid-reused": 409,
    "S999.record-uuid-used": 409,
    "S999.request-replayed": 409,
    "S999.unknown-result": 404,
}
_FORBIDDEN: Final = ("T000", "T001", "T002", "T003", "T010", "T011", "T020", "T070", "T080")


def status_of(error: GatewayError) -> int:
    """Return the HTTP status of a refusal (RFC 9110 §15.5): 503 for what may be sent again unchanged."""
    if error.entry.retryable:
        return 503
    if error.code.startswith(_FORBIDDEN):
        return 403
    return _STATUS.get(error.code, 422 if error.code.startswith(("S", "X")) else 400)
