"""What the journal is told of a message, and what an alarm says."""

import hashlib
import logging
import traceback
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from gateway.accepted import Outcome, Registered, Route
from gateway.serving import AcceptedRequest, ServiceAnswer
from gateway.trust.documents import VerifiedDocument
from messages.errors import GatewayError
from store.engine import Store
from store.errors import StoreBusy, StoreUnavailable
from store.records import JournalEntry, JournalKind

_alarm: Final = logging.getLogger("gateway.alarm")


def received(accepted: Registered) -> JournalEntry:
    """Return the entry of a registered message, with its bytes (encrypted by the store)."""
    return JournalEntry(
        JournalKind.RECEIVED,
        accepted.received,
        party_id=accepted.party_id,
        uuid=accepted.uuid,
        message_type=accepted.message_type,
        door=accepted.route.door,
        peer=accepted.route.peer,
        size=len(accepted.canonical),
        digest=accepted.content_hash,
        content=accepted.canonical,
    )


def answered(accepted: Registered, outcome: Outcome, document: bytes, at: datetime) -> JournalEntry:
    """Return the entry of the first delivery of an answer document."""
    return sent_back(
        JournalKind.ANSWERED,
        accepted,
        document,
        at,
        message_type=outcome.answer.message_class.message_type,
        code=outcome.reason,
        facts={
            "branch": outcome.branch,
            "row": None if outcome.row is None else outcome.row.id,
            "effect": outcome.effect,
        },
    )


def repeated(
    accepted: Registered, document: bytes, message_type: str, code: str | None, at: datetime
) -> JournalEntry:
    """Return the entry of a further delivery of a stored answer document."""
    return sent_back(JournalKind.REPEATED, accepted, document, at, message_type=message_type, code=code)


def sent_back(
    kind: JournalKind,
    accepted: Registered,
    document: bytes,
    at: datetime,
    *,
    message_type: str,
    code: str | None = None,
    facts: Mapping[str, Any] | None = None,
) -> JournalEntry:
    """Return the entry of a document that goes to the sender of what it answers."""
    return JournalEntry(
        kind,
        at,
        party_id=accepted.party_id,
        uuid=accepted.uuid,
        message_type=message_type,
        code=code,
        door=accepted.route.door,
        peer=accepted.route.peer,
        size=len(document),
        digest=hashlib.sha256(document).digest(),
        facts=facts,
    )


def served(
    accepted: AcceptedRequest, answer: ServiceAnswer, document: VerifiedDocument, *, keep: bool
) -> JournalEntry:
    """Return the entry of a request of our own service, with its bytes where they are kept."""
    return JournalEntry(
        JournalKind.ASKED_SERVICE,
        accepted.received,
        party_id=accepted.party.kennung,
        uuid=accepted.request.uuid,
        message_type=accepted.request.kind,
        door=accepted.route.door,
        peer=accepted.route.peer,
        size=len(document.canonical),
        digest=document.content_hash,
        facts=answer.facts or None,
        content=document.canonical if keep else None,
    )


def refused(
    error: GatewayError,
    route: Route,
    at: datetime,
    *,
    digest: bytes,
    size: int,
    party_id: str | None = None,
    uuid: str | None = None,
    message_type: str | None = None,
    content: bytes | None = None,
) -> JournalEntry:
    """Return the entry of a refusal; `content`, party, UUID and type only for a proven party."""
    return JournalEntry(
        JournalKind.REFUSED,
        at,
        party_id=party_id,
        uuid=uuid,
        message_type=message_type,
        code=error.code,
        door=route.door,
        peer=route.peer,
        size=size,
        digest=digest,
        facts=None if error.path is None else {"path": error.path, "line": error.line},
        content=content,
    )


def write_refusal(store: Store, entry: JournalEntry) -> None:
    """Journal a refusal in a transaction of its own. Raises what the store does: then it is not there."""
    with store.unit_of_work() as work:
        work.add_journal(entry)
        work.commit()


def note_refusal(store: Store, entry: JournalEntry) -> None:
    """Journal a refusal whose partner waits for it; while the store is away the log has to do."""
    try:
        write_refusal(store, entry)
    except Exception as error:  # noqa: BLE001 - the refusal must reach the partner all the same
        raise_alarm("refusal not journaled", error, code=entry.code, door=entry.door)


def told_of(error: Exception, *, door: str, uuid: str | None) -> GatewayError:
    """Return the error of the catalogue that a sender is told for whatever went wrong.

    In: the door, the UUID of what was being worked on. An error that nobody foresaw is raised as an alarm.
    """
    if isinstance(error, GatewayError):
        return error
    if isinstance(error, StoreBusy):
        return GatewayError("T200.busy")
    if isinstance(error, StoreUnavailable):
        return GatewayError("T200.store-away")
    raise_alarm("T200.unexpected", error, door=door, uuid=uuid)
    return GatewayError("T200.unexpected")


def raise_alarm(what: str, error: BaseException, **facts: str | None) -> None:
    """Tell the operator of an unforeseen error: type and place, never its text, which may name a person."""
    _alarm.error(
        "%s: %s at %s",
        what,
        type(error).__qualname__,
        place_of(error),
        extra={"exception": type(error).__qualname__, **facts},
    )


def place_of(error: BaseException) -> str:
    """Return file and line of where an error was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "unknown"
