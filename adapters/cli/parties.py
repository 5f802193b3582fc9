"""`inge party`: which authorities may send, with which certificates, and what."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.cli.console import REFUSED, CommandError, ConfigOption, JsonOption, configuration, emit, table
from adapters.cli.opening import opened_store

if TYPE_CHECKING:
    from adapters.config import Config
    from store.records import PartyCertificate, PartyRecord

app = typer.Typer(help="Register and lock the parties of this gateway.", no_args_is_help=True)

KennungArgument = Annotated[str, typer.Argument(help="Agency identifier with prefix, such as azr:001900.")]
CertificateOption = Annotated[
    list[Path], typer.Option("--certificate", help="Certificate, PEM or DER; repeatable.")
]
WindowOption = Annotated[datetime | None, typer.Option(help="Counts only from/until then (UTC).")]


@app.command("add")
def add(
    kennung: KennungArgument,
    name: Annotated[str, typer.Option("--name", help="Name of the authority.")],
    certificates: CertificateOption,
    agency_type: Annotated[str, typer.Option("--type", help="Kind of agency: ABH, TGS, BVA.")] = "ABH",
    allow: Annotated[
        list[str] | None,
        typer.Option(
            "--allow",
            help="Message type it may send, such as 070001; repeatable. Default: all of its kind, in a"
            " productive environment none.",
        ),
    ] = None,
    require_timestamp: Annotated[
        bool, typer.Option(help="Refuse messages without a signed Timestamp.")
    ] = False,
    signature_first: Annotated[
        bool, typer.Option(help="Put the Signature before the Timestamp in answers.")
    ] = False,
    ecdsa_answers: Annotated[bool, typer.Option(help="Seal its answers with the ECDSA key.")] = False,
    str_transform: Annotated[bool, typer.Option(help="Accept the STR-Transform from it.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Register an authority with its certificates and what it may send.

    In a productive environment it may send nothing until a confirmation of its connection is imported.
    """
    from store.parties import add_party
    from store.records import PartyRecord

    _check_name(name)
    settings = configuration(config)
    test = settings.environment.name == "test"
    types = frozenset(allow or (types_of(agency_type) if test else ()))
    record = PartyRecord(
        kennung=kennung,
        name=name,
        environment=settings.environment.name,
        agency_type=agency_type,
        allowed_types=types,
        versions=versions_of(types) if test else frozenset(),
        require_timestamp=require_timestamp,
        signature_first=signature_first,
        ecdsa_answers=ecdsa_answers,
        str_transform=str_transform,
        certificates=tuple(read_certificate(path) for path in certificates),
    )
    _check_connected(record, settings, types=record.allowed_types)
    with opened_store(settings) as store, store.write() as connection:
        try:
            add_party(connection, record, datetime.now(UTC))
        except ValueError as error:
            raise CommandError(str(error), exit_code=REFUSED) from error
    may = ", ".join(sorted(record.allowed_types)) or "nothing until `inge connect import`"
    emit(_as_data(record), f"{kennung} may send {may}", as_json=as_json)


@app.command("certify")
def certify(
    kennung: KennungArgument,
    certificates: CertificateOption,
    valid_from: WindowOption = None,
    valid_until: WindowOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let further certificates speak for an authority, for a roll-over or a data centre that signs for it."""
    from dataclasses import replace

    from store.parties import link_certificate, show_party

    links = [
        replace(read_certificate(path), valid_from=_utc(valid_from), valid_until=_utc(valid_until))
        for path in certificates
    ]
    with opened_store(configuration(config)) as store, store.write() as connection:
        try:
            for link in links:
                link_certificate(connection, kennung, link, datetime.now(UTC))
        except LookupError as error:
            raise CommandError(str(error), exit_code=REFUSED) from error
        record = show_party(connection, kennung)
    emit(_as_data(record), f"{kennung} has {len(record.certificates)} certificates", as_json=as_json)


@app.command("uncertify")
def uncertify(
    kennung: KennungArgument,
    fingerprint: Annotated[
        str, typer.Option(help="SHA-256 fingerprint of the certificate, as `inge party show` prints it.")
    ],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """End that a certificate speaks for an authority. Takes effect within two seconds."""
    from store.parties import show_party, unlink_certificate

    with opened_store(configuration(config)) as store, store.write() as connection:
        if not unlink_certificate(connection, kennung, fingerprint):
            raise CommandError(f"{kennung} has no certificate {fingerprint}", exit_code=REFUSED)
        record = show_party(connection, kennung)
    emit(_as_data(record), f"{kennung} has {len(record.certificates)} certificates", as_json=as_json)


@app.command("set")
def set_party(
    kennung: KennungArgument,
    name: Annotated[str | None, typer.Option("--name", help="Name of the authority.")] = None,
    allow: Annotated[
        list[str] | None,
        typer.Option("--allow", help="The message types it may send from now on; repeatable."),
    ] = None,
    require_timestamp: Annotated[
        bool | None, typer.Option(help="Refuse messages without a signed Timestamp.")
    ] = None,
    signature_first: Annotated[
        bool | None, typer.Option(help="Put the Signature before the Timestamp in answers.")
    ] = None,
    ecdsa_answers: Annotated[bool | None, typer.Option(help="Seal its answers with the ECDSA key.")] = None,
    str_transform: Annotated[bool | None, typer.Option(help="Accept the STR-Transform from it.")] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change what is given of a party, and nothing else. Takes effect within two seconds."""
    from dataclasses import replace

    from store.confirmations import lock_party_row
    from store.parties import change_party, show_party

    _check_name(name or "")
    given = {
        "name": name,
        "allowed_types": None if allow is None else frozenset(allow),
        "require_timestamp": require_timestamp,
        "signature_first": signature_first,
        "ecdsa_answers": ecdsa_answers,
        "str_transform": str_transform,
    }
    changes: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    settings = configuration(config)
    with opened_store(settings) as store, store.write() as connection:
        try:
            lock_party_row(connection, kennung)
            record = replace(show_party(connection, kennung), **changes)
            _check_connected(record, settings, types=allow or ())
            change_party(connection, record)
        except LookupError as error:
            raise CommandError(str(error), exit_code=REFUSED) from error
    emit(_as_data(record), f"{kennung}: {', '.join(sorted(changes)) or 'nothing'} changed", as_json=as_json)


@app.command("confirm")
def confirm(
    kennung: KennungArgument,
    version: Annotated[str, typer.Argument(help="Version of the standard, such as 27.05.")],
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help="End that it is confirmed for this version.")
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Confirm that an authority may write in a version of the standard. Takes effect within two seconds.

    An authority that is added is confirmed for the version that comes with this release. In a productive
    environment only what `inge connect import` brought can be confirmed again.
    """
    from dataclasses import replace

    from store.confirmations import lock_party_row
    from store.parties import change_party, show_party

    settings = configuration(config)
    name = _version_named(version, settings)
    with opened_store(settings) as store, store.write() as connection:
        try:
            lock_party_row(connection, kennung)
            record = show_party(connection, kennung)
            confirmed = record.versions - {name} if withdraw else record.versions | {name}
            record = replace(record, versions=confirmed)
            _check_connected(record, settings, versions=() if withdraw else (name,))
            change_party(connection, record)
        except LookupError as error:
            raise CommandError(str(error), exit_code=REFUSED) from error
    words = ", ".join(sorted(confirmed)) or "no version"
    emit(_as_data(record), f"{kennung} is confirmed for {words}", as_json=as_json)


@app.command("list")
def list_parties(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the parties of this gateway."""
    with opened_store(configuration(config)) as store, store.read() as reader:
        records = reader.parties()
    rows = [
        (r.kennung, r.name, len(r.certificates), len(r.allowed_types), "locked" if r.locked else "open")
        for r in records
    ]
    text = table(["kennung", "name", "certificates", "types", "state"], rows)
    emit([_as_data(record) for record in records], text, as_json=as_json)


@app.command("show")
def show(kennung: KennungArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show one party with its settings and certificates."""
    from store.parties import show_party

    with opened_store(configuration(config)) as store, store.read() as reader:
        try:
            data = _as_data(show_party(reader.connection, kennung))
        except LookupError as error:
            raise CommandError(str(error), exit_code=REFUSED) from error
    emit(data, table(["setting", "value"], [(k, _plain(v)) for k, v in data.items()]), as_json=as_json)


@app.command("lock")
def lock(kennung: KennungArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Refuse everything this party sends until it is unlocked. Takes effect within two seconds."""
    _set_locked(kennung, True, config, as_json)


@app.command("unlock")
def unlock(kennung: KennungArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Accept messages of this party again."""
    _set_locked(kennung, False, config, as_json)


def _set_locked(kennung: str, locked: bool, config: Path | None, as_json: bool) -> None:
    from store.parties import lock_party

    with opened_store(configuration(config)) as store, store.write() as connection:
        try:
            lock_party(connection, kennung, locked=locked)
        except LookupError as error:
            raise CommandError(str(error), exit_code=REFUSED) from error
    word = "locked" if locked else "open"
    emit({"kennung": kennung, "locked": locked}, f"{kennung} is {word}", as_json=as_json)


def types_of(agency_type: str) -> frozenset[str]:
    """All message types that are taken in from agencies of this kind, by the names of their elements."""
    begin = f"{agency_type}BAMF."
    types = frozenset(
        message.message_type for message in _taken_in() if message.root.rpartition("}")[2].startswith(begin)
    )
    if not types:
        raise CommandError(f"no message is taken in from agencies of the kind {agency_type!r}: use --allow")
    return types


def versions_of(types: frozenset[str]) -> frozenset[str]:
    """The bundled versions in which messages of these types are written."""
    return frozenset(
        f"{message.standard} {message.version}" for message in _taken_in() if message.message_type in types
    )


def _taken_in() -> frozenset[Any]:
    from gateway.batch.notes import DELIVERED
    from gateway.handlers.table import SERVED

    return SERVED | DELIVERED


def _check_connected(
    record: PartyRecord, config: Config, *, types: Iterable[str] = (), versions: Iterable[str] = ()
) -> None:
    """Refuse to give a party productively what no confirmation covers. Raises CommandError."""
    covered = {part for pair in record.connected for part in pair}
    missing = sorted({*types, *versions} - covered)
    if missing and config.environment.name != "test":
        raise CommandError(
            f"no imported confirmation covers {', '.join(missing)} for {record.kennung}: connect it"
            " in the test environment (`inge connect open` there, then `inge connect import` here)",
            exit_code=REFUSED,
        )


def _check_name(name: str) -> None:
    """Refuse a name that would make answers invalid: it stands in what other agencies are told."""
    from schemas.din91379 import beyond_datatype_c

    if strange := beyond_datatype_c(name):
        raise CommandError(f"the name has characters that messages do not know (DIN 91379): {strange}")


def _version_named(version: str, config: Config) -> str:
    """The full name of a version this gateway knows, given with or without the name of the standard."""
    from adapters.config_files import contract_folders
    from messages.dialect import BUNDLED

    standard = BUNDLED.standard
    known = [each.version_name for each in contract_folders(config) if each.standard == standard]
    for name in known:
        if version in (name, name.removeprefix(f"{standard} ")):
            return name
    raise CommandError(f"no version {version!r}; these are known: {', '.join(known)}", exit_code=REFUSED)


def read_certificate(path: Path) -> PartyCertificate:
    """Read a certificate, PEM or DER, as a party is registered with it. Raises CommandError."""
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import Encoding

    from store.records import PartyCertificate

    try:
        content = path.read_bytes()
        pem = content.lstrip().startswith(b"-----")
        certificate = (
            x509.load_pem_x509_certificate(content) if pem else x509.load_der_x509_certificate(content)
        )
    except (OSError, ValueError, x509.InvalidVersion) as error:
        raise CommandError(f"{path}: no certificate can be read from it ({error})") from error
    return PartyCertificate(certificate.fingerprint(SHA256()).hex(), certificate.public_bytes(Encoding.DER))


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)


def _as_data(record: PartyRecord) -> dict[str, Any]:
    return {
        "kennung": record.kennung,
        "name": record.name,
        "environment": record.environment,
        "type": record.agency_type,
        "allowed": sorted(record.allowed_types),
        "versions": sorted(record.versions),
        "connected": [f"{kind} in {version}" for kind, version in sorted(record.connected)],
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
