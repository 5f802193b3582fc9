"""Configuration problems in words: which key, what is wrong with it, what is expected instead."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong: `key` is `section.key`, a variable or a file; never carries a configured value."""

    key: str
    wrong: str
    expected: str

    def __str__(self) -> str:
        return f"{self.key}: {self.wrong}; expected: {self.expected}"


class ConfigurationError(Exception):
    """The configuration cannot be used; `problems` lists everything found."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = tuple(problems)


def explain(model: type[BaseModel], error: ValidationError) -> list[Problem]:
    """Turn what pydantic found in `model` into problems an operator can act on."""
    return [
        _problem(model, list(item["loc"]), item["type"], item["msg"])
        for item in error.errors(include_input=False)
    ]


def unknown_variables(model: type[BaseModel], environ: Mapping[str, str], prefix: str) -> list[Problem]:
    """Find variables such as INGE_STROE__URL that name no section: they would silently do nothing."""
    problems = []
    for variable in sorted(environ):
        section, _, key = variable.removeprefix(prefix).lower().partition("__")
        if not variable.startswith(prefix) or not key:
            continue
        if _table(model, section) is None:
            problems.append(Problem(variable, "names no section", _choice(section, model.model_fields)))
    return problems


def _problem(model: type[BaseModel], location: list[int | str], kind: str, message: str) -> Problem:
    names = [str(part) for part in location]
    key = ".".join(names) or "configuration"
    table = _table(model, names[0]) if len(names) > 1 else model
    known: Iterable[str] = () if table is None else table.model_fields
    if kind == "missing":
        what = "section" if len(names) == 1 else "key"
        return Problem(key, f"this {what} is missing", _expected(model, names))
    if kind == "extra_forbidden":
        return Problem(
            key,
            "there is no such key" if len(names) > 1 else "there is no such section",
            _choice(names[-1], known),
        )
    return Problem(key, message.removeprefix("Value error, "), _expected(model, names))


def _expected(model: type[BaseModel], names: list[str]) -> str:
    table = _table(model, names[0]) if names else None
    if table is None:
        return "see the configuration reference"
    if len(names) > 1 and names[1] in table.model_fields:
        return table.model_fields[names[1]].description or "see the configuration reference"
    required = [key for key, field in table.model_fields.items() if field.is_required()]
    return f"a table [{names[0]}]" + (f" with {', '.join(required)}" if required else "")


def _choice(given: str, known: Iterable[str]) -> str:
    names = sorted(known)
    close = difflib.get_close_matches(given, names, n=1)
    return f"`{close[0]}`?" if close else f"one of {', '.join(names)}"


def _table(model: type[BaseModel], section: str) -> type[BaseModel] | None:
    field = model.model_fields.get(section)
    kind: Any = None if field is None else field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None
