"""Running `inge` in this process, on a gateway's folder laid out for one test."""

import io
import json
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters.cli.main import main
from fixtures.demo.place import write_configuration
from fixtures.pki.build import Pki


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def inge(*arguments: str | Path) -> Ran:
    """Run one command and catch its exit code and output."""
    out, err = io.StringIO(), io.StringIO()
    code = -1
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as end:
            code = int(end.code or 0)
    return Ran(code, out.getvalue(), err.getvalue())


def lay_out(folder: Path, pki: Pki) -> Path:
    """Write configuration and secrets for a gateway below `folder`; return the configuration file."""
    return write_configuration(folder, pki, port=0)


def every_command() -> Iterator[tuple[str, ...]]:
    """Give the words of every command and group."""
    import typer.main

    from adapters.cli.main import app

    def walk(command: Any, words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        yield words
        for name, child in getattr(command, "commands", {}).items():
            yield from walk(child, (*words, name))

    yield from walk(typer.main.get_command(app), ())
