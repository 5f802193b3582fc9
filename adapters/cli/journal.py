"""`inge explain` and `inge journal`: how an answer came about, and whether the journal is whole."""

from __future__ import annotations

from typing import Annotated

import typer

from adapters.cli.console import REFUSED, CommandError, ConfigOption, JsonOption, configuration, emit, finish
from adapters.cli.opening import opened_store

app = typer.Typer(help="Seal and verify the message journal.", no_args_is_help=True)
