"""`inge fetch` and `inge status`: later answers, and what became of a message."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from lxml import etree

from adapters.cli.console import CommandError, JsonOption, emit, finish, table
from adapters.cli.sender_side import (
    AgencyOption,
    EndpointOption,
    GatewayOption,
    KeyOption,
    PasswordOption,
    SoapOption,
    TestOption,
    VersionsOption,
    known_versions,
    open_client,
    told,
)

if TYPE_CHECKING:
    from messages.registry import MessageRegistry
    from messages.service import SpaetereAntwort, StatusAbfrageAntwort


def fetch(
    endpoint: EndpointOption,
    key: KeyOption,
    gateway: GatewayOption,
    agency: AgencyOption,
    test: TestOption = False,
    into: Annotated[
        Path | None, typer.Option("--into", help="Folder that receives one file per answer.")
    ] = None,
    confirm: Annotated[
        bool | None,
        typer.Option(
            "--confirm/--no-confirm",
            help="Confirm what was written, so that it is not handed out again; the usual way with --into.",
        ),
    ] = None,
    at_most: Annotated[
        int | None, typer.Option("--at-most", min=1, max=1000, help="How many answers at once.")
    ] = None,
    password_file: PasswordOption = None,
    soap: SoapOption = "1.1",
    versions: VersionsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fetch the answers that came about later: from a clerk, or because time ran out.

    With --into each is written to a file of its own, made safe on the disk, and only then confirmed; all that
    lie ready are fetched. Without it they are only listed and come again. Exit code 1 if refused.
    """
    confirms = into is not None if confirm is None else confirm
    if confirms and into is None:
        raise CommandError("--confirm needs --into: what is confirmed is not handed out again")
    from adapters.client import Service

    service = Service(open_client(endpoint, key, gateway, password_file, soap), agency, test=test)
    known = known_versions(versions)
    listed: list[dict[str, Any]] = []
    confirmed = 0
    with told(as_json):
        while True:
            fetched = service.fetch(at_most)
            listed += [_shown(answer, known, _kept(answer, into)) for answer in fetched.nachrichten]
            if not confirms or not fetched.nachrichten:
                break
            if into is not None:
                _sync_folder(into)
            confirmed += service.confirm([answer.nachricht_id for answer in fetched.nachrichten])
            if not fetched.weitere:
                break
    data = {"answers": listed, "confirmed": confirmed, "more": fetched.weitere}
    columns = ["id", "message", "answer", "reason", "number", "ready", "file"]
    rows = [[entry[name] for name in columns] for entry in listed]
    said = [f"{entry['id']}: {entry['text_en']}" for entry in listed if entry["text_en"]]
    words = "\n\n".join([table(columns, rows), *said])
    emit(data, words if rows else "nothing lies ready", as_json=as_json)


def status(
    message: Annotated[str, typer.Argument(metavar="UUID", help="UUID of a message of yours.")],
    endpoint: EndpointOption,
    key: KeyOption,
    gateway: GatewayOption,
    agency: AgencyOption,
    test: TestOption = False,
    password_file: PasswordOption = None,
    soap: SoapOption = "1.1",
    versions: VersionsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask what became of a message: answered, waiting (where, since when, until when), later answers.

    Exit code 1 if the gateway does not know it, or refused it.
    """
    from adapters.client import Service
    from messages.service import Zustand

    service = Service(open_client(endpoint, key, gateway, password_file, soap), agency, test=test)
    with told(as_json):
        answer = service.status(message)
    data = _status(answer, known_versions(versions))
    rows = [(name, _plain(value)) for name, value in data.items() if value and name != "later_answers"]
    words = table(["", "status"], rows)
    if data["later_answers"]:
        columns = ["answer", "reason", "number", "ready", "fetched", "confirmed", "id"]
        later = [[entry[name] for name in columns] for entry in data["later_answers"]]
        words += "\n\n" + table(["later answer", *columns[1:]], later)
    emit(data, words, as_json=as_json)
    finish(answer.zustand in {Zustand.UNKNOWN, Zustand.REFUSED})


def _kept(answer: SpaetereAntwort, into: Path | None) -> Path | None:
    """Write an answer to its own file, safe on the disk when this returns; the same again changes nothing."""
    if into is None or answer.dokument is None:
        return None
    name = etree.QName(etree.fromstring(answer.dokument)).localname.rpartition(".")[2]
    target = into / f"{int(answer.nachricht_id):019d}-{name}.xml"
    try:
        _make_folder(into)
        if target.exists():
            if target.read_bytes() != answer.dokument:
                raise CommandError(
                    f"{target}: there is another answer under this name; nothing was confirmed"
                )
            return target
        part = target.with_suffix(".part")
        with part.open("wb") as file:
            file.write(answer.dokument)
            file.flush()
            os.fsync(file.fileno())
        part.rename(target)
    except OSError as error:
        raise CommandError(f"{target}: {error.strerror}; nothing of this was confirmed") from error
    return target


def _make_folder(folder: Path) -> None:
    """Make a folder, and its name as durable as what will lie in it."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for made in missing:
        _sync_folder(made.parent)


def _sync_folder(folder: Path) -> None:
    """Make the names in a folder as durable as the files; a system that cannot does it by itself."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _shown(answer: SpaetereAntwort, versions: MessageRegistry, file: Path | None = None) -> dict[str, Any]:
    return {
        "id": answer.nachricht_id,
        "message": answer.nachrichten_uuid,
        "answers": answer.ausloeser_uuid,
        **_said(answer.dokument, versions),
        "ready": _moment(answer.bereitgestellt_am),
        "fetched": _moment(answer.ausgeliefert_am),
        "confirmed": _moment(answer.bestaetigt_am),
        "file": None if file is None else str(file),
    }


def _said(document: bytes | None, versions: MessageRegistry) -> dict[str, str | None]:
    """What a document says; receipts and notices of our own bring their words with them."""
    from adapters.client import read_document
    from adapters.client.summary import answer_summary

    if document is None:
        return dict.fromkeys(("answer", "reason", "number", "text_de", "text_en"))
    message = read_document(document, versions)
    return answer_summary(etree.fromstring(document), message) | {
        "text_de": getattr(message, "text_deutsch", None),
        "text_en": getattr(message, "text_englisch", None),
    }


def _status(answer: StatusAbfrageAntwort, versions: MessageRegistry) -> dict[str, Any]:
    refusal, office = answer.ablehnung, answer.stelle
    return {
        "message": answer.nachrichten_uuid,
        "state": answer.zustand.value,
        "since": _moment(answer.seit),
        "until": None if answer.frist is None else answer.frist.isoformat(),
        "replied_by": answer.beantwortet_durch,
        "refused": None
        if refusal is None
        else {
            "code": refusal.code,
            "path": refusal.pfad,
            "line": refusal.zeile,
            "text_de": refusal.text_deutsch,
            "text_en": refusal.text_englisch,
            "advice": refusal.handlung.value,
        },
        "office": None
        if office is None
        else {
            "name": office.bezeichnung,
            "contact": office.ansprechpartner,
            "phone": office.telefon,
            "email": office.email,
        },
        "first_answer": None if answer.antwort is None else _said(answer.antwort, versions),
        "later_answers": [_shown(later, versions) for later in answer.spaetere_antworten],
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")


def _plain(value: Any) -> str:
    """One cell for people: the parts of a nested value that say something."""
    if isinstance(value, dict):
        return ", ".join(str(part) for part in value.values() if part)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "; ".join(map(_plain, value))
    return str(value)
