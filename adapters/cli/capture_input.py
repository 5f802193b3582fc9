"""What the commands of `inge capture` share: options, and how they open, read and end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli.console import REFUSED, CommandError, configuration
from adapters.cli.opening import opened_tools

if TYPE_CHECKING:
    from gateway.clerks.capture import Clerk
    from gateway.tools import Tools
    from store.engine import Store

NumberOption = Annotated[str, typer.Option("--number", help="Identification number of the case.")]
AsOption = Annotated[str, typer.Option("--as", metavar="USER", help="Who enters this.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why, in words; stays in the history.")]


@contextmanager
def opened(config: Path | None) -> Iterator[tuple[Store, Tools]]:
    """Open store and tools; a refusal of what was entered ends the command in words."""
    from gateway.clerks.desk import ClerkError

    with opened_tools(configuration(config)) as opened:
        try:
            yield opened
        except ClerkError as error:
            raise CommandError(str(error), exit_code=REFUSED) from error


def named_clerk(user: str, reason: str) -> Clerk:
    """Return who enters something. Raises CommandError without a name or a reason."""
    from gateway.clerks.capture import Clerk
    from gateway.clerks.desk import ClerkError

    try:
        return Clerk(user, reason)
    except ClerkError as error:
        raise CommandError(str(error)) from error


def read_day(option: str, text: str) -> date:
    """Read a day. Raises CommandError that names the option."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"{option}: {text!r} is no day such as 2026-12-01") from error
