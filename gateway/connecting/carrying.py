"""Carrying a confirmation from the test environment to the productive one, which share no store (A5, A6).

It travels as a signed file. Every function raises ConnectError where its way is not possible; then nothing
was changed.
"""

import hashlib
from collections.abc import Collection
from datetime import datetime

from cryptography import x509
from sqlalchemy import Connection

from gateway.clock import german_day
from gateway.connecting.confirmation_document import confirmation_document
from gateway.connecting.procedure import change, need_party, need_procedure, what
from gateway.connecting.steps import (
    EXPORT,
    IMPORT,
    WITHDRAW,
    ConnectError,
    Desk,
    changed_meanwhile,
    check_way,
    note,
)
from gateway.settings import Settings
from gateway.trust.admission import Limits, admit
from gateway.trust.certificates import fingerprint_of
from gateway.trust.documents import VerifiedDocument
from gateway.trust.keys import SigningKey
from gateway.trust.policy import SignaturePolicy
from gateway.trust.signed_document import sign_document, verify_document
from messages.anbindung import ROOT, Anbindungsbestaetigung, parse_bestaetigung
from messages.errors import GatewayError
from messages.violations import kept_contract
from messages.writing import read
from schemas.registry import SchemaRegistry
from store.confirmations import (
    INHERITED,
    add_confirmation,
    change_confirmation,
    confirmation_of,
    find_confirmation,
    grant,
    grants,
    lock_party_row,
    set_document,
    withdraw_grants,
)
from store.connection_data import destroy_contents, last_comparison
from store.connections import history_of
from store.records import JournalEntry, JournalKind
from store.records_connection import Confirmation, ConnectionState, Pair
from store.unit_messages import journal_row

KIND = "confirmation"


def export(
    desk: Desk,
    procedure_id: int,
    *,
    key: SigningKey,
    registry: SchemaRegistry,
    meant_for: str | None = None,
) -> bytes:
    """Return the signed confirmation of a procedure; it is signed once, and then the same for ever.

    In: the key that seals this gateway's answers, the contracts, the kennung of the productive gateway that
    may take it (may be left out where there is one only).
    """
    desk.need_test()
    with desk.store.read() as reader:
        connection = reader.connection
        procedure = need_procedure(connection, procedure_id)
        confirmation = confirmation_of(connection, procedure.id)
        kept = last_comparison(connection, desk.store.vault, procedure.id)
        party = need_party(connection, procedure.kennung)
    if confirmation is None or kept is None:
        raise ConnectError(f"{what(procedure)} is not confirmed: `inge connect confirm` comes first")
    check_way(EXPORT, what(procedure), confirmation.state)
    if confirmation.document is not None:
        _check_same(confirmation.document, meant_for)
        return confirmation.document
    target = _target(desk.settings, meant_for)
    document = confirmation_document(desk, confirmation, kept, party, registry, target)
    signed = sign_document(document, key=key)
    with desk.write() as connection:
        if not set_document(connection, confirmation, signed, fingerprint_of(key.certificate)):
            raise changed_meanwhile(what(procedure))
        change(
            desk,
            connection,
            procedure,
            EXPORT,
            ConnectionState.CONFIRMED,
            sha256=_sha256(signed).hex(),
            meant_for=target,
        )
        _journal(desk, connection, EXPORT.name, confirmation.kennung, confirmation.uuid, signed)
    return signed


def import_confirmation(
    desk: Desk,
    octets: bytes,
    *,
    trusted: Collection[x509.Certificate],
    registry: SchemaRegistry,
    limits: Limits,
) -> Confirmation:
    """Take a confirmation into the productive environment: the authority may send what it names, no more.

    In: the file; the certificates of the test gateways that are believed; the contracts of this environment.
    """
    desk.need_productive()
    now = desk.clock.now()
    if not trusted:
        raise ConnectError(
            "[connect] confirmed_by names no certificate of a test gateway: nobody is believed"
        )
    try:
        document = verify_document(admit(octets, limits).root, policy=SignaturePolicy())
        _check_signer(document, trusted, now)
        said = _read(document, registry, now)
        _check_target(said, desk.settings)
    except GatewayError as error:
        raise ConnectError(f"the file is no confirmation to be believed: {error}") from error
    confirmation = _told(said, octets, fingerprint_of(document.certificate))
    if german_day(now) > confirmation.import_until:
        raise ConnectError(
            f"the confirmation was to be imported until {confirmation.import_until}: it has to be made anew"
        )
    known = {folder.version_name for folder in registry.folders}
    if unknown := sorted({pair.version for pair in confirmation.scope} - known):
        raise ConnectError(
            f"{', '.join(unknown)} is not known here: see `inge versions` and [schemas] versions"
        )
    with desk.write() as connection:
        _check_party(connection, said, desk.settings)
        before = find_confirmation(connection, confirmation.uuid)
        if before is not None:
            step = history_of(connection, KIND, confirmation.uuid)[0]
            raise ConnectError(
                f"the confirmation {confirmation.uuid} was imported already, on {step.at:%Y-%m-%d}"
                f" by {step.actor}, and is {before.state}"
            )
        add_confirmation(connection, confirmation)
        grant(connection, confirmation.kennung, confirmation.scope, confirmation.uuid)
        note(
            desk,
            connection,
            IMPORT,
            KIND,
            confirmation.uuid,
            before=None,
            after=ConnectionState.PRODUCTIVE,
            at=now,
            kennung=confirmation.kennung,
            scope=sorted(map(list, confirmation.scope)),
            sha256=_sha256(octets).hex(),
        )
        _journal(desk, connection, IMPORT.name, confirmation.kennung, confirmation.uuid, octets)
    return confirmation


def withdraw_procedure(desk: Desk, procedure_id: int, reason: str) -> Confirmation | None:
    """End a procedure of the test environment, or take back what it led to.

    Out: the confirmation, if there was one; the productive environment does not hear of it.
    """
    _need_reason(reason)
    with desk.write() as connection:
        procedure = need_procedure(connection, procedure_id)
        confirmation = confirmation_of(connection, procedure.id)
        change(desk, connection, procedure, WITHDRAW, ConnectionState.WITHDRAWN, reason=reason, ended=True)
        destroy_contents(connection, procedure.id)
        if confirmation is not None:
            if not change_confirmation(connection, confirmation, ConnectionState.WITHDRAWN):
                raise changed_meanwhile(what(procedure))
            _journal(
                desk, connection, WITHDRAW.name, procedure.kennung, confirmation.uuid, confirmation.document
            )
    return confirmation


def withdraw_confirmation(desk: Desk, uuid: str, reason: str) -> tuple[Confirmation, frozenset[Pair]]:
    """Take the productive permission back that an imported confirmation gave.

    Out: the confirmation, and what the authority may not send any more: what another one covers goes on.
    """
    desk.need_productive()
    _need_reason(reason)
    uuid = uuid.lower()
    with desk.write() as connection:
        confirmation = find_confirmation(connection, uuid)
        if confirmation is None:
            raise ConnectError(f"no confirmation {uuid} was imported: see `inge connect list`")
        check_way(WITHDRAW, f"confirmation {uuid}", confirmation.state)
        lock_party_row(connection, confirmation.kennung)
        if not change_confirmation(connection, confirmation, ConnectionState.WITHDRAWN):
            raise changed_meanwhile(f"confirmation {uuid}")
        lost = withdraw_grants(connection, confirmation.kennung, uuid)
        note(
            desk,
            connection,
            WITHDRAW,
            KIND,
            uuid,
            before=confirmation.state,
            after=ConnectionState.WITHDRAWN,
            at=desk.clock.now(),
            reason=reason,
            kennung=confirmation.kennung,
            lost=sorted(map(list, lost)),
        )
        _journal(desk, connection, WITHDRAW.name, confirmation.kennung, uuid, confirmation.document)
    return confirmation, lost


def withdraw_inherited(desk: Desk, kennung: str, reason: str) -> frozenset[Pair]:
    """Take back what a party may send because it was productive before there was a procedure.

    Out: what it may not send any more: what a confirmation covers goes on.
    """
    desk.need_productive()
    _need_reason(reason)
    with desk.write() as connection:
        lock_party_row(connection, kennung)
        need_party(connection, kennung)
        if not any(INHERITED in by for by in grants(connection).get(kennung, {}).values()):
            raise ConnectError(f"{kennung} may send nothing by inheritance: see `inge connect granted`")
        lost = withdraw_grants(connection, kennung, INHERITED)
        note(
            desk,
            connection,
            WITHDRAW,
            KIND,
            f"{INHERITED} {kennung}",
            before=ConnectionState.PRODUCTIVE,
            after=ConnectionState.WITHDRAWN,
            at=desk.clock.now(),
            reason=reason,
            kennung=kennung,
            lost=sorted(map(list, lost)),
        )
        _journal(desk, connection, WITHDRAW.name, kennung, None, None)
    return lost


def _target(settings: Settings, wanted: str | None) -> str:
    """Return for which productive gateway a confirmation is signed."""
    known = settings.confirms_for or (settings.kennung,)
    if wanted is None and len(known) == 1:
        return known[0]
    if wanted is None:
        raise ConnectError(f"say for which productive gateway (--for): {', '.join(known)}")
    if wanted not in known:
        raise ConnectError(
            f"{wanted} is no productive gateway that is confirmed for here ({', '.join(known)}):"
            " see [connect] confirms_for"
        )
    return wanted


def _check_same(signed: bytes, wanted: str | None) -> None:
    said = parse_bestaetigung(verify_document(read(signed), policy=SignaturePolicy()).element)
    if wanted not in (None, said.bestimmt_fuer.kennung):
        raise ConnectError(
            f"it was exported for {said.bestimmt_fuer.kennung} already: each productive gateway needs a"
            " confirmation of its own"
        )


def _check_target(said: Anbindungsbestaetigung, settings: Settings) -> None:
    meant_for = said.bestimmt_fuer.kennung
    if meant_for != settings.kennung:
        raise ConnectError(
            f"the confirmation is meant for the productive gateway of {meant_for}, this is the one of"
            f" {settings.kennung}: the test environment has to confirm for this one"
        )


def _check_signer(document: VerifiedDocument, trusted: Collection[x509.Certificate], now: datetime) -> None:
    certificate = document.certificate
    fingerprint = fingerprint_of(certificate)
    if fingerprint not in {fingerprint_of(each) for each in trusted}:
        raise ConnectError(
            "the confirmation is signed with a certificate that [connect] confirmed_by does not name"
            f" (SHA-256 {fingerprint})"
        )
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise ConnectError(f"the certificate of the test gateway is not valid today (SHA-256 {fingerprint})")


def _read(document: VerifiedDocument, registry: SchemaRegistry, now: datetime) -> Anbindungsbestaetigung:
    element = document.element
    if element.tag != ROOT:
        raise ConnectError("the file holds another document than the confirmation of a connection")
    kept_contract(registry, element, german_day(now))
    return parse_bestaetigung(element)


def _told(said: Anbindungsbestaetigung, octets: bytes, signer: str) -> Confirmation:
    product = said.produkt
    return Confirmation(
        uuid=said.bestaetigung_uuid,
        kennung=said.behoerde.kennung,
        maker=product.hersteller,
        product=product.name,
        product_version=product.version,
        scope=frozenset(Pair(each.nachrichtentyp, each.standardversion) for each in said.nachrichtenarten),
        state=ConnectionState.PRODUCTIVE,
        confirmed_at=said.bestaetigt_am,
        confirmed_by=said.bestaetigt_durch,
        import_until=said.einspielen_bis,
        document=octets,
        signer_fingerprint=signer,
    )


def _check_party(connection: Connection, said: Anbindungsbestaetigung, settings: Settings) -> None:
    lock_party_row(connection, said.behoerde.kennung)
    party = need_party(connection, said.behoerde.kennung)
    if party.locked:
        raise ConnectError(f"{party.kennung} is locked: `inge party unlock` comes first")
    if party.environment != settings.environment:
        raise ConnectError(
            f"{party.kennung} is registered here for a {party.environment} environment, this is a"
            f" {settings.environment} one: they share no store"
        )
    if party.agency_type != said.behoerde.art:
        raise ConnectError(
            f"{party.kennung} is registered here as {party.agency_type}, the confirmation is about"
            f" an agency of the kind {said.behoerde.art}"
        )


def _need_reason(reason: str) -> None:
    if not reason.strip():
        raise ConnectError("say why (--reason)")


def _journal(
    desk: Desk, connection: Connection, step: str, kennung: str, uuid: str | None, document: bytes | None
) -> None:
    """Let the sealed journal know what gives or takes a permission."""
    entry = JournalEntry(
        JournalKind.CONNECTION,
        desk.clock.now(),
        party_id=kennung,
        code=step,
        size=None if document is None else len(document),
        digest=None if document is None else _sha256(document),
        facts={"actor": desk.actor, "confirmation": uuid},
    )
    journal_row(connection, desk.store.new_id(), entry)


def _sha256(octets: bytes) -> bytes:
    return hashlib.sha256(octets).digest()
