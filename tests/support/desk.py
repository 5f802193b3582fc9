"""Asking the service itself, and laying out answers as clerks and the scheduler do."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from lxml import etree

from adapters.client import GatewayTrust
from adapters.client.proof import AnswerProof
from adapters.soap.guard import Reply
from fixtures import persons
from gateway.trust.canonical import canonical_octets
from messages import codes, service
from messages.fehler import Fehler
from messages.group07 import Dublette070004
from messages.registry import build
from messages.service import Anfrage
from messages.values import BehoerdeG2G
from schemas.registry import SchemaRegistry
from store.engine import Store
from store.records import OutboxEntry
from tests.support.core import ABH1, NOW, new_uuid
from tests.support.door import DoorCore
from tests.support.proofs import seal

REGISTRY = SchemaRegistry.load()


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


def ask(core: DoorCore, message: Anfrage, holder: str = "abh1") -> Any:
    """Send a request through the door, prove the reply, and read the answer, valid by its contract."""
    reply = _sent(core, message, holder)
    element = (
        AnswerProof(GatewayTrust([core.pki.certificate("gateway")]))
        .open(reply.body, core.clock.now())
        .element
    )
    assert (reply.outcome, reply.message_type, reply.uuid) == ("answered", message.kind, message.anfrage_uuid)
    contract = REGISTRY.identify(element, NOW.date())
    assert contract.message_type == f"{message.kind}Antwort"
    assert REGISTRY.check(contract, element) == ()
    answer = service.parse(element)
    assert answer.anfrage_uuid == message.anfrage_uuid
    return answer


def refused(core: DoorCore, message: Anfrage, holder: str = "abh1") -> Fehler:
    """Send a request through the door and expect a fault."""
    return core.fehler(_sent(core, message, holder))


def _sent(core: DoorCore, message: Anfrage, holder: str) -> Reply:
    sealed = seal(octets(message), core.pki.key(holder), core.clock.now())
    return core.knock(sealed, f"urn:inge-gateway:dienst:1#{message.kind}")
