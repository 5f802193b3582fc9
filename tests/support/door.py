"""The core behind its SOAP door: sealed octets in, sealed octets out; only what is proven is believed."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from lxml import etree

from adapters.client import GatewayTrust, Refused
from adapters.client.proof import AnswerProof
from adapters.soap.contract import ServiceContract, load_contract
from adapters.soap.envelope import Content
from adapters.soap.guard import Reply, RequestFacts, SealingKeys, SoapDoor
from fixtures.pki.build import Pki
from gateway.trust.admission import Limits
from gateway.trust.policy import SignaturePolicy, SoapPolicy
from messages.fehler import Fehler
from messages.frame import Message
from messages.group07 import Akzeptanz070003, Anfrage070006, Dublette070004, NichtMoeglich070005
from messages.group07_information import (
    AuskunftNichtMoeglich070014,
    Berechtigungsscheininhalt070012,
    UebernahmeNichtMoeglich070017,
)
from messages.group08 import (
    Akzeptanz080003,
    AuskunftNichtMoeglich080014,
    Berechtigungsscheininhalt080012,
    Dublette080004,
    NichtMoeglich080005,
    UebernahmeNichtMoeglich080017,
)
from messages.quittung import Quittung
from store.engine import Store
from store.records import MessageRef
from tests.support.core import ROUTE, Core
from tests.support.proofs import seal


@dataclass(frozen=True, slots=True)
class Delivered:
    """What an agency has in hand after an answer, and the row that the store's record names for it.

    `document` is the answer's exclusive canonical form.
    """

    document: bytes
    message: Any
    message_type: str
    reason_code: str | None
    number: str | None
    repeated: bool
    uuid: str
    row: str | None


class DoorCore(Core):
    """A core that is spoken to through its door alone."""

    def __init__(
        self,
        store: Store,
        pki: Pki,
        clock: Any | None = None,
        *,
        business: Any | None = None,
        **changes: Any,
    ) -> None:
        super().__init__(store, pki, clock, business=business, **changes)
        self._proof = AnswerProof(GatewayTrust([pki.certificate("gateway")]))
        self.door = SoapDoor(
            contract=_contract(),
            pipeline=self.pipeline,
            parties=self.parties,
            keys=SealingKeys(pki.key("gateway")),
            policy=SoapPolicy(signature=SignaturePolicy(str_transform=True)),
            limits=Limits(),
            clock=self.clock,
            messages=self.messages,
        )

    def knock(self, octets: bytes, soap_action: str | None = None) -> Reply:
        """Hand finished octets to the door, as HTTP would."""
        return self.door.answer(
            octets, RequestFacts(Content("text/xml", "utf-8", None), soap_action, ROUTE.peer)
        )

    def deliver(self, message: Message, holder: str = "abh1") -> Delivered:
        """Sign and send a message, prove the reply, expect an answer."""
        return self.delivered(self._sent(message, holder), message)

    def delivered(self, reply: Reply, message: Message) -> Delivered:
        """Prove a reply that must be the answer to a message."""
        operation = _contract().by_request()[type(message).root]
        wrapper = self._proof.open(reply.body, self.clock.now()).element
        assert wrapper.tag == operation.answer
        (element,) = wrapper
        body = self.read_document(element)
        uuid = message.rahmen.kopf.nachrichten_uuid
        assert (body if isinstance(body, Quittung) else body.rahmen).ausloeser_uuid == uuid
        delivered = Delivered(
            document=etree.tostring(element, method="c14n", exclusive=True),
            message=body,
            message_type=body.message_type,
            reason_code=_reason(body),
            number=_number(body),
            repeated=reply.outcome == "repeated",
            uuid=uuid,
            row=self._recorded_row(message, body),
        )
        told = (reply.uuid, reply.message_type, reply.reason, reply.row)
        assert told == (uuid, delivered.message_type, delivered.reason_code, delivered.row)
        return delivered

    def refused(self, message: Message, holder: str = "abh1") -> Fehler:
        """Sign and send a message, prove the reply, expect a fault."""
        reply = self._sent(message, holder)
        assert reply.uuid == message.rahmen.kopf.nachrichten_uuid
        return self.fehler(reply)

    def fehler(self, reply: Reply) -> Fehler:
        """Prove a reply that must be a fault."""
        with pytest.raises(Refused) as caught:
            self._proof.open(reply.body, self.clock.now())
        assert caught.value.proven
        assert reply.is_fault
        assert reply.code == caught.value.code
        return caught.value.fehler

    def _sent(self, message: Message, holder: str) -> Reply:
        octets = seal(etree.tostring(self.messages.build(message)), self.pki.key(holder), self.clock.now())
        return self.knock(octets, _contract().by_request()[type(message).root].soap_action)

    def _recorded_row(self, message: Message, answer: Any) -> str | None:
        head = message.rahmen.kopf
        with self.store.read() as reader:
            record = reader.decisions(MessageRef(head.autor.kennung, head.nachrichten_uuid))[0]
        assert "later" not in record.evidence
        assert record.answer_type == answer.message_type
        assert (record.number, record.reason_code) == (_number(answer), _reason(answer))
        return record.row


@cache
def _contract() -> ServiceContract:
    return load_contract()


def _number(answer: Any) -> str | None:
    """The number an answer gives to a right; one that 070005 shows belongs to a right that was there."""
    if isinstance(answer, Akzeptanz070003):
        return answer.berechtigung_verpflichtung.bamfkennziffer
    if isinstance(answer, Akzeptanz080003):
        return answer.zulassung_verpflichtung.bamfkennziffer
    return None


def _reason(answer: Any) -> str | None:
    if isinstance(answer, NichtMoeglich070005 | NichtMoeglich080005):
        return answer.ablehnungsgrund.code
    if isinstance(answer, Dublette070004 | Dublette080004):
        return answer.information_sachbearbeitung.code
    if isinstance(answer, Anfrage070006):
        return answer.nachfragegrund.code
    if isinstance(answer, Berechtigungsscheininhalt070012 | Berechtigungsscheininhalt080012):
        return answer.information_sachbearbeiter.code
    if isinstance(answer, AuskunftNichtMoeglich070014 | AuskunftNichtMoeglich080014):
        return answer.grund_code.code
    if isinstance(answer, UebernahmeNichtMoeglich070017 | UebernahmeNichtMoeglich080017):
        return None if answer.grund_code is None else answer.grund_code.code
    return None
