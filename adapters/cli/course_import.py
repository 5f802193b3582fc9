"""`inge courses import`: course data as a file, until organisers and institutes have doors of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli.capture_input import AsOption, ReasonOption, named_clerk, opened
from adapters.cli.console import REFUSED, CommandError, ConfigOption, JsonOption, configuration, emit
from adapters.cli.course_file import CourseFileError, read_course_file
from adapters.cli.progress import counted

if TYPE_CHECKING:
    from gateway.clerks.course_import import Imported

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
    loaded = configuration(config)
    try:
        lines = read_course_file(file)
    except CourseFileError as error:
        raise _refusal(error.problems) from error
    with opened(config) as (store, tools), counted("entries") as count:
        lists = CodeLists.load(installed=loaded.schemas.installed)
        try:
            done = CourseImport(store, tools, lists).take(lines, clerk, dry_run=dry_run, progress=count)
        except ImportProblems as error:
            raise _refusal(error.problems) from error
    emit({**asdict(done), "dry_run": dry_run}, _summary(done, dry_run=dry_run), as_json=as_json)


def _summary(done: Imported, *, dry_run: bool) -> str:
    parts = [
        f"{word}: {', '.join(f'{count} {kind}' for kind, count in sorted(counts.items())) or 'nothing'}"
        for word, counts in (("new", done.new), ("changed", done.changed), ("known already", done.known))
    ]
    return "\n".join([*parts, *(["nothing was written: this was a dry run"] if dry_run else [])])


def _refusal(problems: Sequence[str]) -> CommandError:
    more = len(problems) - _MOST_PROBLEMS
    shown = [*problems[:_MOST_PROBLEMS], *([f"… and {more} more"] if more > 0 else [])]
    return CommandError("nothing is taken in\n  " + "\n  ".join(shown), exit_code=REFUSED)
