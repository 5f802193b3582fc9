"""The notes of results (200006): signed, stored, and what a file is held against."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from gateway.batch.result_files import Measured
from gateway.batch.signing import Signer
from gateway.clock import german_time
from gateway.tools import Tools
from messages import bva
from store.records import JournalEntry, JournalKind
from store.records_batch import Delivery, DeliveryResult


def signed_note(
    tools: Tools,
    sign: Signer,
    delivery: Delivery,
    addendum: int,
    file: Measured,
    counts: bva.Zaehlung,
) -> DeliveryResult:
    """Make the signed note of a result. In: 0 or the number of the addendum, its file and counts."""
    settings, now = tools.settings, tools.clock.now()
    party = tools.parties.party(delivery.party_id)
    uuid = tools.new_uuid().lower()
    note = bva.Ergebnisschein200006(
        test=settings.test_mark,
        ergebnisschein_uuid=uuid,
        erstellungszeitpunkt=german_time(now),
        autor=bva.Stelle(settings.kennung, settings.name),
        leser=bva.Stelle(delivery.party_id, tools.agency_name(delivery.party_id, delivery.party_id)),
        lieferschein_uuid=delivery.uuid,
        lieferung=bva.Lieferfolge(delivery.number, delivery.package, delivery.last),
        nachtrag=addendum,
        datei=bva.Datei(file_name(delivery, addendum), file.size, file.sha256),
        anzahl=counts,
    )
    return DeliveryResult(delivery.id, addendum, uuid, sign(bva.write(note), party), now)


def result_row(
    kind: JournalKind,
    at: datetime,
    result: DeliveryResult,
    *,
    party_id: str,
    door: str,
    peer: str | None = None,
    facts: Mapping[str, Any],
) -> JournalEntry:
    """Return the journal's row of what becomes of a result. In: whose it is, and what else is told of it."""
    return JournalEntry(
        kind,
        at,
        party_id=party_id,
        uuid=result.uuid,
        message_type=bva.Ergebnisschein200006.message_type,
        door=door,
        peer=peer,
        size=len(result.document),
        digest=hashlib.sha256(result.document).digest(),
        facts={**facts, "addendum": result.addendum},
    )


def file_name(delivery: Delivery, addendum: int) -> str:
    """Return the name of a file of results, which sorts by delivery, package and addendum."""
    return f"ergebnisse-{delivery.number:06d}-{delivery.package:03d}-{addendum:03d}.xml"
