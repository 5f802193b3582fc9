"""`inge schemas`: which contracts this installation knows, and how official ones come in."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli.console import REFUSED, CommandError, JsonOption, emit, table

if TYPE_CHECKING:
    from schemas.registry import SchemaRegistry

app = typer.Typer(help="List and install contracts.", no_args_is_help=True)

InstalledOption = Annotated[
    Path | None,
    typer.Option(
        "--installed", envvar="INGE_SCHEMAS__INSTALLED", help="Folder with installed official packages."
    ),
]
VersionsOption = Annotated[
    list[Path] | None,
    typer.Option("--versions", help="Folder with a further version of the standard; repeatable."),
]
DayOption = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="A day, such as 2026-11-01.")]


@app.command("list")
def list_schemas(
    installed: InstalledOption = None,
    versions: VersionsOption = None,
    code_lists: Annotated[bool, typer.Option("--code-lists", help="List the code lists instead.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List the contracts: message, version, from when until when it is served."""
    registry = _registry(installed, versions)
    rows: list[tuple[object, ...]]
    if code_lists:
        held = registry.code_lists.lists()
        rows = [
            (item.codes.uri, item.codes.version, item.extent.value, len(item.codes.codes)) for item in held
        ]
        columns = ["uri", "version", "extent", "codes"]
    else:
        columns = ["type", "message", "standard", "version", "from", "until"]
        rows = [
            (c.message_type, c.title, c.standard, c.version, str(c.served_from), str(c.served_until or ""))
            for c in registry.contracts()
        ]
    emit([dict(zip(columns, row, strict=True)) for row in rows], table(columns, rows), as_json=as_json)


@app.command("install")
def install(
    package: Annotated[Path, typer.Argument(help="Folder with the official schema files and code lists.")],
    installed: InstalledOption = None,
    served_from: DayOption = None,
    served_until: DayOption = None,
    as_json: JsonOption = False,
) -> None:
    """Install an official package; it replaces the bundled contracts of the same namespace.

    The running gateway takes it up at its next start, from the folder named by [schemas] installed.
    """
    from schemas.install import InstallError, install_package

    if installed is None:
        raise CommandError("say where to: --installed FOLDER, the one that [schemas] installed names")
    try:
        done = install_package(
            package,
            installed,
            served_from=None if served_from is None else served_from.date(),
            served_until=None if served_until is None else served_until.date(),
        )
    except (InstallError, OSError) as error:
        raise CommandError(str(error), exit_code=REFUSED) from error
    data = {"namespaces": done.namespaces, "messages": done.messages, "code_lists": done.code_lists}
    counts = f"{done.messages} messages and {len(done.code_lists)} code lists"
    emit(data, "\n".join([*done.namespaces, f"{counts} installed in {installed}"]), as_json=as_json)


def _registry(installed: Path | None, versions: list[Path] | None) -> SchemaRegistry:
    from schemas.folders import ContractFileError
    from schemas.registry import SchemaRegistry

    try:
        return SchemaRegistry.load(installed=installed, versions=versions or ())
    except ContractFileError as error:
        raise CommandError(str(error)) from error
