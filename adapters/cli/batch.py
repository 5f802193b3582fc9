"""`inge batch`: deliveries of many records, from the sender's side; the operator's commands stand beside."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.cli import batch_check, batch_operator
from adapters.cli.console import LARGEST_DELIVERY, REFUSED, CommandError, JsonOption, emit, finish, table
from adapters.cli.progress import counted
from adapters.cli.sender_side import (
    AgencyOption,
    GatewayOption,
    KeyOption,
    PasswordOption,
    TestOption,
    open_key,
    open_trust,
    told,
)

if TYPE_CHECKING:
    from adapters.client.batch import BatchClient, Result
    from messages.bva import (
        Eingang200007,
        Ergebnisschein200006,
        Lieferschein200001,
        Lieferstand,
        Zaehlung,
    )

app = typer.Typer(help="Deliver files of many records, and fetch their results.", no_args_is_help=True)
app.command("check")(batch_check.check)
app.command("list")(batch_operator.list_deliveries)
app.command("show")(batch_operator.show)
app.command("expect")(batch_operator.expect)

EndpointOption = Annotated[
    str,
    typer.Option(
        "--endpoint",
        envvar="INGE_BATCH_ENDPOINT",
        help="Address of the gateway's door for deliveries (…/batch).",
    ),
]
ReaderOption = Annotated[
    str,
    typer.Option("--reader", envvar="INGE_BATCH_READER", help="Kennung of the gateway's agency (dbs:…)."),
]
NameOption = Annotated[
    str | None,
    typer.Option("--name", envvar="INGE_BATCH_NAME", help="Name of your authority, else its kennung."),
]
IntoOption = Annotated[
    Path | None,
    typer.Option("--into", help="Folder that receives each result: its signed note and its file."),
]
_POLL_SECONDS = 1.0


@app.command("send")
def send(
    file: Annotated[Path, typer.Argument(help="File of records (XML, 200003).")],
    endpoint: EndpointOption,
    key: KeyOption,
    gateway: GatewayOption,
    agency: AgencyOption,
    reader: ReaderOption,
    name: NameOption = None,
    test: TestOption = False,
    number: Annotated[
        int | None,
        typer.Option(
            "--number", min=1, max=LARGEST_DELIVERY, help="Number of the delivery; the next one if not given."
        ),
    ] = None,
    package: Annotated[
        int | None,
        typer.Option(
            "--package", min=1, max=LARGEST_DELIVERY, help="Number of the package in it; with --number."
        ),
    ] = None,
    more: Annotated[
        bool, typer.Option("--more", help="Further packages of the same delivery follow.")
    ] = False,
    anew: Annotated[
        bool, typer.Option("--anew", help="Make a new manifest although there is one: another delivery.")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait for the result, or only until all is stored.")
    ] = True,
    into: IntoOption = None,
    password_file: PasswordOption = None,
    as_json: JsonOption = False,
) -> None:
    """Deliver a file of records with its signed manifest, wait for the result, fetch and confirm it.

    The manifest is laid beside the file (FILE.schein.xml) before anything is sent. Whoever runs the command
    again sends the same one: nothing is taken in twice, and the same receipt and result come back. Exit code
    1 if the delivery was refused, or if one of its records is faulty.
    """
    client = _client(endpoint, key, gateway, password_file, agency, name, reader, test=test)
    with told(as_json):
        manifest = _manifest(client, file, anew, number, package, more)
        note = _read_manifest(manifest)
        _check_same(file, note)
        with counted("bytes sent", total=0) as counter:

            def sent(done: int, total: int) -> None:
                counter.total = total
                counter(f"to {endpoint}", done)

            receipt = client.deliver(manifest, file, sent)
        data: dict[str, Any] = {
            "manifest": receipt.lieferschein_uuid,
            "number": receipt.lieferung.nummer,
            "package": receipt.lieferung.paketnummer,
            "records": receipt.anzahl_datensaetze,
            "state": receipt.zustand.value,
        }
        if wait:
            data |= _outcome(client, _wait_for(client, receipt), into)
    emit(data, table(["", "delivery"], [(k, v) for k, v in data.items() if v is not None]), as_json=as_json)
    finish(bool(data.get("faulty") or data.get("code")))


@app.command("fetch")
def fetch(
    endpoint: EndpointOption,
    key: KeyOption,
    gateway: GatewayOption,
    agency: AgencyOption,
    reader: ReaderOption,
    into: Annotated[Path, typer.Option("--into", help="Folder that receives each result.")],
    name: NameOption = None,
    test: TestOption = False,
    confirm: Annotated[
        bool, typer.Option("--confirm/--no-confirm", help="Confirm each result once it is safe on the disk.")
    ] = True,
    password_file: PasswordOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fetch every result that was not confirmed yet: of deliveries, and addenda of what was decided later.

    Each comes as its signed note and its file, held against each other. Exit code 1 if refused.
    """
    client = _client(endpoint, key, gateway, password_file, agency, name, reader, test=test)
    fetched: list[dict[str, Any]] = []
    done: set[str] = set()
    with told(as_json):
        while True:
            waiting = [each for each in _unconfirmed(client) if each not in done]
            if not waiting:
                break
            for uuid in waiting:
                result = _fetch(client, uuid, into)
                if confirm:
                    client.confirm([uuid])
                done.add(uuid)
                fetched.append(_shown(result))
    columns = ["number", "package", "addendum", "accepted", "parked", "refused", "faulty", "file"]
    words = table(columns, [[each[column] for column in columns] for each in fetched])
    emit(
        {"results": fetched, "confirmed": len(fetched) if confirm else 0},
        words if fetched else "nothing lies ready",
        as_json=as_json,
    )


@app.command("status")
def status(
    endpoint: EndpointOption,
    key: KeyOption,
    gateway: GatewayOption,
    agency: AgencyOption,
    reader: ReaderOption,
    manifest: Annotated[
        str | None, typer.Option("--manifest", help="Only the delivery whose manifest has this UUID.")
    ] = None,
    name: NameOption = None,
    test: TestOption = False,
    password_file: PasswordOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask how far your deliveries are, which results lie ready, and which number is expected next."""
    client = _client(endpoint, key, gateway, password_file, agency, name, reader, test=test)
    with told(as_json):
        overview = client.state(manifest)
    expected = f"{overview.erwartet.nummer}/{overview.erwartet.paketnummer}"
    rows = [_state(each) for each in overview.lieferungen]
    words = f"expected next: {expected}"
    if rows:
        words = "\n".join([table(list(rows[0]), [list(row.values()) for row in rows]), words])
    emit({"expected": expected, "deliveries": rows}, words, as_json=as_json)


def _client(
    endpoint: str,
    key: Path,
    gateway: list[Path],
    password_file: Path | None,
    agency: str,
    name: str | None,
    reader: str,
    *,
    test: bool,
) -> BatchClient:
    from adapters.client.batch import BatchClient
    from messages.bva import Stelle

    return BatchClient(
        endpoint,
        open_key(key, password_file),
        open_trust(gateway),
        agency=Stelle(agency, name or agency),
        reader=Stelle(reader, reader),
        test=test,
    )


def _manifest(
    client: BatchClient, file: Path, anew: bool, number: int | None, package: int | None, more: bool
) -> bytes:
    """Return the manifest that lies beside a file, or make it and lay it there before it is used."""
    from adapters.batch.safe_files import written
    from messages.errors import GatewayError

    beside = file.with_name(f"{file.name}.schein.xml")
    try:
        if beside.exists() and not anew:
            return beside.read_bytes()
        if number is None:
            expected = client.state().erwartet
            number, package = expected.nummer, expected.paketnummer
        manifest = client.manifest(file, number, package or 1, last=not more)
        with written(beside) as out:
            out.write(manifest)
    except GatewayError as error:
        raise CommandError(
            f"{file}:{error.line or ''}: {error.code}: {error.text_en}", exit_code=REFUSED
        ) from error
    except OSError as error:
        raise CommandError(f"{error.filename or file}: {error.strerror}") from error
    return manifest


def _read_manifest(manifest: bytes) -> Lieferschein200001:
    from gateway.trust.admission import Limits, admit
    from gateway.trust.policy import SignaturePolicy
    from gateway.trust.signed_document import verify_document
    from messages.bva import parse
    from messages.errors import GatewayError

    try:
        document = verify_document(admit(manifest, Limits()).root, policy=SignaturePolicy())
        note: Lieferschein200001 = parse(document.element)
    except GatewayError as error:
        raise CommandError(f"the manifest beside the file is broken ({error.code}): use --anew") from error
    return note


def _check_same(file: Path, note: Lieferschein200001) -> None:
    """Make sure that a file is still the one its manifest was made for."""
    try:
        with file.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").digest()
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}") from error
    if digest != note.datei.sha256:
        raise CommandError(f"{file} was changed since its manifest was made: use --anew", exit_code=REFUSED)


def _wait_for(client: BatchClient, receipt: Eingang200007) -> Lieferstand:
    """Wait until the first result of a delivery lies ready, or until it was refused after all.

    What was taken in stays so: a gateway that cannot be asked for a while, or by a node that does not keep
    what another one does, is asked again.
    """
    with counted("records decided", total=receipt.anzahl_datensaetze) as counter:
        while True:
            delivery = _now(client, receipt)
            if delivery is not None:
                counter(delivery.zustand.value, delivery.bearbeitet)
                if delivery.ergebnisse or delivery.fehler is not None:
                    return delivery
            time.sleep(_POLL_SECONDS)


def _now(client: BatchClient, receipt: Eingang200007) -> Lieferstand | None:
    """Return how far a delivery is, None if that cannot be told now."""
    from adapters.client import Refused, Unreachable
    from messages.bva import Eingangszustand

    try:
        (delivery,) = client.state(receipt.lieferschein_uuid).lieferungen
    except Unreachable:
        return None
    except Refused as error:
        kept = receipt.zustand is Eingangszustand.KEPT and error.code == "S999.unknown-result"
        if not kept and not error.retryable:
            raise
        return None
    return delivery


def _unconfirmed(client: BatchClient) -> Iterator[str]:
    for delivery in client.state().lieferungen:
        for result in delivery.ergebnisse:
            if result.bestaetigt_am is None:
                yield result.ergebnisschein_uuid


def _outcome(client: BatchClient, delivery: Lieferstand, into: Path | None) -> dict[str, Any]:
    """Say how a delivery ended; fetch and confirm its result if there is a folder for it."""
    state = {"state": delivery.zustand.value}
    if delivery.fehler is not None:
        return {**state, "code": delivery.fehler.code, "text_en": delivery.fehler.text_englisch}
    uuid = delivery.ergebnisse[0].ergebnisschein_uuid
    if into is None:
        return {**state, **_counts(client.note(uuid)[1].anzahl)}
    result = _fetch(client, uuid, into)
    client.confirm([uuid])
    return {**state, **_counts(result.note.anzahl), "file": str(result.file_path)}


def _fetch(client: BatchClient, uuid: str, into: Path) -> Result:
    try:
        with counted("bytes fetched", total=0) as counter:

            def came(done: int, total: int) -> None:
                counter.total = total
                counter("", done)

            return client.fetch(uuid, into, came)
    except OSError as error:
        raise CommandError(
            f"{error.filename or into}: {error.strerror}; nothing of this was confirmed"
        ) from error


def _shown(result: Result) -> dict[str, Any]:
    note: Ergebnisschein200006 = result.note
    return {
        "manifest": note.lieferschein_uuid,
        "number": note.lieferung.nummer,
        "package": note.lieferung.paketnummer,
        "addendum": note.nachtrag,
        **_counts(note.anzahl),
        "note": str(result.note_path),
        "file": str(result.file_path),
    }


def _counts(counts: Zaehlung) -> dict[str, int]:
    return {
        "accepted": counts.angenommen,
        "parked": counts.zurueckgestellt,
        "refused": counts.abgelehnt,
        "faulty": counts.fehlerhaft,
    }


def _state(delivery: Lieferstand) -> Mapping[str, Any]:
    unconfirmed = [each for each in delivery.ergebnisse if each.bestaetigt_am is None]
    return {
        "number": delivery.lieferung.nummer,
        "package": delivery.lieferung.paketnummer,
        "manifest": delivery.lieferschein_uuid,
        "received": delivery.eingangszeitpunkt.isoformat(timespec="seconds"),
        "state": delivery.zustand.value,
        "records": delivery.anzahl_datensaetze,
        "decided": delivery.bearbeitet,
        "results": len(delivery.ergebnisse),
        "unconfirmed": len(unconfirmed),
        "code": None if delivery.fehler is None else delivery.fehler.code,
    }
