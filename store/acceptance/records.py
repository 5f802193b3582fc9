"""What an acceptance store takes and gives."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from store.records_batch import DeliverySequence


class KeptState(StrEnum):
    """How far a delivery is: accepted here, in the core store, refused by the core."""

    ACCEPTED = "ACCEPTED"
    DRAINED = "DRAINED"
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True)
class Arrived:
    """A delivery as it came: what its signed manifest says, by which door, from where, and when.

    `in_doubt` tells that the core store went away while it committed this one: it may have it, with a receipt
    that never left.
    """

    party_id: str
    uuid: str
    content_hash: bytes
    number: int
    package: int
    last: bool
    records: int
    size: int
    door: str
    peer: str | None
    received_at: datetime
    in_doubt: bool = False

    @property
    def sequence(self) -> DeliverySequence:
        """Return how far the numbers of its sender are with it."""
        return DeliverySequence(self.party_id, self.number, self.package, self.last)


@dataclass(frozen=True, slots=True)
class KeptDelivery:
    """A delivery in the acceptance store, and the receipt its sender got.

    `ready_at` is when the core store may be tried (again), `early_since` since when its number does not
    follow on there. `attempts` counts tries; `holder` and `lease_until` tell who is trying. `code` and
    `details` are those of the refusal of one REFUSED, else of the last try that failed.
    """

    id: int
    state: KeptState
    arrived: Arrived
    accepted_at: datetime
    receipt: bytes
    ready_at: datetime
    early_since: datetime | None
    attempts: int
    holder: str | None
    lease_until: datetime | None
    settled_at: datetime | None
    code: str | None
    details: Mapping[str, str]


class KeptCount(NamedTuple):
    """How many deliveries are in a state, and when the oldest of them came."""

    state: str
    deliveries: int
    since: datetime


class Limits(NamedTuple):
    """How many octets the content of deliveries may take, and how many of the disk have to stay free.

    A disk is seen by who writes to it, so the second counts for SQLite only.
    """

    at_most: int
    stay_free: int


class Room(NamedTuple):
    """How many octets the content of deliveries takes, and how many the disk has left (None: not seen)."""

    taken: int
    free: int | None
    limits: Limits

    @property
    def is_full(self) -> bool:
        """Tell whether nothing of any size worth sending would fit: less than a hundredth is left."""
        limits = self.limits
        return self.taken >= limits.at_most - limits.at_most // 100 or self.is_disk_short

    @property
    def is_disk_short(self) -> bool:
        """Tell whether less of the disk is free than has to stay so."""
        return self.free is not None and self.free < self.limits.stay_free
