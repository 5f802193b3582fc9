"""`inge check`: everything that speaks against a document, before it is sent."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from adapters.cli.console import CommandError, JsonOption, emit, finish
from adapters.cli.schema_files import DayOption, InstalledOption
from adapters.cli.sender_side import (
    MaybeAgencyOption,
    MaybeEndpointOption,
    MaybeGatewayOption,
    MaybeKeyOption,
    PasswordOption,
    SoapOption,
    TestOption,
    VersionsOption,
    open_client,
    read_file,
    told,
)


@dataclass(frozen=True)
class _Finding:
    code: str
    path: str | None
    line: int | None
    text_de: str
    text_en: str
    advice: str


def check(
    file: Annotated[Path, typer.Argument(help="XML file with one message, without SOAP envelope.")],
    online: Annotated[
        bool,
        typer.Option(
            "--online", help="Ask the gateway: also whether you may send this there. Needs the options below."
        ),
    ] = False,
    installed: InstalledOption = None,
    versions: VersionsOption = None,
    day: DayOption = None,
    endpoint: MaybeEndpointOption = None,
    key: MaybeKeyOption = None,
    gateway: MaybeGatewayOption = None,
    agency: MaybeAgencyOption = None,
    test: TestOption = False,
    password_file: PasswordOption = None,
    soap: SoapOption = "1.1",
    as_json: JsonOption = False,
) -> None:
    """Check a document; every finding is printed with path and line. Nothing is sent, stored or decided.

    Here: is it well-formed, does it keep its contract, are its codes known? With --online the gateway checks
    all that and the permission of your authority, the addressee and the environment. Exit code 1 if there is
    any finding.
    """
    octets = read_file(file)
    if not online:
        kind, findings = _here(octets, installed, versions, day)
    elif endpoint is None or key is None or not gateway:
        raise CommandError("--online needs --endpoint, --key and --gateway")
    else:
        from adapters.client import Service

        service = Service(
            open_client(endpoint, key, gateway, password_file, soap), agency or _author(octets), test=test
        )
        with told(as_json):
            answer = service.check(octets)
        kind = answer.nachrichtentyp
        findings = [
            _Finding(f.code, f.pfad, f.zeile, f.text_deutsch, f.text_englisch, f.handlung.value)
            for f in answer.befunde
        ]
    data = {
        "file": str(file),
        "message_type": kind,
        "checked": "by the gateway" if online else "here",
        "findings": [asdict(finding) for finding in findings],
    }
    lines = [f"{file}:{f.line or ''}: {f.code} {f.path or ''}: {f.text_en}" for f in findings]
    good = "the gateway would take it" if online else "keeps its contract"
    emit(data, "\n".join(lines) or f"{file}: {good}", as_json=as_json)
    finish(bool(findings))


def check_contract(
    file: Annotated[Path, typer.Argument(help="XML file with one message, without SOAP envelope.")],
    installed: InstalledOption = None,
    versions: VersionsOption = None,
    day: DayOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check a document here against its contract and code lists, as `inge check` does."""
    check(file, installed=installed, versions=versions, day=day, as_json=as_json)


def _here(
    octets: bytes, installed: Path | None, versions: list[Path] | None, day: datetime | None
) -> tuple[str | None, list[_Finding]]:
    from gateway.service.inspection import inspect
    from gateway.trust.admission import Limits
    from schemas.registry import SchemaRegistry

    on = (day or datetime.now(ZoneInfo("Europe/Berlin"))).date()
    registry = SchemaRegistry.load(installed=installed, versions=versions or ())
    found = inspect(octets, registry, Limits(), on)
    findings = [
        _Finding(e.code, e.path, e.line, e.text_de, e.text_en, e.entry.advice.value) for e in found.errors
    ]
    return None if found.contract is None else found.contract.message_type, findings


def _author(octets: bytes) -> str:
    """The authority the document names as its author."""
    from gateway.permission import AUTHOR, text_at
    from gateway.trust.admission import Limits, admit
    from messages.errors import GatewayError

    try:
        author = text_at(admit(octets, Limits()).root, AUTHOR)
    except GatewayError:
        author = ""
    if not author:
        raise CommandError("the document names no author: say who asks with --agency")
    return author
