"""`inge worker` does deferred work; `inge work` shows it and says what is to become of it."""

from __future__ import annotations

import signal
import sys
import threading
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.cli.cases import ActorOption
from adapters.cli.console import (
    LARGEST_ID,
    REFUSED,
    CommandError,
    ConfigOption,
    JsonOption,
    configuration,
    emit,
    table,
)
from adapters.cli.opening import opened_store, opened_workshop

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Sequence

    from adapters.batch.folder import WatchedFolder
    from adapters.config import Config
    from gateway.deferred.runner import Ended, Worker
    from store.records_work import WorkRow

app = typer.Typer(help="Look at deferred work, and try it again or give it up.", no_args_is_help=True)

RowArgument = Annotated[
    int, typer.Argument(max=LARGEST_ID, help="Id of the row, as `inge work list` tells it.")
]


class State(StrEnum):
    """What can be asked for."""

    READY = "ready"
    RUNNING = "running"
    DEAD = "dead"


def worker(
    once: Annotated[
        bool, typer.Option("--once", help="Until nothing is due; without it until it is stopped.")
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Do deferred work: the chunks of deliveries and their results; look into the watched folder too.

    Drains the acceptance store of its node, if there is one, and keeps the copy of the registry young. Any
    number may run, on any number of machines with one PostgreSQL; each is a process with one thread.
    Ends after the row at hand when it is stopped (SIGTERM, SIGINT).
    """
    from adapters.observability_logs import configure_logs
    from adapters.server_acceptance import worker_acceptance
    from adapters.server_background import Repeated
    from adapters.server_batch import worker_folders
    from adapters.server_core import make_worker
    from store.errors import StoreUnavailable

    settings = configuration(config)
    configure_logs(settings.logging.level, settings.logging.format)
    stopped = threading.Event()
    stops: list[Callable[[], None]] = [stopped.set]

    def stop(*_: object) -> None:
        for each in stops:
            each()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    if not once and not _store_came(settings, stopped):
        return
    with opened_workshop(settings) as workshop:
        doing = make_worker(settings, workshop)
        folders, every = worker_folders(settings, workshop), settings.batch.folder_seconds
        watchers = [
            Repeated("folder", each.turn, every, last=each.leave, failures=_Uncounted()) for each in folders
        ]
        acceptance = worker_acceptance(settings, workshop)
        watchers += [
            Repeated(name, turn, seconds, failures=_Uncounted()) for name, turn, seconds in acceptance.turns
        ]
        stops += [doing.halt, *(each.halt for each in folders), acceptance.halt]
        if not once:
            for each in watchers:
                each.start()
        while True:
            try:
                if once:
                    for _, turn, _ in acceptance.turns:
                        turn()
                ended = _worked_off(doing, folders if once else ())
            except StoreUnavailable as error:
                if once:
                    raise
                # Whatever was at hand is taken again when its lease is over.
                print(f"inge: {error}", file=sys.stderr)
            else:
                if once or ended:
                    emit(dict(ended), _told(ended), as_json=as_json)
            if once or stopped.wait(settings.work.poll_seconds):
                break
        if not once:
            for each in watchers:
                each.stop()
        acceptance.close()


def _store_came(settings: Config, stopped: threading.Event) -> bool:
    """Wait until the store is there; False if the process shall end before. A worker may start before it."""
    from store.errors import StoreUnavailable

    while not stopped.is_set():
        try:
            with opened_store(settings):
                return True
        except StoreUnavailable as error:
            print(f"inge: {error}", file=sys.stderr)
        stopped.wait(settings.work.poll_seconds)
    return False


def _worked_off(worker: Worker, folders: Sequence[WatchedFolder]) -> Counter[Ended]:
    """Work off what is due, with what lies in the folders, and lay down what came of it."""
    for each in folders:
        each.turn()
    ended = worker.work_off()
    for each in folders:
        each.turn()
        each.leave()
    return ended


class _Uncounted:
    """Counts nothing: this process has no metrics."""

    def inc(self) -> None:
        """Do nothing."""


@app.command("list")
def list_rows(
    state: Annotated[State | None, typer.Option(help="Only rows in this state.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only rows of this kind.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many.")] = 100,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List deferred work: what is dead first, then what is due longest."""
    from store.work import count_work, list_work

    wanted = None if state is None else state.name
    with opened_store(configuration(config)) as store, store.read() as reader:
        found = list_work(reader.connection, state=wanted, kind=kind, limit=limit)
        counts = count_work(reader.connection)
    rows = [
        (
            row.id,
            row.kind,
            row.subject,
            row.state,
            row.attempts,
            f"{row.ready_at:%Y-%m-%d %H:%M:%S}",
            row.last_code,
        )
        for row in found
    ]
    text = table(["id", "kind", "subject", "state", "attempts", "due", "last error"], rows)
    totals = ", ".join(f"{each.kind} {each.state}: {each.rows}" for each in counts)
    data = {
        "counts": [each._asdict() for each in counts],
        "rows": [_as_data(row) for row in found],
    }
    emit(data, f"{text}\n{totals}" if found else totals or "nothing", as_json=as_json)


@app.command("show")
def show(row_id: RowArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show one row: what it is about, who has it until when, and how its last attempt ended."""
    from store.work import find_work

    with opened_store(configuration(config)) as store, store.read() as reader:
        row = find_work(reader.connection, row_id)
    if row is None:
        raise CommandError(f"there is no row {row_id}; what was done is gone", exit_code=REFUSED)
    data = _as_data(row)
    emit(
        data,
        "\n".join(f"{name}: {value}" for name, value in data.items() if value is not None),
        as_json=as_json,
    )


@app.command("retry")
def retry(
    row_id: RowArgument, actor: ActorOption, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Have a dead row done after all, or one that waits now: with all its attempts again. Journaled."""
    from gateway.clock import SystemClock
    from gateway.deferred import operating
    from gateway.deferred.base import WorkNotThereError

    with opened_store(configuration(config)) as store:
        try:
            row = operating.retry(store, SystemClock(), row_id, actor=actor)
        except WorkNotThereError as error:
            raise CommandError(str(error), exit_code=REFUSED) from error
    emit(_as_data(row), f"{row.kind} {row.id} is due now", as_json=as_json)


@app.command("discard")
def discard(
    row_id: RowArgument, actor: ActorOption, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Give a dead row up for ever; who waits for its outcome is told so. Journaled."""
    from gateway.deferred import operating
    from gateway.deferred.base import WorkNotThereError
    from gateway.deferred.handlers import handlers

    with opened_workshop(configuration(config)) as workshop:
        clock = workshop.tools.real_clock
        try:
            row = operating.discard(workshop.store, clock, handlers(workshop), row_id, actor=actor)
        except WorkNotThereError as error:
            raise CommandError(str(error), exit_code=REFUSED) from error
    emit(_as_data(row), f"{row.kind} {row.id} is given up", as_json=as_json)


def _as_data(row: WorkRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": row.kind,
        "subject": row.subject,
        "facts": dict(row.facts),
        "state": row.state,
        "attempts": row.attempts,
        "due": row.ready_at,
        "enqueued": row.enqueued_at,
        "holder": row.holder,
        "lease_until": row.lease_until,
        "last_error": row.last_code,
        "last_place": row.last_place,
    }


def _told(ended: Counter[Ended]) -> str:
    return ", ".join(f"{how}: {count}" for how, count in sorted(ended.items())) or "nothing was due"
