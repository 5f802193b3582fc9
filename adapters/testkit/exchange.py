"""One exchange with a server, and what came of it. Nothing of an answer is believed before it is proven."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from lxml import etree

from adapters.client.errors import ClientError, Refused, UnexpectedAnswer, Unreachable
from adapters.client.proof import AnswerProof
from adapters.client.sender import read_answer
from adapters.client.summary import answer_summary
from adapters.client.transport import CappedTransport
from adapters.client.trust import GatewayTrust
from adapters.soap.contract import Operation, load_contract
from adapters.testkit.material import Sent
from gateway.clock import Clock
from messages.errors import Advice, GatewayError
from messages.fehler import Fehler
from messages.registry import MESSAGE_TYPES
from messages.service import PruefeNachrichtAntwort, StatusAbfrageAntwort
from messages.service import parse as parse_service

REFUSED: Final = "refused"
FAILED: Final = "no usable answer"
_MEDIA: Final[Mapping[str, str]] = {"1.1": "text/xml", "1.2": "application/soap+xml"}


@dataclass(frozen=True, slots=True)
class Got:
    """What came back. `answer` is a message type, the name of an answer of the service, REFUSED or FAILED.

    `element` is the proven answer without the element of the operation around it, `document` the same in
    canonical octets; `code` the reason or the code of the error, `status` that of HTTP (None where
    it does not matter), `media` its Content-Type and `media_asked` what that has to be, `texts` the words
    of a refusal, `endings` and `records` the results of a delivery; `why` says what made an answer unusable.
    """

    answer: str
    code: str | None = None
    number: str | None = None
    path: str | None = None
    line: int | None = None
    status: int | None = 200
    signed: bool = True
    rejection: bool = False
    advice: Advice | None = None
    retry_after: int | None = None
    media: str | None = None
    media_asked: str | None = None
    texts: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()
    records: tuple[etree._Element, ...] = ()
    element: etree._Element | None = None
    document: bytes | None = None
    why: str | None = None

    @property
    def in_short(self) -> str:
        """Answer and code, for a table."""
        return f"{self.answer} {self.code or ''}".strip()


class Wire:
    """Sends envelopes to one server and proves what comes back."""

    def __init__(
        self,
        endpoint: str,
        trust: GatewayTrust,
        clock: Clock,
        *,
        soap_version: str = "1.1",
        transport: CappedTransport | None = None,
    ) -> None:
        self.soap_version = soap_version
        self._endpoint = endpoint
        self._clock = clock
        self._transport = transport or CappedTransport()
        self._proof = AnswerProof(trust)
        self._operations: Mapping[str, Operation] = load_contract().by_request()

    def exchange(self, envelope: bytes, sent: Sent) -> Got:
        """Send an envelope. Out: what came back, also if it is unusable. Raises Unreachable."""
        operation = self._operations[sent.root]
        response = self._transport.post(self._endpoint, envelope, self._headers(operation))
        try:
            proven = self._proof.open(response.content, self._clock.now(), asked_in=self.soap_version)
            if proven.element.tag != operation.answer:
                raise UnexpectedAnswer(f"{proven.element.tag} is no answer of {operation.name}")
            told = _answered(proven.element)
        except Refused as refusal:
            told = refused(refusal.fehler, proven=refusal.proven)
        except Unreachable:
            raise
        except (ClientError, GatewayError) as error:
            return Got(FAILED, why=f"{error} (HTTP {response.status_code})", signed=False)
        media = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return replace(told, status=response.status_code, media=media, media_asked=_MEDIA[self.soap_version])

    def _headers(self, operation: Operation) -> Mapping[str, str]:
        action = operation.soap_action
        if self.soap_version == "1.2":
            return {"Content-Type": f'{_MEDIA["1.2"]}; charset=utf-8; action="{action}"'}
        return {"Content-Type": f"{_MEDIA['1.1']}; charset=utf-8", "SOAPAction": f'"{action}"'}


def read(element: etree._Element) -> Got:
    """What a proven answer says, given without the element of the operation around it."""
    try:
        return _read(element)
    except GatewayError as error:
        return Got(FAILED, why=f"the answer is proven, but cannot be read: {error}")


def _read(element: etree._Element) -> Got:
    document = etree.tostring(element, method="c14n", exclusive=True)
    name = etree.QName(element).localname
    if name.endswith("Antwort") and element.tag not in MESSAGE_TYPES:
        return _of_service(name, element, document)
    said = answer_summary(element, read_answer(element))
    return Got(str(said["answer"]), said["reason"], said["number"], element=element, document=document)


def _answered(element: etree._Element) -> Got:
    children = list(element)
    # An answer of the service itself has always more than one child.
    return read(children[0] if len(children) == 1 else element)


def _of_service(name: str, element: etree._Element, document: bytes) -> Got:
    answer = parse_service(element)
    code: str | None = None
    path: str | None = None
    line: int | None = None
    if isinstance(answer, StatusAbfrageAntwort):
        code = answer.zustand.value
    if isinstance(answer, PruefeNachrichtAntwort):
        first = next(iter(answer.befunde), None)
        code = "fehlerfrei" if answer.fehlerfrei else None
        if first is not None and not answer.fehlerfrei:
            code, path, line = first.code, first.pfad, first.zeile
    return Got(name, code, path=path, line=line, element=element, document=document)


def refused(fehler: Fehler, *, proven: bool) -> Got:
    """What a refusal says; `proven` is whether the gateway signed it."""
    return Got(
        REFUSED,
        fehler.code,
        path=fehler.pfad,
        line=fehler.zeile,
        signed=proven,
        rejection=fehler.rueckweisung is not None,
        advice=fehler.handlung,
        texts=(fehler.text_deutsch, fehler.text_englisch),
        retry_after=fehler.wiederholen_nach if fehler.handlung is Advice.RETRY else None,
    )
