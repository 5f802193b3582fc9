"""Asking the service itself, and laying out answers as clerks and the scheduler do."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from lxml import etree

from fixtures import persons
from gateway.trust.canonical import canonical_octets
from messages import codes, service
from messages.group07 import Dublette070004
from messages.registry import build
from messages.service import Anfrage
from messages.values import BehoerdeG2G
from store.engine import Store
from store.records import OutboxEntry
from tests.support.core import ABH1, NOW, new_uuid


def request(cls: type[Any], agency: BehoerdeG2G = ABH1, at: datetime = NOW, **content: Any) -> Any:
    """A request of an agency, towards a test environment."""
    usual: dict[str, Any] = {
        "anfrage_uuid": new_uuid(),
        "kennung": agency.kennung,
        "erstellungszeitpunkt": at,
        "test": "1",
    }
    return cls(**{**usual, **content})


def octets(message: Anfrage) -> bytes:
    """A request as bytes, without envelope."""
    return etree.tostring(service.build(message))


def document(reader: BehoerdeG2G, trigger: str, at: datetime = NOW) -> bytes:
    """An answer document as it is decided: 070004 in its canonical form."""
    frame = persons.frame("070004", persons.BAMF, new_uuid(), at, reader=reader)
    return canonical_octets(build(Dublette070004(frame, codes.code("dublette", "17001"))))


def lay_out(
    store: Store,
    reader: BehoerdeG2G,
    uuids: Iterable[str],
    *,
    route: str = "soap",
    at: datetime | None = None,
) -> list[OutboxEntry]:
    """Lay an answer to each of these registered messages into the outbox, in one transaction."""
    now = at or datetime.now(UTC)
    with store.unit_of_work() as work:
        entries = [
            OutboxEntry(
                id=work.new_id(),
                party_id=reader.kennung,
                route=route,
                uuid=uuid,
                trigger_uuid=uuid,
                document_uuid=new_uuid(),
                kind="070004",
                created_at=now,
                document=document(reader, uuid, now),
                reason_code="17001",
            )
            for uuid in uuids
        ]
        for entry in entries:
            work.lay_out(entry, now)
        work.commit()
    return entries
