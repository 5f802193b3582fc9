"""The batch door of one process, made from the configuration and the core."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from adapters.batch.folder import WatchedFolder
from adapters.batch.http import BatchEndpoint
from adapters.batch.parts import Patience
from adapters.config import Config
from adapters.http import Request, WorkPool
from adapters.http_proxy import Peer
from adapters.observability_metrics import Metrics
from adapters.server_core import build_validator
from gateway.batch.accepting import Accepting
from gateway.batch.fetching import Fetching
from gateway.batch.handing_over import HandingOver
from gateway.batch.notes import NoteReader
from gateway.batch.records_file import RecordsLimits
from gateway.batch.taking import Taking
from gateway.deferred.base import Workshop
from gateway.senders import Senders
from store.acceptance.store import AcceptanceStore
from store.engine import new_holder

BATCH_PATH = "/batch"
RESULTS_PATH = f"{BATCH_PATH}/results"


@dataclass(frozen=True, slots=True)
class Away:
    """What the door has while the core store is away: where deliveries go, who recognises their senders."""

    kept: AcceptanceStore
    senders: Senders


@dataclass(frozen=True, slots=True)
class BatchDoor:
    """What takes deliveries in and hands results out, whatever brings them.

    `draining` is the way of those that were accepted before: as `taking` without an acceptance store.
    """

    taking: Taking
    fetching: Fetching
    draining: Taking


def build_batch_door(
    config: Config,
    workshop: Workshop,
    senders: Senders,
    *,
    away: Away | None = None,
    tls_must_match: bool = False,
) -> BatchDoor:
    """Make the core's part of the door.

    In: what deferred work is done with, who recognises senders, what is there for the time in which the core
    store is away.
    """
    tools, batch = workshop.tools, config.batch
    notes = NoteReader(workshop, senders, tls_must_match=tls_must_match)
    usual: dict[str, Any] = {
        "limits": RecordsLimits(max_bytes=batch.max_bytes, max_records=batch.max_records),
        "chunk_records": batch.chunk_records,
        "spool": batch.spool,
    }
    taking = Taking(workshop, notes, **usual)
    if away is not None:
        notes_away = NoteReader(workshop, away.senders, tls_must_match=tls_must_match)
        taking = Accepting(workshop, notes, kept=away.kept, notes_away=notes_away, **usual)
    judged = NoteReader(workshop, Senders(validator=None, parties=tools.parties, settings=tools.settings))
    return BatchDoor(
        taking,
        Fetching(workshop, notes, kept=None if away is None else away.kept),
        Taking(workshop, judged, **usual),
    )


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
