"""The party registry: who may send what, and with which certificates."""

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from store.confirmations import INHERITED, grants, insert_grants
from store.records import PartyCertificate, PartyRecord
from store.schema import certificate, party, party_certificate, party_type, party_version

_SETTINGS = tuple(column.name for column in party.columns)


def list_parties(connection: Connection) -> list[PartyRecord]:
    """Return all parties, by kennung."""
    types: dict[str, set[str]] = {}
    for kennung, message_type in connection.execute(select(party_type)):
        types.setdefault(kennung, set()).add(message_type)
    versions: dict[str, set[str]] = {}
    for kennung, version in connection.execute(select(party_version)):
        versions.setdefault(kennung, set()).add(version)
    connected = grants(connection)
    links: dict[str, list[PartyCertificate]] = {}
    question = select(
        party_certificate.c.kennung,
        certificate.c.fingerprint,
        certificate.c.der,
        party_certificate.c.valid_from,
        party_certificate.c.valid_until,
    ).join(certificate)
    for kennung, *values in connection.execute(question.order_by(certificate.c.fingerprint)):
        links.setdefault(kennung, []).append(PartyCertificate(*values))
    return [
        PartyRecord(
            **row._asdict(),
            allowed_types=frozenset(types.get(row.kennung, ())),
            certificates=tuple(links.get(row.kennung, ())),
            versions=frozenset(versions.get(row.kennung, ())),
            connected=frozenset(connected.get(row.kennung, ())),
        )
        for row in connection.execute(select(party).order_by(party.c.kennung))
    ]


def add_party(connection: Connection, record: PartyRecord, now: datetime) -> None:
    """Add a party with all the record says; raises ValueError if the kennung is there already.

    What it says to be connected is kept as inherited: no confirmation of this store covers it.
    """
    known = connection.execute(select(party.c.kennung).where(party.c.kennung == record.kennung)).first()
    if known is not None:
        raise ValueError(f"party {record.kennung} is there already")
    connection.execute(insert(party).values({name: getattr(record, name) for name in _SETTINGS}))
    _allow(connection, record)
    insert_grants(connection, record.kennung, record.connected, INHERITED)
    for link in record.certificates:
        link_certificate(connection, record.kennung, link, now)


def link_certificate(connection: Connection, kennung: str, link: PartyCertificate, now: datetime) -> None:
    """Let a certificate speak for a party within its window; a link that is there gets the new window.

    Raises LookupError for an unknown party.
    """
    _require(connection, kennung)
    known = connection.execute(
        select(certificate.c.fingerprint).where(certificate.c.fingerprint == link.fingerprint)
    ).first()
    if known is None:
        connection.execute(
            insert(certificate).values(fingerprint=link.fingerprint, der=link.der, added_at=now)
        )
    unlink_certificate(connection, kennung, link.fingerprint)
    connection.execute(
        insert(party_certificate).values(
            kennung=kennung,
            fingerprint=link.fingerprint,
            valid_from=link.valid_from,
            valid_until=link.valid_until,
        )
    )


def unlink_certificate(connection: Connection, kennung: str, fingerprint: str) -> bool:
    """End that a certificate speaks for a party; return whether it did."""
    done = connection.execute(
        delete(party_certificate).where(
            party_certificate.c.kennung == kennung, party_certificate.c.fingerprint == fingerprint
        )
    )
    return done.rowcount == 1


def lock_party(connection: Connection, kennung: str, *, locked: bool) -> None:
    """Lock or unlock a party; raises LookupError for an unknown one."""
    _require(connection, kennung)
    connection.execute(update(party).where(party.c.kennung == kennung).values(locked=locked))


def change_party(connection: Connection, record: PartyRecord) -> None:
    """Give a party the name, settings, message types and versions of the record.

    Its certificates stay, and what it is connected for. Raises LookupError for an unknown one.
    """
    _require(connection, record.kennung)
    connection.execute(
        update(party)
        .where(party.c.kennung == record.kennung)
        .values({name: getattr(record, name) for name in _SETTINGS if name != "kennung"})
    )
    for allowed in (party_type, party_version):
        connection.execute(delete(allowed).where(allowed.c.kennung == record.kennung))
    _allow(connection, record)


def show_party(connection: Connection, kennung: str) -> PartyRecord:
    """Return one party; raises LookupError for an unknown one."""
    for record in list_parties(connection):
        if record.kennung == kennung:
            return record
    raise LookupError(f"no party {kennung}")


def _allow(connection: Connection, record: PartyRecord) -> None:
    if record.allowed_types:
        connection.execute(
            insert(party_type),
            [{"kennung": record.kennung, "message_type": name} for name in sorted(record.allowed_types)],
        )
    if record.versions:
        connection.execute(
            insert(party_version),
            [{"kennung": record.kennung, "version": name} for name in sorted(record.versions)],
        )


def _require(connection: Connection, kennung: str) -> None:
    if connection.execute(select(party.c.kennung).where(party.c.kennung == kennung)).first() is None:
        raise LookupError(f"no party {kennung}")
