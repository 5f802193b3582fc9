"""The reference page of the configuration, made from the models: `python -m adapters.cli.config_page`."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any, get_args

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from adapters.config import ENV_PREFIX, Config
from adapters.config_sections import Section

_HEAD = """# Configuration

One TOML file, `inge.toml`, sets up a gateway. It is found by `--config`, else by the variable `INGE_CONFIG`,
else here. Relative paths in it count from the folder of the file. `inge config check` says in
words what is wrong with it, and checks the keys and folders it names as well.

Every key has a variable that wins over the file: `INGE_`, the section, two underscores, the key. Lists are
written as JSON in a variable: `INGE_HTTP__TRUSTED_PROXIES='["10.0.0.1"]'`. The configuration is read at the
start and never changes while the gateway runs.

This page is made from the code by `make docs`. A key in **bold** has to be there.
"""


def render_page() -> str:
    """Give the page as Markdown."""
    return "\n".join([_HEAD, *(_section(name, field) for name, field in Config.model_fields.items())])


def _section(name: str, field: FieldInfo) -> str:
    section: type[Section] = field.annotation  # type: ignore[assignment]
    lines = [
        f"## [{name}]\n",
        f"{inspect.getdoc(section)}\n",
        "| key | what it expects | default | variable |",
        "|---|---|---|---|",
    ]
    lines += [_row(name, key, item) for key, item in section.model_fields.items()]
    return "\n".join([*lines, ""])


def _row(section: str, key: str, field: FieldInfo) -> str:
    shown = f"**`{key}`**" if field.is_required() else f"`{key}`"
    kind = _kind(field.annotation)
    expects = f"{kind}: {field.description}" if kind else str(field.description)
    return f"| {shown} | {expects} | {_default(field)} | `{ENV_PREFIX}{section.upper()}__{key.upper()}` |"


def _kind(annotation: Any) -> str:
    words = {bool: "yes or no", int: "number", float: "number", Path: "path", SecretStr: "secret"}
    arguments = [each for each in get_args(annotation) if each not in (type(None), Ellipsis)]
    if annotation in words:
        return words[annotation]
    if getattr(annotation, "__origin__", None) is tuple:
        return "list of paths" if Path in arguments else "list"
    return words.get(arguments[0], "") if len(arguments) == 1 else ""


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "–"
    value = field.default
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    if isinstance(value, tuple):
        return "`[]`" if not value else f"`{list(value)}`"
    return f"`{value}`"


if __name__ == "__main__":
    print(render_page(), end="")
