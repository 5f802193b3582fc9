"""Later answers on their way to a party: handed out until confirmed, every hand-out journaled.

What is handed out is everything unconfirmed, never what came after some last number: a transaction that
commits late would be skipped.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from gateway.clock import german_time
from gateway.serving import AcceptedRequest
from messages.errors import GatewayError
from messages.service import SpaetereAntwort
from store.records import JournalEntry, JournalKind, OutboxEntry
from store.unit import UnitOfWork

_LARGEST_ID: Final = (1 << 63) - 1
_NAMED: Final = 10
"""How many unknown ids a refusal names: a text of the wire has an end."""


def hand_out(work: UnitOfWork, accepted: AcceptedRequest, at_most: int) -> tuple[Sequence[OutboxEntry], bool]:
    """Return the oldest unconfirmed answers of a party on the route it asks by, and whether there are more.

    The same ones come again, byte for byte, until they are confirmed.
    """
    party = accepted.party.kennung
    found = work.unconfirmed(party, accepted.route.door, at_most + 1)
    entries = found[:at_most]
    new = [entry.id for entry in entries if entry.first_fetched_at is None]
    if new:
        work.mark_fetched(new, accepted.now)
    journal_hand_out(work, accepted, entries)
    return entries, len(found) > at_most


def journal_hand_out(work: UnitOfWork, accepted: AcceptedRequest, entries: Iterable[OutboxEntry]) -> None:
    """Journal that documents leave with the answer to this request, each with its hash."""
    for entry in entries:
        work.add_journal(_row(JournalKind.FETCHED, accepted, entry))


def confirm(work: UnitOfWork, accepted: AcceptedRequest, ids: Iterable[str]) -> int:
    """Note that a party keeps these answers for good. Out: how many of them it had not confirmed before.

    Raises GatewayError S999.unknown-delivery if one of the ids is not this party's, or of another route: then
    nothing is noted.
    """
    party = accepted.party.kennung
    wanted = {int(text) for text in ids}
    found = work.outbox_entries(party, [each for each in wanted if each <= _LARGEST_ID])
    # Only of its own route: what belongs into a result of a delivery is confirmed with that.
    known = {entry.id: entry for entry in found if entry.route == accepted.route.door}
    unknown = wanted - known.keys()
    if unknown:
        named = [str(each) for each in sorted(unknown)]
        shortened = [*named[:_NAMED], f"… ({len(named)})"] if len(named) > _NAMED else named
        raise GatewayError("S999.unknown-delivery", details={"ids": ", ".join(shortened)})
    open_ids = [entry.id for entry in known.values() if entry.confirmed_at is None]
    confirmed = work.confirm(party, sorted(open_ids), accepted.now)
    for entry_id in sorted(confirmed):
        work.add_journal(_row(JournalKind.CONFIRMED, accepted, known[entry_id]))
    return len(confirmed)


def shown(entry: OutboxEntry) -> SpaetereAntwort:
    """Return a later answer as the service's messages carry it."""
    fetched, confirmed = entry.first_fetched_at, entry.confirmed_at
    return SpaetereAntwort(
        nachricht_id=str(entry.id),
        nachrichten_uuid=entry.uuid,
        ausloeser_uuid=entry.trigger_uuid,
        bereitgestellt_am=german_time(entry.created_at),
        ausgeliefert_am=None if fetched is None else german_time(fetched),
        bestaetigt_am=None if confirmed is None else german_time(confirmed),
        dokument=entry.document,
    )


def _row(kind: JournalKind, accepted: AcceptedRequest, entry: OutboxEntry) -> JournalEntry:
    facts: Mapping[str, Any] = {
        "outbox": entry.id,
        "by": accepted.request.kind,
        "request": accepted.request.uuid,
    }
    return JournalEntry(
        kind,
        accepted.received,
        party_id=entry.party_id,
        uuid=entry.uuid,
        message_type=entry.kind,
        code=entry.reason_code,
        door=accepted.route.door,
        peer=accepted.route.peer,
        size=None if entry.document is None else len(entry.document),
        digest=None if entry.document is None else hashlib.sha256(entry.document).digest(),
        facts=facts,
    )
