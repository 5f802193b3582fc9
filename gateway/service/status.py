"""What became of a message: its state, every answer to it, where it waits and until when."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from lxml import etree

from gateway import outbox
from gateway.clock import german_time
from gateway.identity import BLOCK, WEAK
from gateway.offices import EMAIL, PHONE
from gateway.service.common import answer, read_request
from gateway.serving import AcceptedRequest, ServiceAnswer, ServiceRequest, ServiceStep
from gateway.settings import Settings
from messages import bva
from messages.errors import CATALOGUE, Advice
from messages.service import REQUESTS, Ablehnung, StatusAbfrage, StatusAbfrageAntwort, Stelle, Zustand
from store.engine import Store
from store.message_status import LastRefusal, MessageStatus, message_status
from store.records import JournalEntry, JournalKind, MessageRef, OfficeRecord, OutboxEntry, QuestionState
from store.unit import UnitOfWork

_OWN_KINDS: Final = frozenset(cls.kind for cls in REQUESTS)
_OF_DELIVERIES: Final = frozenset(cls.message_type for cls in (*bva.MESSAGES, *bva.DOCUMENTS))
"""Of these the overview of deliveries tells, and their answers have no place in an answer of the service."""


@dataclass(frozen=True, slots=True)
class _State:
    """A state, since when, and until when where it is a question."""

    zustand: Zustand
    since: datetime | None
    due_on: date | None = None


class StatusHandler:
    """Tells a party what became of its own message; another party's is as unknown as one never sent."""

    registers = True
    keeps = False

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings

    def read(self, element: etree._Element) -> ServiceRequest:
        """Make a typed request of its element."""
        return read_request(element)

    def prepare(self, accepted: AcceptedRequest) -> ServiceStep:
        """Read what is there; the step adds the later answers and journals what leaves.

        Raises StoreUnavailable.
        """
        asked: StatusAbfrage = accepted.request.message
        ref = MessageRef(accepted.party.kennung, asked.nachrichten_uuid.lower())
        with self._store.read() as reader:
            status = message_status(reader, ref, kinds_aside=_OWN_KINDS | _OF_DELIVERIES, items_aside={WEAK})

        def step(work: UnitOfWork) -> ServiceAnswer:
            later = work.outbox_of(ref.party_id, ref.uuid) if status.registered_at else []
            if status.answer is not None and status.answer.document is not None:
                work.add_journal(_delivery(accepted, ref, status.answer.message_type, status.answer.document))
            outbox.journal_hand_out(work, accepted, later)
            told = self._told(asked, status, later)
            return answer(told, {"uuid": ref.uuid, "state": told.zustand.value})

        return step

    def _told(
        self, asked: StatusAbfrage, status: MessageStatus, later: Sequence[OutboxEntry]
    ) -> StatusAbfrageAntwort:
        state = _state(status, later)
        question = status.question
        return StatusAbfrageAntwort(
            anfrage_uuid=asked.anfrage_uuid,
            nachrichten_uuid=asked.nachrichten_uuid,
            zustand=state.zustand,
            seit=None if state.since is None else german_time(state.since),
            frist=state.due_on,
            beantwortet_durch=None if question is None else question.reply_uuid,
            ablehnung=None if status.refusal is None else _refusal(status.refusal),
            stelle=self._office(status) if state.zustand is Zustand.WAITING_FOR_CLERK else None,
            antwort=None if status.answer is None else status.answer.document,
            spaetere_antworten=tuple(map(outbox.shown, later)),
        )

    def _office(self, status: MessageStatus) -> Stelle:
        waiting = status.waiting
        # The office of a blocked person would tell in which region the person lives.
        office = None if waiting is None or waiting.kind == BLOCK else waiting.office
        return _of_directory(office) if office is not None else self._own()

    def _own(self) -> Stelle:
        ways = {way.kanal.code: way.kennung for way in self._settings.reachability}
        return Stelle(self._settings.name, telefon=ways.get(PHONE), email=ways.get(EMAIL))


def _state(status: MessageStatus, later: Sequence[OutboxEntry]) -> _State:
    """Return the state: what somebody still has to do before what was done."""
    if status.registered_at is None:
        refusal = status.refusal
        return _State(Zustand.UNKNOWN, None) if refusal is None else _State(Zustand.REFUSED, refusal.at)
    question = status.question
    if question is not None and question.state == QuestionState.OPEN:
        return _State(Zustand.WAITING_FOR_REPLY, question.since, question.due_on)
    if status.waiting is not None:
        return _State(Zustand.WAITING_FOR_CLERK, status.waiting.since)
    if not later:
        return _State(Zustand.ANSWERED, status.registered_at)
    waiting = [entry.created_at for entry in later if entry.first_fetched_at is None]
    if waiting:
        return _State(Zustand.LATER_READY, waiting[0])
    fetched = [entry.first_fetched_at for entry in later if entry.confirmed_at is None]
    if fetched:
        return _State(Zustand.LATER_FETCHED, fetched[0])
    return _State(Zustand.LATER_CONFIRMED, later[-1].confirmed_at)


def _refusal(refusal: LastRefusal) -> Ablehnung:
    entry = CATALOGUE.get(refusal.code)
    # What filled the placeholders was told then and is not kept.
    said = entry is not None and not entry.placeholders
    return Ablehnung(
        code=refusal.code,
        pfad=refusal.path,
        zeile=refusal.line,
        text_deutsch=entry.text_de if entry is not None and said else None,
        text_englisch=entry.text_en if entry is not None and said else None,
        handlung=Advice.CALL if entry is None else entry.advice,
    )


def _of_directory(office: OfficeRecord) -> Stelle:
    contact = office.contact
    return Stelle(
        office.name,
        ansprechpartner=contact.get("name"),
        telefon=contact.get("phone"),
        email=contact.get("email"),
    )


def _delivery(accepted: AcceptedRequest, ref: MessageRef, kind: str, document: bytes) -> JournalEntry:
    """Return the row of a further delivery of a first answer."""
    return JournalEntry(
        JournalKind.REPEATED,
        accepted.received,
        party_id=ref.party_id,
        uuid=ref.uuid,
        message_type=kind,
        door=accepted.route.door,
        peer=accepted.route.peer,
        size=len(document),
        digest=hashlib.sha256(document).digest(),
        facts={"by": accepted.request.kind, "request": accepted.request.uuid},
    )
