"""The friendly face: send a message, get its typed answer.

zeep reads the contract and carries the bytes; signing and proving are ``gateway.trust``'s, as on the other
side. For typed work with zeep's own objects there is `Client.zeep`, which seals and proves in the same way.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import zeep
from lxml import etree

from adapters.client.errors import ClientError, Refused, UnexpectedAnswer, Unreachable, UntrustedAnswer
from adapters.client.proof import AnswerProof, Proven
from adapters.client.retry import RetryPolicy
from adapters.client.transport import CappedTransport
from adapters.client.trust import GatewayTrust
from gateway.clock import Clock, SystemClock
from gateway.trust.keys import SigningKey
from gateway.trust.wssecurity import seal_envelope
from messages.mitteilung import Mitteilung, parse_mitteilung
from messages.quittung import Quittung, parse_quittung
from messages.registry import BUNDLED_MESSAGES, MessageRegistry
from messages.versionsende import Versionsende
from schemas.paths import dienst_wsdl

if TYPE_CHECKING:
    from messages.frame import Message

_PORTS = {"1.1": "Soap11", "1.2": "Soap12"}
_STALE = "T011.stale-timestamp"
_SENT: Final = "nachrichtenkopf.g2g/identifikation.nachricht/nachrichtenUUID"
_ANSWERED: Final = "{*}ausloeserUUID"


@dataclass(frozen=True, slots=True)
class Reply:
    """The gateway's proven answer.

    `document` is the answer document in canonical bytes, as signed; `message` the same, typed, or None for
    one this version does not know; `attempts` how often the message was sent; `endings` announce that the
    version it was written in will not be served much longer.
    """

    element: etree._Element
    document: bytes
    message: Message | Quittung | Mitteilung | None
    attempts: int
    endings: tuple[Versionsende, ...] = ()


class Client:
    """Sends signed messages to one gateway and proves its answers. Not for use by several threads at once.

    `endpoint` is the address of its SOAP door, `key` signs, `trust` says whose answers count, `versions`
    knows further versions of the standard to send in.
    """

    def __init__(
        self,
        endpoint: str,
        key: SigningKey,
        trust: GatewayTrust,
        *,
        soap_version: str = "1.1",
        retry: RetryPolicy | None = None,
        transport: CappedTransport | None = None,
        clock: Clock | None = None,
        sleep: Callable[[float], None] = time.sleep,
        rng: random.Random | None = None,
        versions: MessageRegistry = BUNDLED_MESSAGES,
    ) -> None:
        self.endpoint = endpoint
        self._key = key
        self._soap_version = soap_version
        self._retry = retry or RetryPolicy()
        self._transport = transport or CappedTransport()
        self._clock = clock or SystemClock()
        self._sleep = sleep
        self._rng = rng or random.SystemRandom()
        self._messages = versions
        self._proof = AnswerProof(trust)
        # The contract comes with this package: nothing is fetched, and nobody can put another in its place.
        self._contract = zeep.Client(
            str(dienst_wsdl()),
            port_name=_PORTS[soap_version],
            transport=self._transport,
            settings=zeep.Settings(forbid_dtd=True, forbid_entities=True, forbid_external=True),
        )
        operations = self._contract.service._binding._operations.values()
        self._operations = {operation.input.body.qname.text: operation for operation in operations}

    def send(self, message: Message | etree._Element) -> Reply:
        """Send one message (a dataclass of ``messages`` or its root element) and return the proven answer.

        A message is written in the version its frame names; the answer comes in the same.
        Network failures and "try later" are repeated with the same UUID and a fresh seal, as the retry
        policy says; a stale time stamp is signed again at once. The answer names this message.
        Raises Refused, Unreachable, UntrustedAnswer, UnexpectedAnswer, and ValueError for a document that
        belongs to no operation of the contract.
        """
        element = message if isinstance(message, etree._Element) else self._messages.build(message)
        operation = self._operation(str(element.tag))
        body = _canonical(element)
        proven, attempts = self._repeated(operation, lambda: body)
        reply = self._reply(proven, operation, attempts)
        # Signed is not enough: somebody in between may hand out the answer to another message.
        if _uuid_at(reply.element, _ANSWERED) != _uuid_at(element, _SENT):
            raise UntrustedAnswer("the answer belongs to another message")
        return reply

    def ask(self, tag: str, make: Callable[[], etree._Element]) -> etree._Element:
        """Ask the service itself; `tag` is the request's Clark name. Out: the proven answer element.

        Repeated like a message, but `make` builds the request anew for every attempt: its id is used up by
        the one that arrived. Raises as `send` does; `adapters.client.service` is the friendly face.
        """
        operation = self._operation(tag)
        proven, _ = self._repeated(operation, lambda: _canonical(make()))
        if proven.element.tag != operation.output.body.qname.text:
            raise UnexpectedAnswer(f"{proven.element.tag} is no answer of {operation.name}")
        return proven.element

    def zeep(self) -> zeep.Client:
        """A zeep client on the same contract and transport, whose calls are sealed and proven like `send`.

        Its calls are not repeated by themselves.
        """
        client = zeep.Client(
            str(dienst_wsdl()),
            port_name=_PORTS[self._soap_version],
            transport=self._transport,
            settings=zeep.Settings(forbid_dtd=True, forbid_entities=True, forbid_external=True),
            plugins=[_Sealing(self)],
        )
        client.service._binding_options["address"] = self.endpoint
        return client

    def seal(self, body: bytes | etree._Element) -> bytes:
        """A signed envelope with a fresh time stamp around one document."""
        return seal_envelope(body, key=self._key, soap_version=self._soap_version, now=self._clock.now())

    def prove(self, envelope: bytes) -> Proven:
        """Prove an answer or fault; see `AnswerProof.open`."""
        return self._proof.open(envelope, self._clock.now())

    def _operation(self, tag: str) -> Any:
        operation = self._operations.get(self._messages.bundled_root(tag))
        if operation is None:
            raise ValueError(f"the service has no operation for {tag}")
        return operation

    def _repeated(self, operation: Any, make: Callable[[], bytes]) -> tuple[Proven, int]:
        """Exchange until there is an answer or the retry policy ends. Out: the answer, how often was sent."""
        attempts = 0
        while True:
            attempts += 1
            try:
                return self._exchange(make(), operation), attempts
            except Unreachable as error:
                self._wait(attempts, None, error)
            except Refused as error:
                if error.code == _STALE and attempts < self._retry.attempts:
                    continue
                if not error.retryable:
                    raise
                self._wait(attempts, error.fehler.wiederholen_nach, error)

    def _exchange(self, body: bytes, operation: Any) -> Proven:
        response = self._transport.post(self.endpoint, self.seal(body), self._headers(operation))
        try:
            return self.prove(response.content)
        except UnexpectedAnswer as error:
            # A proxy's page about a gateway that it does not reach is HTML.
            if response.status_code in {200, 500}:
                raise
            raise _no_soap(response.status_code) from error

    def _headers(self, operation: Any) -> dict[str, str]:
        if self._soap_version == "1.2":
            return {"Content-Type": f'application/soap+xml; charset=utf-8; action="{operation.soapaction}"'}
        return {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{operation.soapaction}"'}

    def _reply(self, proven: Proven, operation: Any, attempts: int) -> Reply:
        if proven.element.tag != operation.output.body.qname.text or len(proven.element) != 1:
            raise UnexpectedAnswer(f"{proven.element.tag} is no answer of {operation.name}")
        answer = proven.element[0]
        return Reply(
            answer, _canonical(answer), read_answer(answer, self._messages), attempts, proven.endings
        )

    def _wait(self, failures: int, asked: int | None, error: ClientError) -> None:
        seconds = self._retry.wait(failures, asked, self._rng)
        if seconds is None:
            raise error
        self._sleep(seconds)


class _Sealing(zeep.Plugin):  # type: ignore[misc]
    """Seals what zeep built and proves what came back, before zeep reads it."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def egress(self, envelope: etree._Element, http_headers: Any, *_: Any) -> Any:
        (document,) = envelope[-1]
        return etree.fromstring(self._client.seal(document)), http_headers

    def ingress(self, envelope: etree._Element, http_headers: Any, _operation: Any) -> Any:
        try:
            self._client.prove(etree.tostring(envelope))
        except Refused as refused:
            if not refused.proven:
                raise
        return envelope, http_headers


def _canonical(element: etree._Element) -> bytes:
    return etree.tostring(element, method="c14n", exclusive=True)


def read_answer(
    element: etree._Element, versions: MessageRegistry = BUNDLED_MESSAGES
) -> Message | Quittung | Mitteilung | None:
    """An answer document as a typed message or receipt; None for one this version does not know."""
    if element.tag in versions.types:
        return versions.parse(element)
    parser = _OWN.get(element.tag)
    return None if parser is None else parser(element)


_OWN: Final[Mapping[Any, Callable[[etree._Element], Quittung | Mitteilung]]] = {
    Quittung.root: parse_quittung,
    Mitteilung.root: parse_mitteilung,
}


def _uuid_at(element: etree._Element, place: str) -> str:
    # RFC 4122 compares UUIDs without regard to case.
    return (element.findtext(place) or "").strip().lower()


def _no_soap(status: int) -> ClientError:
    if status in {429, 502, 503, 504}:
        return Unreachable(f"HTTP {status} from a proxy in between")
    return UnexpectedAnswer(f"HTTP {status} without a SOAP answer")
