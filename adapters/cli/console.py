"""What all commands share: exit codes, `--config` and `--json`, tables, and errors in plain words."""

from __future__ import annotations

import json
import os
import stat
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from adapters.config import Config

OK = 0
REFUSED = 1
"""The command ran and found or refused something."""
USAGE = 2
"""The command could not run as it was called or set up."""
LARGEST_ID = 2**63 - 1
"""No row has a larger id, and no engine can be asked for one."""
LARGEST_DELIVERY = 999_999_999
"""As `messages.bva.LARGEST_NUMBER`, which is not loaded for `--help`."""

# Top-level names of the distributions that only `inge-gateway[server]` brings.
SERVER_MODULES = frozenset(
    {
        "alembic",
        "granian",
        "holidays",
        "prometheus_client",
        "psycopg",
        "pydantic_settings",
        "pyrage",
        "python_multipart",
        "spyne",
        "sqlalchemy",
        "starlette",
        "structlog",
        "uvloop",
    }
)

# The same for `inge-gateway[print]`.
PRINT_MODULES = frozenset({"barcode", "typst"})

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", envvar="INGE_CONFIG", help="Configuration file; inge.toml here if not given."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]


class CommandError(Exception):
    """A command ends here: `exit_code` 1 (refused, found something) or 2 (cannot run like this)."""

    def __init__(self, message: str, *, exit_code: int = USAGE) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def emit(data: Any, text: str, *, as_json: bool) -> None:
    """Print the result once: `data` as JSON or `text` for people."""
    print(json.dumps(data, ensure_ascii=False, indent=2, default=str) if as_json else text)


def finish(found_something: bool) -> NoReturn:
    """End the command: exit code 1 if it found or refused something, else 0."""
    raise typer.Exit(REFUSED if found_something else OK)


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Lay out rows: framed on a terminal, plain aligned columns elsewhere (stable for scripts and logs)."""
    cells = [["" if cell is None else str(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        return _framed(columns, cells)
    widths = [max(len(row[i]) for row in [list(columns), *cells]) for i in range(len(columns))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in [columns, *cells]
    ]
    return "\n".join(line.rstrip() for line in lines)


def tell_limit(shown: int, limit: int) -> None:
    """Tell on standard error that a list may go on beyond what was asked for."""
    if shown == limit:
        print(f"inge: these are {limit}, and there may be more: --limit", file=sys.stderr)


def write_private(file: Path, octets: bytes) -> None:
    """Write a file that names persons, old or new, readable for its owner only. Raises CommandError."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "wb") as opened:
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                os.fchmod(descriptor, 0o600)
            opened.write(octets)
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}") from error


def configuration(path: Path | None) -> Config:
    """Read the configuration that counts for this call. Raises ConfigurationError, told by `main`."""
    from adapters.config import config_path, load_config

    return load_config(config_path(path))


@contextmanager
def plain_errors() -> Iterator[None]:
    """Turn what a command may raise into one line on standard error and an exit code."""
    from adapters.config_problems import ConfigurationError

    try:
        yield
    except CommandError as error:
        _fail(str(error), error.exit_code)
    except ConfigurationError as error:
        _fail("the configuration cannot be used\n  " + "\n  ".join(map(str, error.problems)), USAGE)
    except ModuleNotFoundError as error:
        extra = _extra_with((error.name or "").partition(".")[0])
        if extra is None:
            raise
        _fail(f"this command needs inge-gateway[{extra}]: pip install 'inge-gateway[{extra}]'", USAGE)
    except BrokenPipeError:
        # Whoever read us has gone (`inge … | head`); Python would complain once more when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(REFUSED) from None
    except Exception as error:
        if _is_store_error(error):
            _fail(str(error), REFUSED)
        if not _is_driver_error(error):
            raise
        # Its text may quote a whole row, and so a person; where it was raised is all that is told.
        sys.stderr.writelines(traceback.format_tb(error.__traceback__))
        kind = type(getattr(error, "orig", None) or error).__qualname__
        _fail(f"an error that nobody foresaw: {kind}", REFUSED)


def _framed(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> str:
    console = Console()
    grid = Table(*columns)
    for row in cells:
        grid.add_row(*row)
    with console.capture() as capture:
        console.print(grid)
    return capture.get().rstrip("\n")


def _extra_with(module: str) -> str | None:
    if module in PRINT_MODULES:
        return "print"
    return "server" if module in SERVER_MODULES else None


def _is_store_error(error: Exception) -> bool:
    # The module is looked up, not imported: without the server half it cannot be, and then nothing raised it.
    errors = sys.modules.get("store.errors")
    return errors is not None and isinstance(error, (errors.StoreUnavailable, errors.StoreNotMigrated))


def _is_driver_error(error: Exception) -> bool:
    # Looked up, not imported, as above.
    connected = sys.modules.get("store.connected")
    return connected is not None and isinstance(error, connected.DRIVER_ERRORS)


def _fail(message: str, exit_code: int) -> NoReturn:
    print(f"inge: {message}", file=sys.stderr)
    raise SystemExit(exit_code)
