"""`inge party`: which authorities may send, with which certificates, and what."""

from __future__ import annotations

from dataclasses import replace
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
    table,
)
from adapters.cli.opening import opened_store

if TYPE_CHECKING:
    from store.engine import Store
    from store.records import PartyCertificate, PartyRecord

app = typer.Typer(help="Register and lock the parties of this gateway.", no_args_is_help=True)

Kennung = Annotated[str, typer.Argument(help="Agency identifier with prefix, such as azr:001900.")]


@app.command("add")
def add(
    kennung: Kennung,
    name: Annotated[str, typer.Option("--name", help="Name of the authority.")],
    certificates: Annotated[
        list[Path],
        typer.Option("--certificate", help="Its certificate, PEM or DER; may be given several times."),
    ],
    allow: Annotated[
        list[str] | None,
        typer.Option(
            "--allow", help="Message type it may send, such as 070001; all of its kind if not given."
        ),
    ] = None,
    agency_type: Annotated[str, typer.Option("--type", help="Kind of agency: abh.")] = "abh",
    require_timestamp: Annotated[
        bool, typer.Option(help="Refuse its messages without a signed Timestamp.")
    ] = False,
    signature_first: Annotated[
        bool, typer.Option(help="Put the Signature before the Timestamp in answers.")
    ] = False,
    ecdsa_answers: Annotated[bool, typer.Option(help="Seal its answers with the ECDSA key.")] = False,
    str_transform: Annotated[bool, typer.Option(help="Accept the STR-Transform from it.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Register an authority, or register it anew with other settings."""
    from store.records import PartyRecord

    settings = configuration(config)
    record = PartyRecord(
        kennung=kennung,
        name=name,
        environment=settings.environment.name,
        agency_type=agency_type,
        allowed_types=frozenset(allow or _types_of(agency_type)),
        require_timestamp=require_timestamp,
        signature_first=signature_first,
        ecdsa_answers=ecdsa_answers,
        str_transform=str_transform,
        certificates=tuple(_certificate(path) for path in certificates),
    )
    with opened_store(settings) as store, store.unit_of_work() as unit:
        unit.save_party(record)
        unit.commit()
    emit(
        _as_data(record), f"{kennung} may now send {', '.join(sorted(record.allowed_types))}", as_json=as_json
    )


@app.command("list")
def list_parties(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the parties of this gateway."""
    records = _parties(config)
    rows = [
        (r.kennung, r.name, len(r.certificates), len(r.allowed_types), "locked" if r.locked else "")
        for r in records
    ]
    emit(
        [_as_data(r) for r in records],
        table(["kennung", "name", "certificates", "types", ""], rows),
        as_json=as_json,
    )


@app.command("show")
def show(kennung: Kennung, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show one party with its settings and certificates."""
    with opened_store(configuration(config)) as store:
        record = _required(store, kennung)
    data = _as_data(record)
    emit(data, table(["setting", "value"], [(k, _plain(v)) for k, v in data.items()]), as_json=as_json)


@app.command("lock")
def lock(kennung: Kennung, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Refuse everything this party sends until it is unlocked. Takes effect within two seconds."""
    _set_locked(kennung, True, config, as_json)


@app.command("unlock")
def unlock(kennung: Kennung, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Accept messages of this party again."""
    _set_locked(kennung, False, config, as_json)


def _set_locked(kennung: str, locked: bool, config: Path | None, as_json: bool) -> None:
    with opened_store(configuration(config)) as store:
        record = _required(store, kennung)
        with store.unit_of_work() as unit:
            unit.save_party(replace(record, locked=locked))
            unit.commit()
    word = "locked" if locked else "unlocked"
    emit({"kennung": kennung, "locked": locked}, f"{kennung} is {word}", as_json=as_json)


def _parties(config: Path | None) -> list[PartyRecord]:
    with opened_store(configuration(config)) as store, store.read() as reader:
        return sorted(reader.load_parties(), key=lambda record: record.kennung)


def _required(store: Store, kennung: str) -> PartyRecord:
    with store.read() as reader:
        found = [record for record in reader.load_parties() if record.kennung == kennung]
    if not found:
        raise CommandError(f"there is no party {kennung}", exit_code=REFUSED)
    return found[0]


def _types_of(agency_type: str) -> frozenset[str]:
    """All message types whose contract names this kind of agency as author."""
    from schemas.registry import bundled_contracts

    types = frozenset(
        item.message_type for item in bundled_contracts() if item.autor.casefold() == agency_type
    )
    if not types:
        raise CommandError(f"no contract names {agency_type!r} as author")
    return types


def _certificate(path: Path) -> PartyCertificate:
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding

    from store.records import PartyCertificate

    try:
        content = path.read_bytes()
        load = (
            x509.load_pem_x509_certificate
            if content.lstrip().startswith(b"-----")
            else x509.load_der_x509_certificate
        )
        certificate = load(content)
    except (OSError, ValueError) as error:
        raise CommandError(f"{path}: no certificate can be read from it ({error})") from error
    return PartyCertificate(certificate.fingerprint(SHA256()).hex(), certificate.public_bytes(Encoding.DER))


def _as_data(record: PartyRecord) -> dict[str, Any]:
    return {
        "kennung": record.kennung,
        "name": record.name,
        "environment": record.environment,
        "type": record.agency_type,
        "allowed": sorted(record.allowed_types),
        "require_timestamp": record.require_timestamp,
        "signature_first": record.signature_first,
        "ecdsa_answers": record.ecdsa_answers,
        "str_transform": record.str_transform,
        "locked": record.locked,
        "certificates": [item.fingerprint for item in record.certificates],
    }


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, list) else str(value)
