"""Reading a file of course data: JSON Lines, each line an entry, every line that is none told in words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

from adapters.cli.console import CommandError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from gateway.clerks.course_import import Line

_LARGEST: Final = 16 * 1024 * 1024


class CourseFileError(Exception):
    """Lines of a file are no entries; `problems` tells all of them, without what stands there."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def read_course_file(file: Path) -> list[Line]:
    """Return the entries of a file with the numbers of their lines; empty lines are left out.

    Raises CourseFileError, CommandError for a file that cannot be read at all.
    """
    from pydantic import Field, TypeAdapter, ValidationError

    from gateway.clerks.course_entries import CourseEntry

    adapter: TypeAdapter[CourseEntry] = TypeAdapter(Annotated[CourseEntry, Field(discriminator="kind")])
    entries: list[Line] = []
    problems: list[str] = []
    # Not `splitlines`: it also ends lines at characters that may stand in a text.
    for number, line in enumerate(_text(file).split("\n"), 1):
        if not line.strip():
            continue
        try:
            # Strict, or numbers would be taken as days.
            entries.append((number, adapter.validate_json(line, strict=True)))
            json.loads(line, object_pairs_hook=_different)
        except ValidationError as error:
            found = error.errors(include_input=False, include_url=False)
            problems += [f"line {number}{_words(each)}" for each in found]
        except _TwiceError:
            problems.append(f"line {number}: a field stands there twice")
    if problems:
        raise CourseFileError(problems)
    return entries


class _TwiceError(ValueError):
    """A name stands twice in one object."""


def _different(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) < len(pairs):
        raise _TwiceError
    return names


def _text(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            content = opened.read(_LARGEST + 1)
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}") from error
    if len(content) > _LARGEST:
        raise CommandError(f"{file}: at most {_LARGEST // 1024 // 1024} MiB are taken in at once")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CommandError(f"{file}: line {content[: error.start].count(10) + 1}: not UTF-8") from error


def _words(error: ErrorDetails) -> str:
    """Return what is wrong, by kind and field; values and unknown names may be personal and are left out."""
    kind = error["type"]
    if kind == "json_invalid":
        return ": not JSON, or cut off"
    if kind in {"union_tag_invalid", "union_tag_not_found"}:
        return f": kind: one of {', '.join(_kinds())} is expected"
    place = [str(each) for each in error["loc"]]
    if kind == "unexpected_keyword_argument":
        return f"{_at(place[:-1])}: there is a field that nobody knows"
    if place[-1:] == ["[key]"]:
        return f"{_at(place[:-2])}: {_only(error['msg'])}"
    if kind in {"missing", "missing_argument"}:
        return f"{_at(place)}: it is missing"
    return f"{_at(place)}: {_only(error['msg'])}"


def _at(place: list[str]) -> str:
    entry, *fields = place or [""]
    return f", {entry}" + (f": {'.'.join(fields)}" if fields else "") if entry else ""


def _only(message: str) -> str:
    """Return what pydantic expects as the other problems say it."""
    return message.removeprefix("Input should be ").removeprefix("a valid ") + " is expected"


def _kinds() -> Iterator[str]:
    from typing import get_args, get_type_hints

    from gateway.clerks.course_entries import CourseEntry

    for entry in get_args(CourseEntry):
        yield from get_args(get_type_hints(entry)["kind"])
