"""Who writes in which version of the standard: read from the decisions about what was sent."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import distinct, func, select

from store.reader import Reader
from store.schema import decision


@dataclass(frozen=True, slots=True)
class Sender:
    """A party, a version it wrote in ("XAusländer 26.11"), how many messages, and when the last one came."""

    version: str
    party_id: str
    messages: int
    last: datetime


def senders_since(reader: Reader, since: datetime) -> list[Sender]:
    """Return who wrote in which version since a moment, the latest first.

    Reads every decision that is kept: a question for an operator, not for the way of a message.
    """
    last = func.max(decision.c.received_at)
    found = reader.connection.execute(
        select(decision.c.schema_version, decision.c.party_id, func.count(distinct(decision.c.uuid)), last)
        .where(decision.c.received_at >= since)
        .group_by(decision.c.schema_version, decision.c.party_id)
        .order_by(last.desc(), decision.c.party_id)
    )
    return [Sender(*row) for row in found]
