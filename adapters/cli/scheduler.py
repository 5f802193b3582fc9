"""`inge scheduler`: what has to be done without a message that asks for it."""

from __future__ import annotations

import signal
import sys
import threading
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli.console import REFUSED, CommandError, ConfigOption, JsonOption, configuration, emit
from adapters.cli.opening import opened_workshop

if TYPE_CHECKING:
    from collections.abc import Mapping

app = typer.Typer(help="Do what has to be done without a message that asks for it.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Make `run` a command of its own."""


@app.command("run")
def run(
    once: Annotated[
        bool, typer.Option("--once", help="One turn only; without it until it is stopped.")
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Close overdue questions, remind clerks, write down what expired or lapsed, search for hints.

    A running gateway does this by itself; of all nodes one works at a time. Tells what each turn did. Exit
    code 1 of --once if something could not be done: it is named, and the rest is done.
    """
    from gateway.batch.signing import signer
    from gateway.scheduler.runner import Scheduler
    from gateway.scheduler.tasks import usual_tasks
    from gateway.undone import UndoneError
    from store.engine import new_holder
    from store.errors import StoreUnavailable

    settings = configuration(config)
    stopped = threading.Event()
    if not once:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopped.set())
    with opened_workshop(settings) as workshop:
        store, tools = workshop.store, workshop.tools
        tasks = usual_tasks(store, tools, signer(workshop.key, workshop.ecdsa_key))
        scheduler = Scheduler(store, tools.real_clock, tasks, new_holder())
        try:
            while True:
                try:
                    done = scheduler.run_once()
                except StoreUnavailable as error:
                    if once:
                        raise
                    # A store that comes back is worked on again; nothing is lost meanwhile.
                    print(f"inge: {error}", file=sys.stderr)
                except UndoneError as error:
                    if once:
                        raise CommandError(str(error), exit_code=REFUSED) from error
                    print(f"inge: {error}", file=sys.stderr)
                else:
                    emit({"worked": done is not None, "done": dict(done or {})}, _told(done), as_json=as_json)
                if once or stopped.wait(settings.scheduler.every_seconds):
                    return
        finally:
            scheduler.leave()


def _told(done: Mapping[str, int] | None) -> str:
    if done is None:
        return "another node is working"
    return ", ".join(f"{name}: {count}" for name, count in done.items())
