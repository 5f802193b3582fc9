"""What a comparison tells people: one plain value, kept as JSON, from which text and page are made."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, TypeAlias

from gateway.connecting.comparing import Comparison, Entry
from gateway.connecting.difference import NOT_COMPARED
from store.records import PartyRecord
from store.records_connection import Procedure, Product

Report: TypeAlias = Mapping[str, Any]
"""JSON-able: who, with what, when, by whom; the result of each type and version; of each message, its
differences with both values."""


def make_report(
    procedure: Procedure,
    product: Product,
    party: PartyRecord,
    found: Comparison,
    *,
    digest: bytes,
    actor: str,
    at: datetime,
) -> Report:
    """Put together what there is to tell of a comparison."""
    return {
        "procedure": procedure.id,
        "revision": procedure.revision,
        "kennung": party.kennung,
        "name": party.name,
        "product": {"maker": product.maker, "name": product.name, "version": product.version},
        "sent_since": procedure.opened_at.isoformat(),
        "compared_at": at.isoformat(),
        "compared_by": actor,
        "equal": found.is_equal,
        "outdated": False,
        "digest": digest.hex(),
        "counts": found.counts(),
        "pairs": [
            {
                "message_type": each.pair.message_type,
                "version": each.pair.version,
                "counts": {str(outcome): number for outcome, number in sorted(each.counts.items())},
                "good": each.is_good,
            }
            for each in found.pairs
        ],
        "messages": [_message(entry) for entry in found.entries],
        "not_compared": [english for _, english in NOT_COMPARED],
    }


def write_report(report: Report) -> bytes:
    """Return a report as it is stored."""
    return json.dumps(report, ensure_ascii=False).encode()


def read_report(stored: bytes, *, outdated: bool) -> Report:
    """Return a stored report. In: whether anything that it compares has changed since."""
    report: dict[str, Any] = json.loads(stored)
    return {**report, "outdated": outdated}


def _message(entry: Entry) -> dict[str, Any]:
    return {
        "uuid": entry.uuid,
        "message_type": entry.message_type,
        "version": entry.pair.version,
        "outcome": str(entry.outcome),
        "file": entry.file,
        "sent_at": None if entry.sent_at is None else entry.sent_at.isoformat(),
        "refused": entry.refused,
        "reason": entry.reason,
        "differences": [asdict(each) for each in entry.differences],
    }
