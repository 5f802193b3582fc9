"""What the store takes and gives about deferred work."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class WorkState(StrEnum):
    """What a row of deferred work waits for: a worker, the end of one's lease, the operator."""

    READY = "READY"
    RUNNING = "RUNNING"
    DEAD = "DEAD"


@dataclass(frozen=True, slots=True)
class WorkRow:
    """Something that is to be done after the message that asked for it.

    `subject` is the id of what it is about and `facts` what else the handler needs, nothing of a person.
    `holder`, `attempts` and `lease_until` tell who does it, the how manieth time, and how long others keep
    off. `last_code` and `last_place` tell how the attempt before ended, without the error's text.
    """

    id: int
    kind: str
    subject: int | None
    facts: Mapping[str, Any]
    state: str
    ready_at: datetime
    attempts: int
    holder: str | None
    lease_until: datetime | None
    enqueued_at: datetime
    last_code: str | None = None
    last_place: str | None = None
