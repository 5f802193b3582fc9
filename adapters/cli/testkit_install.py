"""Installing a test kit at a test gateway: its agencies, and what is left to the operator."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from sqlalchemy import Connection

from adapters.cli.console import REFUSED, CommandError
from adapters.cli.opening import opened_store
from adapters.cli.parties import read_certificate, types_of, versions_of
from adapters.config import Config
from adapters.testkit.kit import Kit
from adapters.testkit.parties import Party, all_parties
from gateway.trust.certificate_files import TrustFileError, read_certificates, read_revocation_lists
from store.confirmations import lock_party_row
from store.parties import add_party, change_party, link_certificate, show_party, unlink_certificate
from store.records import PartyRecord

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPublicKeyTypes


def register(kit: Kit, config: Config) -> list[str]:
    """Register the agencies of a kit, or give those of an earlier kit these certificates.

    Out: their kennungen. Raises CommandError in a productive environment, for a kit that writes to another
    gateway, and where a kennung is somebody else's here.
    """
    if config.environment.name != "test":
        raise CommandError("a kit is for test environments, this is a productive one", exit_code=REFUSED)
    if config.gateway.kennung != kit.reader.kennung:
        raise CommandError(
            f"the kit writes to {kit.reader.kennung}, this gateway is {config.gateway.kennung}: "
            f"make one with --reader {config.gateway.kennung}",
            exit_code=REFUSED,
        )
    with opened_store(config) as store, store.write() as connection:
        for party in all_parties().values():
            _register(connection, party, kit, config.environment.name)
    return [party.kennung for party in all_parties().values()]


def still_to_do(kit: Kit, config: Config) -> list[str]:
    """What the operator has to do before the cases of a kit can go well, in words."""
    steps = []
    anchor = x509.load_pem_x509_certificate(kit.anchor.read_bytes())
    if anchor.fingerprint(hashes.SHA256()) not in _fingerprints(config.trust.anchors):
        steps.append(f"add {kit.anchor.resolve()} to [trust] anchors and start the gateway anew")
    if not _has_list(config.trust.crls, anchor):
        steps.append(f"add {kit.revocations.resolve()} to [trust] crls and start the gateway anew")
    if not config.rules.notify_replaced:
        steps.append("the case told-replaced needs [rules] notify_replaced = true")
    return steps


def _register(connection: Connection, party: Party, kit: Kit, environment: str) -> None:
    links = [read_certificate(kit.pki.directory / f"{key}.crt.pem") for key in party.keys]
    now = datetime.now(UTC)
    types = types_of(party.kind)
    record = PartyRecord(
        kennung=party.kennung,
        name=party.name,
        environment=environment,
        agency_type=party.kind,
        allowed_types=types,
        certificates=tuple(links),
        versions=versions_of(types),
    )
    lock_party_row(connection, party.kennung)
    try:
        known = show_party(connection, party.kennung)
    except LookupError:
        add_party(connection, record, now)
        return
    if known.name != party.name:
        raise CommandError(f"{party.kennung} is {known.name} here, not the kit's", exit_code=REFUSED)
    changed = replace(
        known,
        agency_type=party.kind,
        allowed_types=known.allowed_types | record.allowed_types,
        versions=known.versions | record.versions,
    )
    change_party(connection, changed)
    for old in known.certificates:
        unlink_certificate(connection, party.kennung, old.fingerprint)
    for link in links:
        link_certificate(connection, party.kennung, link, now)


def _fingerprints(paths: tuple[Path, ...]) -> set[bytes]:
    try:
        return {each.fingerprint(hashes.SHA256()) for each in read_certificates(paths)}
    except TrustFileError as error:
        raise CommandError(str(error)) from error


def _has_list(paths: tuple[Path, ...], anchor: x509.Certificate) -> bool:
    # The roots of all kits have one name; their lists differ in who signed them.
    key = cast("CertificateIssuerPublicKeyTypes", anchor.public_key())
    try:
        return any(
            each.issuer == anchor.subject and each.is_signature_valid(key)
            for each in read_revocation_lists(paths)
        )
    except TrustFileError as error:
        raise CommandError(str(error)) from error
