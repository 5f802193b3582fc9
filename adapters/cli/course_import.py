"""`inge courses import`: course data as a file, until organisers and institutes have doors of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli.capture_input import AsOption, ReasonOption, named_clerk, opened
from adapters.cli.console import REFUSED, CommandError, ConfigOption, JsonOption, configuration, emit
from adapters.cli.progress import counted

if TYPE_CHECKING:
    from gateway.clerks.course_import import Line

app = typer.Typer(help="Take in course data of participants.", no_args_is_help=True)
_MOST_PROBLEMS = 50


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="JSON Lines in UTF-8, an entry a line; docs/course-data.md.")],
    user: AsOption,
    reason: ReasonOption = "course data file",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would come of it.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take in organisers, sites, registrations, sections, tests, completions and dropouts.

    All of the file or nothing; what is known already changes nothing. Exit code 1 with every line that is
    wrong.
    """
    from gateway.clerks.course_import import CourseImport, ImportProblems
    from schemas.codes import CodeLists

    clerk = named_clerk(user, reason)
    lines = list(_read(file))
    loaded = configuration(config)
    with opened(config) as (store, tools), counted("entries") as count:
        lists = CodeLists.load(installed=loaded.schemas.installed)
        try:
            done = CourseImport(store, tools, lists).take(lines, clerk, dry_run=dry_run, progress=count)
        except ImportProblems as error:
            raise CommandError(_told(error.problems), exit_code=REFUSED) from error
    new = ", ".join(f"{count} {kind}" for kind, count in sorted(done.new.items())) or "nothing"
    known = sum(done.known.values())
    verb = "would be new" if dry_run else "new"
    emit(
        {"new": dict(done.new), "known": dict(done.known), "dry_run": dry_run},
        f"{verb}: {new}; known already: {known}",
        as_json=as_json,
    )


def _read(file: Path) -> Iterator[Line]:
    """Read the entries of a file. Raises CommandError with every line that is none."""
    from pydantic import Field, TypeAdapter, ValidationError

    from gateway.clerks.course_entries import CourseEntry

    adapter: TypeAdapter[CourseEntry] = TypeAdapter(Annotated[CourseEntry, Field(discriminator="kind")])
    problems = []
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{file}: not UTF-8") from error
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            yield number, adapter.validate_json(line)
        except ValidationError as error:
            # Without the values: they may be of a person.
            problems += [
                f"line {number}: {'.'.join(map(str, each['loc'])) or 'entry'}: {each['msg']}"
                for each in error.errors(include_input=False, include_url=False, include_context=False)
            ]
    if problems:
        raise CommandError(_told(problems), exit_code=REFUSED)


def _told(problems: list[str] | tuple[str, ...]) -> str:
    more = len(problems) - _MOST_PROBLEMS
    shown = [*problems[:_MOST_PROBLEMS], f"… and {more} more"] if more > 0 else list(problems)
    return "nothing is taken in\n  " + "\n  ".join(shown)
