"""`inge config`: say what is wrong with a configuration before a gateway is started with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from adapters.cli.console import ConfigOption, JsonOption, emit, finish

if TYPE_CHECKING:
    from adapters.config_problems import Problem

app = typer.Typer(help="Check the configuration.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Check the configuration."""


@app.command("check")
def check(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Check the file, the INGE_ variables, and the keys and folders they name.

    Exit code 1 if something is wrong.
    """
    from adapters.config import config_path, load_config
    from adapters.config_files import check_files
    from adapters.config_problems import ConfigurationError

    path = config_path(config)
    problems: list[Problem] = []
    try:
        problems += check_files(load_config(path))
    except ConfigurationError as error:
        problems += error.problems
    found = [{"key": item.key, "wrong": item.wrong, "expected": item.expected} for item in problems]
    text = "\n".join(map(str, problems)) or f"{path}: in order"
    emit({"file": str(path), "problems": found}, text, as_json=as_json)
    finish(bool(problems))
