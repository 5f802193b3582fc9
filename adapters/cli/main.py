"""The console command `inge`: what a sender needs runs with the base install, the rest says what it needs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cache
from importlib import metadata
from typing import Any

import typer

from adapters.cli import (
    acceptance,
    backup,
    batch,
    capture,
    cases,
    checking,
    clock,
    configuring,
    connect,
    course_import,
    hints,
    journal,
    later,
    offices,
    parties,
    printing,
    retention,
    retrievals,
    rules,
    scheduler,
    schema_files,
    sending,
    serving,
    testkit,
    versions,
    work,
)
from adapters.cli.console import JsonOption, emit, plain_errors

app = typer.Typer(
    name="inge",
    help="Message-exchange gateway for the integration business file (InGe).",
    epilog="Exit codes: 0 ok, 1 refused or found something, 2 cannot run like this.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.command("serve")(serving.serve)
app.command("migrate")(serving.migrate)
app.command("worker")(work.worker)
app.command("send")(sending.send)
app.command("print")(printing.print_confirmation)
app.command("print-answer")(printing.print_answer)
app.command("fetch")(later.fetch)
app.command("status")(later.status)
app.command("check")(checking.check)
app.command("versions")(versions.versions)
app.command("explain")(journal.explain)
app.command("backup")(backup.backup)
app.command("restore")(backup.restore)
app.command("backup-key")(backup.make_key)
app.add_typer(configuring.app, name="config")
app.add_typer(batch.app, name="batch")
app.add_typer(parties.app, name="party")
app.add_typer(connect.app, name="connect")
app.add_typer(offices.app, name="offices")
schema_files.app.command("check")(checking.check_contract)
app.add_typer(schema_files.app, name="schemas")
app.add_typer(journal.app, name="journal")
app.add_typer(clock.app, name="clock")
app.add_typer(capture.app, name="capture")
app.add_typer(course_import.app, name="courses")
app.add_typer(cases.app, name="cases")
app.add_typer(hints.app, name="hints")
app.add_typer(retrievals.app, name="retrievals")
app.add_typer(retention.app, name="retention")
app.add_typer(rules.app, name="rules")
app.add_typer(scheduler.app, name="scheduler")
app.add_typer(work.app, name="work")
app.add_typer(acceptance.app, name="acceptance")
app.add_typer(testkit.app, name="testkit")


@app.command("version")
def version(as_json: JsonOption = False) -> None:
    """Say which version this is."""
    number = metadata.version("inge-gateway")
    emit(
        {"inge-gateway": number, "python": sys.version.split()[0]}, f"inge-gateway {number}", as_json=as_json
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command; ends with SystemExit. `arguments` are those of the process unless given."""
    with plain_errors():
        _command()(args=None if arguments is None else list(arguments), prog_name="inge")


@cache
def _command() -> Any:
    """The commands of `app`, built once for all that run in this process."""
    return typer.main.get_command(app)
