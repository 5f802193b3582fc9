"""`inge retention`: whose data have to go, erasing them, and doing it again after a restore."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.cli.console import (
    REFUSED,
    CommandError,
    ConfigOption,
    JsonOption,
    configuration,
    emit,
    finish,
    table,
)
from adapters.cli.opening import opened_store, opened_tools
from adapters.cli.progress import counted

if TYPE_CHECKING:
    from gateway.retention.run import Tally
    from store.erasures import ErasureLine

app = typer.Typer(help="Erase personal data when their time is over.", no_args_is_help=True)

_WAITS = {
    "work-item": "a work item is open",
    "question": "an agency was asked and has not answered",
    "unconfirmed-answer": "an agency has not confirmed a later answer",
    "held-retrieval": "an entry of the log of retrievals is held",
}


@app.command("due")
def due(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List whose time is over today, by stage, and what waits and why; change nothing.

    Exit code 1 if there is somebody.
    """
    tally = _run(config, dry=True, scrub=False)
    emit(tally.as_data(), _told(tally), as_json=as_json)
    finish(bool(tally.done or tally.waits or tally.failed))


@app.command("run")
def run(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be done.")] = False,
    scrub: Annotated[
        bool,
        typer.Option(
            "--scrub",
            help="Take what was erased out of the free space of the store's files too; on SQLite nobody "
            "else can write meanwhile.",
        ),
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Erase now whose time is over; a running gateway does it once a day by itself.

    Small transactions: it may be stopped and started again at any moment. Exit code 1 if something waits, or
    an error kept somebody from being erased.
    """
    if dry_run and scrub:
        raise CommandError("--scrub changes files, --dry-run nothing: one of them")
    tally = _run(config, dry=dry_run, scrub=scrub)
    emit(tally.as_data(), _told(tally), as_json=as_json)
    finish(bool(tally.waits or tally.failed))


@app.command("report")
def report(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Tell how many persons were erased in each stage so far, and where erasures are told."""
    from adapters.server_core import erasures_file
    from store.retention import count_erasures

    settings = configuration(config)
    path = erasures_file(settings)
    with opened_store(settings) as store, store.read() as reader:
        counts = count_erasures(reader.connection)
    lines = _lines(path)
    broken = sum(each is None for each in lines)
    data = {
        "stage_1": counts.get(1, 0),
        "stage_2": counts.get(2, 0),
        "counts_from": settings.retention.counts_from,
        "erasures_file": str(path),
        "lines": len(lines) - broken,
        "broken_lines": broken,
    }
    rows = [(name.replace("_", " "), value) for name, value in data.items()]
    emit(data, table(["retention", ""], rows), as_json=as_json)


@app.command("replay")
def replay(
    file: Annotated[
        Path | None, typer.Option(help="File of erasures; the configured one if not given.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Erase again what the file of erasures tells, as `inge restore` does; done twice it does nothing.

    Exit code 1 if something waits, an error kept somebody from being erased, or a line cannot be read.
    """
    from adapters.server_core import erasures_file
    from gateway.retention.replay import replay as erase_again

    settings = configuration(config)
    path = file or erasures_file(settings)
    if file is not None and not file.exists():
        raise CommandError(f"{file}: there is no such file")
    lines = _lines(path)
    broken = sum(each is None for each in lines)
    known = [each for each in lines if each is not None]
    with opened_tools(settings) as (store, tools), counted("persons erased again") as count:
        done = erase_again(store, tools, known, lambda erased: count("", erased))
    data: dict[str, Any] = {**done.as_data(), "lines": len(lines) - broken, "broken_lines": broken}
    text = (
        f"{done.erased} persons erased again, {len(done.waits)} wait, {len(done.failed)} met an error, "
        f"{broken} lines cannot be read"
    )
    emit(data, text, as_json=as_json)
    finish(bool(done.waits or done.failed or broken))


def _lines(path: Path) -> list[ErasureLine | None]:
    """Read a file of erasures, None for a line that cannot be read. Raises CommandError."""
    from store.erasures import ErasuresFile

    try:
        return list(ErasuresFile(path).read())
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from error


def _run(config: Path | None, *, dry: bool, scrub: bool) -> Tally:
    from gateway.retention.run import Run, finished
    from store.erasure import scrub as scrubbed
    from store.errors import NotAllowed

    with opened_tools(configuration(config)) as (store, tools):
        with counted("persons" if dry else "persons erased") as count:
            try:
                tally = finished(Run(store, tools, dry=dry), lambda done: count("", done))
            except OSError as error:
                raise CommandError(f"the file of erasures: {error.strerror}", exit_code=REFUSED) from error
        if scrub:
            try:
                scrubbed(store)
            except NotAllowed as error:
                raise CommandError(str(error)) from error
    return tally


def _told(tally: Tally) -> str:
    would = "would be erased" if tally.dry else "erased"
    lines = [
        f"{len(tally.erased[1])} persons {would} but for names and birth date (five years)",
        f"{len(tally.erased[2])} persons {would} altogether (ten years)",
        f"{tally.messages} messages {would} that are about nobody stored",
        f"{tally.reasons} reasons of connections {would}",
    ]
    if tally.failed:
        ids = ", ".join(map(str, sorted(tally.failed)))
        lines.append(f"{len(tally.failed)} persons cannot be erased because of an error: {ids}")
    if tally.waits:
        rows = [
            (person, ", ".join(map(_WAITS.__getitem__, why))) for person, why in sorted(tally.waits.items())
        ]
        lines += ["", table(["person waits", "because"], rows)]
    return "\n".join(lines)
