"""What a sender asks the service itself: later answers, the state of a message, a check before sending."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from typing import Any

from lxml import etree

from adapters.client.errors import UntrustedAnswer
from adapters.client.sender import Client, read_answer
from gateway.clock import Clock, SystemClock
from messages.frame import Message
from messages.mitteilung import Mitteilung
from messages.quittung import Quittung
from messages.registry import BUNDLED_MESSAGES, MessageRegistry
from messages.service import (
    BestaetigeNachrichten,
    HoleNachrichten,
    HoleNachrichtenAntwort,
    PruefeNachricht,
    PruefeNachrichtAntwort,
    StatusAbfrage,
    StatusAbfrageAntwort,
    build,
    parse,
)


class Service:
    """Asks in the name of one authority. Every attempt is a request of its own, with an id of its own.

    `agency` is its kennung, as in the author of its messages; `test` says that the gateway is a test
    environment. All methods raise what `Client.send` raises.
    """

    def __init__(
        self,
        client: Client,
        agency: str,
        *,
        test: bool,
        clock: Clock | None = None,
        new_uuid: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        self._client = client
        self._agency = agency
        self._test = "1" if test else None
        self._clock = clock or SystemClock()
        self._new_uuid = new_uuid

    def fetch(self, at_most: int | None = None) -> HoleNachrichtenAntwort:
        """Get the oldest answers that were not confirmed yet; the same come again until they are.

        `weitere` tells that there are more behind these: confirm, then fetch again.
        """
        answer: HoleNachrichtenAntwort = self._ask(HoleNachrichten, hoechstens=at_most)
        return answer

    def confirm(self, ids: Iterable[str]) -> int:
        """Say that answers are kept for good: they are not handed out any more.

        Out: how many of them were not confirmed before. Raises Refused S999.unknown-delivery if one of the
        ids was never handed out to this authority; then none is confirmed.
        """
        confirmed: int = self._ask(BestaetigeNachrichten, nachricht_ids=tuple(ids)).neu_bestaetigt
        return confirmed

    def status(self, message_uuid: str) -> StatusAbfrageAntwort:
        """Ask what became of a message of this authority, by its UUID."""
        answer: StatusAbfrageAntwort = self._ask(StatusAbfrage, nachrichten_uuid=message_uuid)
        return answer

    def check(self, document: bytes) -> PruefeNachrichtAntwort:
        """Have a document checked (octets, without envelope): nothing is stored, nothing is decided."""
        answer: PruefeNachrichtAntwort = self._ask(PruefeNachricht, dokument=document)
        return answer

    def _ask(self, kind: type[Any], **content: Any) -> Any:
        sent = ""

        def make() -> etree._Element:
            nonlocal sent
            sent = self._new_uuid()
            return build(
                kind(
                    anfrage_uuid=sent,
                    kennung=self._agency,
                    erstellungszeitpunkt=self._clock.now(),
                    test=self._test,
                    **content,
                )
            )

        answer = parse(self._client.ask(kind.root, make))
        if answer.anfrage_uuid != sent:
            raise UntrustedAnswer("the answer belongs to another request")
        return answer


def read_document(
    document: bytes, versions: MessageRegistry = BUNDLED_MESSAGES
) -> Message | Quittung | Mitteilung | None:
    """A fetched document as a typed message or receipt; None for one this version does not know."""
    parser = etree.XMLParser(encoding="utf-8", load_dtd=False, resolve_entities=False, no_network=True)
    return read_answer(etree.fromstring(document, parser), versions)
