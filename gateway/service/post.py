"""Fetching and confirming later answers."""

from lxml import etree

from gateway import outbox
from gateway.service.common import answer, read_request
from gateway.serving import AcceptedRequest, ServiceAnswer, ServiceRequest, ServiceStep
from gateway.settings import Settings
from messages.service import (
    BestaetigeNachrichten,
    BestaetigeNachrichtenAntwort,
    HoleNachrichten,
    HoleNachrichtenAntwort,
)
from store.unit import UnitOfWork


class FetchHandler:
    """Hands out what the party has not confirmed yet."""

    registers = True
    keeps = False

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def read(self, element: etree._Element) -> ServiceRequest:
        """Make a typed request of its element."""
        return read_request(element)

    def prepare(self, accepted: AcceptedRequest) -> ServiceStep:
        """Return the step that reads the outbox."""
        asked: HoleNachrichten = accepted.request.message
        largest = self._settings.fetch_at_most
        at_most = largest if asked.hoechstens is None else min(asked.hoechstens, largest)

        def step(work: UnitOfWork) -> ServiceAnswer:
            entries, more = outbox.hand_out(work, accepted, at_most)
            return answer(
                HoleNachrichtenAntwort(asked.anfrage_uuid, tuple(map(outbox.shown, entries)), more),
                {"handed out": [entry.id for entry in entries], "more": more},
            )

        return step


class ConfirmHandler:
    """Notes what the party keeps for good. The request is kept: it is the proof of that."""

    registers = True
    keeps = True

    def read(self, element: etree._Element) -> ServiceRequest:
        """Make a typed request of its element."""
        return read_request(element)

    def prepare(self, accepted: AcceptedRequest) -> ServiceStep:
        """Return the step that marks the outbox."""
        asked: BestaetigeNachrichten = accepted.request.message

        def step(work: UnitOfWork) -> ServiceAnswer:
            count = outbox.confirm(work, accepted, asked.nachricht_ids)
            return answer(BestaetigeNachrichtenAntwort(asked.anfrage_uuid, count), {"confirmed": count})

        return step
