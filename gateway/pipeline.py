"""The way of a proven document: understood, authorised, registered, decided, answered, committed.

Doors hand over what they have proven and get back an `Answer` or a `Refusal`; nothing is ever raised to them.
"""

import time
from collections.abc import Callable
from datetime import date, datetime
from types import MappingProxyType

from gateway import journaling
from gateway.accepted import AcceptedMessage, Outcome, ParsedMessage, Route
from gateway.clock import Clock, StopWatch, german_day
from gateway.endings import Endings
from gateway.handlers.table import handlers
from gateway.number import Numbers
from gateway.parties import PartyDirectory
from gateway.permission import Claims, objections, wrong_environment
from gateway.places import placed
from gateway.results import Answer, Refusal
from gateway.rules.engine import RuleBook
from gateway.senders import Senders
from gateway.serving import AcceptedRequest, ServiceHandler, ServiceHandlers
from gateway.settings import Settings
from gateway.tools import Tools
from gateway.trust.certificates import Validator
from gateway.trust.documents import VerifiedDocument
from gateway.way import Way
from messages.errors import GatewayError
from messages.frame import Fachrahmen
from messages.quittung import Quittung
from messages.registry import BUNDLED_MESSAGES, MessageRegistry
from messages.violations import kept_contract
from schemas.registry import SchemaRegistry
from store.engine import Store
from store.records import DecisionRecord, KnownMessage, PartyRecord, StoredAnswer
from store.unit import UnitOfWork

__all__ = ["Answer", "Pipeline", "Refusal", "Route"]


class Pipeline:
    """The core. Stateless between messages; used by several threads at once.

    `clock` is the real one: proof, journal and records. `business` is the one that days, rights and the
    frames of our messages go by; a test environment may move it, without one it is the real clock.
    `messages` has to know every version of the standard that `registry` serves.
    `new_uuid` makes the UUIDs of our own messages, `services` answers our own operations, `stopwatch`
    counts nanoseconds for the record.
    """

    def __init__(
        self,
        *,
        registry: SchemaRegistry,
        store: Store,
        parties: PartyDirectory,
        validator: Validator,
        rules: RuleBook,
        numbers: Numbers,
        settings: Settings,
        clock: Clock,
        new_uuid: Callable[[], str],
        business: Clock | None = None,
        messages: MessageRegistry = BUNDLED_MESSAGES,
        services: ServiceHandlers = MappingProxyType({}),
        stopwatch: StopWatch = time.perf_counter_ns,
    ) -> None:
        self._registry = registry
        self._messages = messages
        self._endings = Endings(registry, settings.announce_end_days)
        self._store = store
        self.senders = Senders(validator=validator, parties=parties, settings=settings)
        self._settings = settings
        self._clock = clock
        self._business = business = business or clock
        self._services = services
        self._stopwatch = stopwatch
        self.tools = tools = Tools.make(
            store=store,
            settings=settings,
            rules=rules,
            numbers=numbers,
            parties=parties,
            real_clock=clock,
            business_clock=business,
            new_uuid=new_uuid,
            messages=messages,
        )
        self._writer = tools.writer
        self._handlers = handlers(tools)

    def process(self, document: VerifiedDocument, route: Route) -> Answer | Refusal:
        """Lead a proven document to its answer.

        In: the document as `gateway.trust` proved it, and the way it came. Out: the answer after its commit,
        or the refusal after it was journaled. A refusal leaves the message's UUID unused.
        """
        way = Way(self._clock.now(), route, document, self._stopwatch)
        try:
            return self._lead(way)
        except Exception as error:  # noqa: BLE001 - the partner gets a typed answer, the operator the alarm
            return self._refuse(way, journaling.told_of(error, door=route.door, uuid=way.uuid))

    def refuse_unproven(self, *, sha256: bytes, size: int, error: GatewayError, route: Route) -> Refusal:
        """Refuse what was not proven: journal hash, size, code and peer, and echo nothing.

        In: SHA-256 and length of the octets, the refusal, the way they came.
        """
        entry = journaling.refused(error, route, self._clock.now(), digest=sha256, size=size)
        journaling.note_refusal(self._store, entry)
        return Refusal(error, self._writer.refusal(error), None, None)

    def _lead(self, way: Way) -> Answer:
        self._recognise(way)
        way.mark("recognise")
        today = german_day(self._business.now())
        service = self._services.get(way.document.element.tag)
        if service is not None:
            return self._serve(way, service, today)
        try:
            parsed = self._understand(way, today)
        except GatewayError as refused:
            return self._repeat_after_end(way, today, refused)
        way.mark("understand")
        party = self._authorise(way, parsed)
        accepted = AcceptedMessage(parsed, party, way.route, way.now, today)
        step = self._handlers[type(parsed.message)].prepare(accepted)
        way.mark("prepare")
        with self._store.unit_of_work() as work:
            known = self._registered(work, accepted)
            if known is not None:
                return self._repeat(work, accepted, known)
            way.mark("register")
            outcome = step(work)
            way.mark("decide")
            return self._commit(work, way, accepted, outcome)

    def _recognise(self, way: Way) -> None:
        """Prove the sender: a valid certificate that speaks for somebody known here."""
        recognised = self.senders.recognise(way.document, way.now)
        way.fingerprint, way.parties = recognised.fingerprint, recognised.parties

    def _understand(self, way: Way, today: date) -> ParsedMessage:
        element = way.document.element
        contract = kept_contract(self._registry, element, today)
        message = self._messages.parse(element)
        frame = message.rahmen
        if type(message) not in self._handlers or not isinstance(frame, Fachrahmen):
            raise GatewayError("T070.direction", details={"message_type": contract.message_type})
        parsed = ParsedMessage(way.document, way.fingerprint, contract, message, frame)
        way.parsed = parsed
        return parsed

    def _authorise(self, way: Way, parsed: ParsedMessage) -> PartyRecord:
        party = self.senders.speaker(way.document, way.parties, parsed.frame.kopf.autor.kennung)
        for objection in objections(Claims.of_frame(parsed.frame), parsed.contract, party, self._settings):
            raise objection
        return party

    def _serve(self, way: Way, handler: ServiceHandler, today: date) -> Answer:
        """Answer a request of our own service: the same way, but decided is nothing and repeated neither."""
        kept_contract(self._registry, way.document.element, today)
        way.request = request = handler.read(way.document.element)
        way.mark("understand")
        party = self.senders.speaker(way.document, way.parties, request.kennung)
        environment = wrong_environment(request.test, self._settings)
        if environment is not None:
            raise environment
        accepted = AcceptedRequest(request, party, way.route, way.now, self._business.now(), today)
        step = handler.prepare(accepted)
        way.mark("prepare")
        document = way.document
        with self._store.unit_of_work() as work:
            if handler.registers:
                known = work.register(
                    party.kennung, request.uuid, document.content_hash, request.kind, way.now
                )
                if known is not None:
                    raise GatewayError("S999.request-replayed")
            served = step(work)
            work.add_journal(journaling.served(accepted, served, document, keep=handler.keeps))
            work.commit()
        return Answer(
            document=served.document,
            root=served.root,
            message_type=request.kind,
            repeated=False,
            reason_code=None,
            number=None,
            row=None,
            party=party,
            uuid=request.uuid,
        )

    def _repeat_after_end(self, way: Way, today: date, refused: GatewayError) -> Answer:
        """Repeat the answer to what was taken in while its version was served; all else stays refused.

        Who lost the last answer in a version and sends again must not hear that nothing was taken.
        """
        last = self._registry.last_day(way.document.element)
        if refused.code != "V000" or last is None or last >= today:
            raise refused
        try:
            parsed = self._understand(way, last)
            party = self._authorise(way, parsed)
        except GatewayError:
            raise refused from None
        accepted = AcceptedMessage(parsed, party, way.route, way.now, today)
        with self._store.unit_of_work() as work:
            known = self._registered(work, accepted)
            if known is None:
                raise refused
            return self._repeat(work, accepted, known)

    @staticmethod
    def _registered(work: UnitOfWork, accepted: AcceptedMessage) -> KnownMessage | None:
        return work.register(
            accepted.party.kennung,
            accepted.uuid,
            accepted.parsed.document.content_hash,
            accepted.parsed.contract.message_type,
            accepted.received,
        )

    def _repeat(self, work: UnitOfWork, accepted: AcceptedMessage, known: KnownMessage) -> Answer:
        if known.content_hash != accepted.parsed.document.content_hash:
            raise GatewayError("S999.uuid-reused")
        stored = known.answer
        if stored is None:
            # Its answer was erased with the personal data when the time for keeping them was over.
            raise GatewayError("S100")
        work.add_journal(
            journaling.repeated(
                accepted, stored.document, stored.message_type, stored.reason_code, self._clock.now()
            )
        )
        work.commit()
        return self._answer(stored, accepted, repeated=True)

    def _commit(self, work: UnitOfWork, way: Way, accepted: AcceptedMessage, outcome: Outcome) -> Answer:
        now = self._clock.now()
        document = self._writer.document(accepted.frame, outcome, self._business.now())
        way.mark("build")
        stored = StoredAnswer(
            document,
            outcome.answer.message_class.message_type,
            outcome.reason,
            outcome.number,
            None if outcome.row is None else outcome.row.id,
        )
        party_id, uuid = accepted.party.kennung, accepted.uuid
        work.add_journal(journaling.received(accepted))
        work.add_decision(_record(work.new_id(), way, accepted, outcome, now))
        work.store_answer(party_id, uuid, stored)
        work.add_journal(journaling.answered(accepted, outcome, document, now))
        work.commit()
        return self._answer(stored, accepted, repeated=False)

    def _answer(self, stored: StoredAnswer, accepted: AcceptedMessage, *, repeated: bool) -> Answer:
        contract, kind = accepted.parsed.contract, stored.message_type
        own = kind == Quittung.message_type
        return Answer(
            document=stored.document,
            root=Quittung.root if own else self._messages.root(kind, contract.version),
            message_type=kind,
            repeated=repeated,
            reason_code=stored.reason_code,
            number=stored.number,
            row=stored.decided_row,
            party=accepted.party,
            uuid=accepted.uuid,
            ending=self._endings.of(contract, accepted.today),
        )

    def _refuse(self, way: Way, error: GatewayError) -> Refusal:
        document = way.document
        party = way.proven_party()
        if party is None:
            return self.refuse_unproven(
                sha256=document.content_hash, size=len(document.canonical), error=error, route=way.route
            )
        error = placed(error, document.element)
        if error.code != "T200.store-away":
            journaling.note_refusal(
                self._store,
                journaling.refused(
                    error,
                    way.route,
                    way.now,
                    digest=document.content_hash,
                    size=len(document.canonical),
                    party_id=party.kennung,
                    uuid=way.uuid,
                    message_type=way.message_type,
                    # What is no message of the standard is kept as its operation says, once that is known.
                    content=None if way.is_service else document.canonical,
                ),
            )
        if way.is_service:
            # The rejection of the standard answers messages of the standard only.
            return Refusal(error, self._writer.refusal(error), party, way.uuid)
        fehler = self._writer.refusal(
            error, document=document, party=party, parsed=way.parsed, at=self._business.now()
        )
        return Refusal(error, fehler, party, way.uuid)


def _record(
    record_id: int, way: Way, accepted: AcceptedMessage, outcome: Outcome, decided: datetime
) -> DecisionRecord:
    contract = accepted.parsed.contract
    return DecisionRecord(
        id=record_id,
        party_id=accepted.party.kennung,
        uuid=accepted.uuid,
        message_type=contract.message_type,
        schema_version=f"{contract.standard} {contract.version}",
        signer_fingerprint=accepted.parsed.fingerprint,
        **outcome.recorded(contract.rechtsgrundlage),
        evidence={**outcome.evidence, "microseconds": dict(way.stages)},
        received_at=way.now,
        decided_at=decided,
    )
