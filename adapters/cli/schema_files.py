"""`inge schemas`: which contracts this installation knows, whether a document keeps its contract."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli.console import CommandError, JsonOption, emit, finish, table

if TYPE_CHECKING:
    from schemas.registry import SchemaRegistry

app = typer.Typer(help="List, apply and install contracts.", no_args_is_help=True)

InstalledOption = Annotated[
    Path | None,
    typer.Option(
        "--installed", envvar="INGE_SCHEMAS__INSTALLED", help="Folder with installed official packages."
    ),
]


@app.command("list")
def list_schemas(installed: InstalledOption = None, as_json: JsonOption = False) -> None:
    """List the contracts: message, version, from when until when it is served."""
    contracts = _registry(installed).contracts()
    rows = [
        (c.message_type, c.title, c.standard, c.version, c.served_from, c.served_until) for c in contracts
    ]
    data = [
        {
            "message_type": c.message_type,
            "root": c.root,
            "title": c.title,
            "standard": c.standard,
            "version": c.version,
            "served_from": c.served_from,
            "served_until": c.served_until,
        }
        for c in contracts
    ]
    emit(data, table(["type", "message", "standard", "version", "from", "until"], rows), as_json=as_json)


@app.command("check")
def check(
    file: Annotated[Path, typer.Argument(help="XML file with one message, without SOAP envelope.")],
    installed: InstalledOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check a document against its contract; every violation is printed with path and line.

    Exit code 1 if there is any.
    """
    from messages.violations import to_error

    from gateway.trust.admission import Limits, admit
    from messages.errors import GatewayError
    from schemas.violations import ContractError

    try:
        content = file.read_bytes()
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}") from error
    registry = _registry(installed)
    try:
        root = admit(content, Limits()).root
        contract = registry.identify(root, date.today())
        violations = registry.check(contract, root)
    except GatewayError as error:
        emit(
            {
                "file": str(file),
                "code": error.code,
                "path": error.path,
                "line": error.line,
                "text": error.text_en,
            },
            f"{file}: {error}",
            as_json=as_json,
        )
        finish(True)
    except ContractError as error:
        violations = (error.violation,)
    codes = [to_error([violation]) for violation in violations]
    data = [
        {"code": e.code, "path": e.path, "line": e.line, "text_de": e.text_de, "text_en": e.text_en}
        for e in codes
    ]
    text = (
        "\n".join(f"{e.line}: {e.code} {e.path}: {e.text_en}" for e in codes) or f"{file}: keeps its contract"
    )
    emit({"file": str(file), "violations": data}, text, as_json=as_json)
    finish(bool(violations))


@app.command("install")
def install(
    package: Annotated[Path, typer.Argument(help="Folder with the official schema files and code lists.")],
    installed: InstalledOption = None,
    as_json: JsonOption = False,
) -> None:
    """Install an official package; it replaces the bundled contracts of the versions it brings."""
    if installed is None:
        raise CommandError("say where to: --installed FOLDER, or [schemas] installed in the configuration")
    from schemas.installing import install_package

    installed.mkdir(parents=True, exist_ok=True)
    names = install_package(package, installed)
    emit({"installed": names}, "\n".join(names), as_json=as_json)


def _registry(installed: Path | None) -> SchemaRegistry:
    from schemas.registry import SchemaRegistry

    return SchemaRegistry.load(installed=installed)
