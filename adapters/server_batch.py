"""The batch door of one process, made from the configuration and the core."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from adapters.batch.folder import WatchedFolder
from adapters.batch.http import BatchEndpoint
from adapters.batch.parts import Patience
from adapters.config import Config
from adapters.http import Request, WorkPool
from adapters.http_proxy import Peer
from adapters.observability_metrics import Metrics
from adapters.server_core import build_validator
from gateway.batch.fetching import Fetching
from gateway.batch.handing_over import HandingOver
from gateway.batch.notes import NoteReader
from gateway.batch.records_file import RecordsLimits
from gateway.batch.signing import signer
from gateway.batch.taking import Taking
from gateway.deferred.base import Workshop
from gateway.senders import Senders
from store.engine import new_holder

BATCH_PATH = "/batch"
RESULTS_PATH = f"{BATCH_PATH}/results"


@dataclass(frozen=True, slots=True)
class BatchDoor:
    """What takes deliveries in and hands results out, whatever brings them."""

    taking: Taking
    fetching: Fetching


def build_batch_door(
    config: Config, workshop: Workshop, senders: Senders, *, tls_must_match: bool = False
) -> BatchDoor:
    """Make the core's part of the door. In: what deferred work is done with, who recognises senders."""
    sign = signer(workshop.key, workshop.ecdsa_key)
    store, tools, batch = workshop.store, workshop.tools, config.batch
    notes = NoteReader(
        store=store,
        registry=workshop.registry,
        senders=senders,
        tools=tools,
        limits=workshop.limits,
        sign=sign,
        tls_must_match=tls_must_match,
    )
    taking = Taking(
        store=store,
        tools=tools,
        notes=notes,
        sign=sign,
        limits=RecordsLimits(max_bytes=batch.max_bytes, max_records=batch.max_records),
        chunk_records=batch.chunk_records,
        spool=batch.spool,
    )
    return BatchDoor(taking, Fetching(store=store, tools=tools, notes=notes, sign=sign))


def watched_folders(config: Config, workshop: Workshop, taking: Taking) -> list[WatchedFolder]:
    """Make what works on the watched folder; nothing where none is configured."""
    batch = config.batch
    return [
        WatchedFolder(
            folder,
            store=workshop.store,
            taking=taking,
            handing_over=HandingOver(workshop.store, workshop.tools),
            clock=workshop.tools.real_clock,
            holder=new_holder(),
            spool=batch.spool,
        )
        for folder in (batch.folder,)
        if folder is not None
    ]


def worker_folders(config: Config, workshop: Workshop) -> list[WatchedFolder]:
    """The same for a worker outside the server. Raises TrustFileError."""
    tools = workshop.tools
    senders = Senders(validator=build_validator(config), parties=tools.parties, settings=tools.settings)
    return watched_folders(config, workshop, build_batch_door(config, workshop, senders).taking)


def batch_endpoint(
    config: Config,
    door: BatchDoor,
    *,
    pool: WorkPool,
    peer_of: Callable[[Request], Peer],
    metrics: Metrics,
) -> BatchEndpoint:
    """Make the HTTP side of the door; small documents are worked on in the pool of all doors."""
    return BatchEndpoint(
        door.taking,
        door.fetching,
        pool=pool,
        peer_of=peer_of,
        metrics=metrics,
        patience=Patience(idle=config.http.body_seconds, whole=config.batch.upload_seconds),
        at_once=config.batch.at_once,
        spool=config.batch.spool,
    )
