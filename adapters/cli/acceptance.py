"""`inge acceptance` shows what this node accepted while the core store was away, and drains it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from adapters.cli.console import (
    REFUSED,
    CommandError,
    ConfigOption,
    JsonOption,
    configuration,
    emit,
    finish,
    table,
)
from adapters.cli.opening import opened_workshop

if TYPE_CHECKING:
    from adapters.config import Config
    from store.acceptance.records import KeptDelivery
    from store.acceptance.store import AcceptanceStore

app = typer.Typer(help="Look at the acceptance store of this node, and drain it.", no_args_is_help=True)


_NOT_CONFIGURED: Final = "no acceptance store is configured: [acceptance] url"


@app.command("show")
def show(
    everything: Annotated[
        bool, typer.Option("--all", help="Also what was drained, while its receipt stays.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many.")] = 100,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what waits for the core store, what it refused, the room that is left, the copy of the registry.

    Needs no core store. Ends with 1 while something waits or was refused, nothing more fits, or the copy is
    not believed.
    """
    from adapters.config_secrets import load_signing_key
    from adapters.server_acceptance import build_copy
    from adapters.server_core import core_settings
    from gateway.clock import SystemClock
    from store.acceptance.records import KeptState

    settings = configuration(config)
    with _opened(settings) as kept:
        unsettled = (KeptState.ACCEPTED, KeptState.REFUSED)
        found = kept.listed(tuple(KeptState) if everything else unsettled, limit=limit)
        counts, room = kept.counts(), kept.room()
    copy = build_copy(settings, load_signing_key(settings), core_settings(settings), SystemClock())
    state = copy.state()
    data = {
        "counts": {each.state: each.deliveries for each in counts},
        "room": {
            "taken": room.taken,
            "free": room.free,
            **room.limits._asdict(),
            "is_full": room.is_full,
        },
        "registry_copy": {
            "file": copy.path,
            "made_at": state.made_at,
            "parties": state.parties,
            "problem": state.problem,
        },
        "deliveries": [_as_data(each) for each in found],
    }
    rows = [
        (
            each.arrived.party_id,
            f"{each.arrived.number}/{each.arrived.package}",
            each.arrived.uuid,
            each.state,
            f"{each.accepted_at:%Y-%m-%d %H:%M:%S}",
            each.attempts,
            each.code,
        )
        for each in found
    ]
    columns = ["party", "number", "manifest", "state", "accepted", "attempts", "code"]
    made = "never" if state.made_at is None else f"{state.made_at:%Y-%m-%d %H:%M:%S}"
    copy_line = f"copy of the registry: {made}, parties: {state.parties}"
    if state.problem is not None:
        copy_line += f"; not believed: {state.problem}"
    room_line = f"room: {room.taken:,} of {room.limits.at_most:,} bytes are taken"
    if room.is_full:
        why = "its disk is" if room.is_disk_short else "it is"
        room_line += f"; nothing more is accepted: {why} full"
    totals = ", ".join(f"{each.state}: {each.deliveries}" for each in counts)
    shown = [table(columns, rows)] if rows else []
    text = "\n".join([*shown, totals or "nothing was accepted here", room_line, copy_line])
    emit(data, text, as_json=as_json)
    finish(any(each.state in unsettled for each in counts) or room.is_full or state.problem is not None)


@app.command("migrate")
def migrate(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Make this node's acceptance store, or bring it to the revision this program needs.

    Run it as the user that the gateway runs as. Nothing else makes one: an empty store where a disk is not
    mounted would hide what lies on that disk.
    """
    from store.acceptance.migrate import REVISION, migrate_acceptance

    url = configuration(config).acceptance.url
    if url is None:
        raise CommandError(_NOT_CONFIGURED, exit_code=REFUSED)
    migrate_acceptance(url)
    emit({"revision": REVISION}, f"the acceptance store has revision {REVISION}", as_json=as_json)


@app.command("drain")
def drain(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Bring what waits here into the core store now; running gateways and workers do so by themselves.

    Ends with 1 while something waits still.
    """
    from adapters.server_acceptance import build_draining
    from adapters.server_batch import build_batch_door
    from gateway.senders import Senders

    settings = configuration(config)
    with _opened(settings) as kept, opened_workshop(settings) as workshop:
        tools = workshop.tools
        senders = Senders(validator=None, parties=tools.parties, settings=tools.settings)
        door = build_batch_door(settings, workshop, senders)
        ended = build_draining(settings, kept, door.draining, tools.real_clock).work_off()
        is_waiting = kept.is_waiting()
    told = ", ".join(f"{how}: {count}" for how, count in sorted(ended.items())) or "nothing was due"
    emit({**ended, "is_waiting": is_waiting}, told, as_json=as_json)
    finish(is_waiting)


@contextmanager
def _opened(config: Config) -> Iterator[AcceptanceStore]:
    from adapters.server_acceptance import build_kept

    kept = build_kept(config)
    if kept is None:
        raise CommandError(_NOT_CONFIGURED, exit_code=REFUSED)
    try:
        kept.check()
        yield kept
    finally:
        kept.close()


def _as_data(kept: KeptDelivery) -> dict[str, Any]:
    arrived = kept.arrived
    return {
        "party": arrived.party_id,
        "manifest": arrived.uuid,
        "number": arrived.number,
        "package": arrived.package,
        "records": arrived.records,
        "size": arrived.size,
        "door": arrived.door,
        "state": kept.state,
        "received": arrived.received_at,
        "accepted": kept.accepted_at,
        "next_try": kept.ready_at,
        "early_since": kept.early_since,
        "attempts": kept.attempts,
        "settled": kept.settled_at,
        "code": kept.code,
        "details": dict(kept.details),
    }
