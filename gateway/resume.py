"""Taking up a parked request again: a new decision under the same locks, on today's state.

Whatever started it - an answer, a clerk, a time-out - the first answer to the message stays what it was; what
is decided now goes out as a later answer.
"""

from dataclasses import dataclass, replace

from gateway.accepted import Asked, Outcome
from gateway.answers import outcome_of
from gateway.clock import german_day
from gateway.decided import ClerkChoice, Decided
from gateway.deciding import Decider
from gateway.handlers.readings import READINGS, Reading
from gateway.identity import Identity
from gateway.later import RequestGoneError, later_record, latest_decision, lay_out
from gateway.requests import Request, Sender
from gateway.tools import Tools
from gateway.trust.canonical import read_canonical
from messages.bva import Ereignis, Ergebnisrahmen
from messages.frame import Fachrahmen
from store.record_ids import position_of
from store.records import DecisionRecord, MessageRef
from store.unit import UnitOfWork


@dataclass(frozen=True, slots=True)
class Anew:
    """A request decided anew: what was decided, as an outcome, and the frame of the message it answers.

    `door` is the way the message came, `first` the record of its latest decision so far.
    """

    ref: MessageRef
    decided: Decided
    outcome: Outcome
    frame: Asked
    door: str
    first: DecisionRecord


@dataclass(frozen=True, slots=True)
class StoredRequest:
    """A registered message that asks for a right, read again; `door` is the way it came."""

    request: Request
    message_type: str
    reading: Reading
    frame: Asked
    door: str


def stored_request(work: UnitOfWork, tools: Tools, ref: MessageRef) -> StoredRequest:
    """Read a registered message again. Raises RequestGoneError."""
    stored = work.request_document(ref)
    if stored is None:
        raise RequestGoneError(f"no stored request {ref.uuid} of {ref.party_id}")
    canonical, received, door = stored
    message = tools.messages.parse(read_canonical(canonical))
    reading, frame = READINGS.get(type(message)), _asked(message.rahmen, ref)
    if reading is None or frame is None:
        raise RequestGoneError(f"message {ref.uuid} asks for no right")
    party = tools.parties.party(ref.party_id)
    named = frame.kopf.autor.name if isinstance(frame, Fachrahmen) else ref.party_id
    sender = Sender(
        ref.party_id,
        named if party is None else party.name,
        "" if party is None else party.agency_type,
        ref,
        received,
    )
    return StoredRequest(reading.read(message, sender), message.message_type, reading, frame, door)


def _asked(frame: object, ref: MessageRef) -> Asked | None:
    """Return what an answer to a message is addressed by; None where there is none of the kind."""
    if isinstance(frame, Ereignis):
        return Ergebnisrahmen(position_of(ref.uuid), frame.zeichen)
    return frame if isinstance(frame, Fachrahmen) else None


def decide_anew(
    work: UnitOfWork,
    tools: Tools,
    ref: MessageRef,
    *,
    identity: Identity,
    confirmed: bool = False,
    clerk: ClerkChoice | None = None,
    actor: str | None,
) -> Anew:
    """Decide a stored request anew and queue what it stores; nobody is told yet.

    In: who it is (`identity.same`, `identity.different`), whether the agency said yes to the question, what a
    clerk chose, who acts (None: the agency). Raises RequestGoneError, and GatewayError T200.busy when keys
    changed while the lock was awaited.
    """
    stored = stored_request(work, tools, ref)
    first = latest_decision(work, ref)
    decider = Decider(tools)
    prepared = decider.prepare(stored.request, german_day(tools.clock.now()))
    decided = (
        replace(prepared, identity=identity)
        if isinstance(prepared, Decided)
        else decider.decide(work, prepared, identity=identity, confirmed=confirmed, clerk=clerk, actor=actor)
    )
    outcome = outcome_of(decided, stored.reading.body(decided))
    return Anew(ref, decided, outcome, stored.frame, stored.door, first)


def resume(
    work: UnitOfWork,
    tools: Tools,
    ref: MessageRef,
    *,
    identity: Identity,
    trigger_uuid: str,
    actor: str,
    confirmed: bool = False,
    clerk: ClerkChoice | None = None,
) -> Decided:
    """Decide a stored request anew and lay the answer into its party's outbox, all in one unit of work.

    In: the UUID that the later answer names as its cause (after a clerk that of the report), the acting user;
    the rest as `decide_anew`. Where the request goes on waiting for a clerk nothing is laid out. Call
    `tools.refresh` before the unit of work is opened. Raises as `decide_anew`.
    """
    anew = decide_anew(work, tools, ref, identity=identity, confirmed=confirmed, clerk=clerk, actor=actor)
    outbox_id = None
    if not anew.decided.verdict.waits:
        outbox_id = lay_out(
            work, tools, ref, anew.outcome, frame=anew.frame, door=anew.door, trigger_uuid=trigger_uuid
        )
    work.add_decision(
        later_record(
            work, tools, anew.first, anew.outcome, actor=actor, trigger_uuid=trigger_uuid, outbox_id=outbox_id
        )
    )
    return anew.decided
