"""`inge clock`: the business clock of a test environment, moved for all its processes at once."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli.console import REFUSED, CommandError, ConfigOption, JsonOption, configuration, emit
from adapters.cli.opening import opened_store

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.business_clock import ClockState
    from gateway.clock import Clock
    from gateway.settings import Settings
    from store.engine import Store

app = typer.Typer(
    help="Show and move the business clock of a test environment.",
    epilog="Days, terms of rights and questions go by it; proof, leases and the journal by the real clock.",
    no_args_is_help=True,
)


@app.command("show")
def show(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Say what the business clock shows, and how far it is ahead of the real one."""
    from gateway import business_clock

    _tell(config, business_clock.show, as_json=as_json, wait=False)


@app.command("advance")
def advance(
    by: Annotated[str, typer.Argument(help="How far: 1d, 2w, 36h, 1d12h.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Move the business clock forward; returns when every process goes by it."""
    from gateway import business_clock

    try:
        length = business_clock.read_length(by)
    except ValueError as error:
        raise CommandError(str(error)) from error
    _tell(
        config,
        lambda store, settings, real: business_clock.advance(store, settings, real, length),
        as_json=as_json,
    )


@app.command("set-to")
def set_to(
    day: Annotated[str, typer.Argument(help="A day such as 2027-01-15; the time of the day stays.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Move the business clock forward to a day; returns when every process goes by it."""
    from gateway import business_clock

    try:
        wanted = date.fromisoformat(day)
    except ValueError as error:
        raise CommandError(f"{day!r} is no day such as 2027-01-15") from error
    _tell(
        config,
        lambda store, settings, real: business_clock.set_to(store, settings, real, wanted),
        as_json=as_json,
    )


@app.command("reset")
def reset(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Let the business clock show the real time again; returns when every process goes by it."""
    from gateway import business_clock

    _tell(config, business_clock.reset, as_json=as_json)


def _tell(
    config: Path | None,
    what: Callable[[Store, Settings, Clock], ClockState],
    *,
    as_json: bool,
    wait: bool = True,
) -> None:
    from adapters.server_core import core_settings
    from gateway.business_clock import MAX_AGE, ClockRefusedError
    from gateway.clock import SystemClock, german_day

    loaded = configuration(config)
    with opened_store(loaded) as store:
        try:
            state = what(store, core_settings(loaded), SystemClock())
        except ClockRefusedError as error:
            raise CommandError(str(error), exit_code=REFUSED) from error
    if wait:
        # A process that read the offset just before goes on by it for so long.
        time.sleep(MAX_AGE.total_seconds() + 0.1)
    day = german_day(state.business)
    data = {
        "business": state.business.isoformat(timespec="seconds"),
        "day": day.isoformat(),
        "real": state.real.isoformat(timespec="seconds"),
        "offset_seconds": int(state.offset.total_seconds()),
    }
    ahead = f", {state.offset} ahead of the real one" if state.offset else ", the real time"
    emit(data, f"the business clock shows {data['business']} ({day}){ahead}", as_json=as_json)
