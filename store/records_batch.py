"""What the store takes and gives about deliveries of many records."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery: what its signed manifest says, how it came, and how far it is.

    `number` and `package` count without gaps, `last` tells that no package of the number follows. `records`,
    `size` and `sha256` are those of the records file; `chunks` is how many it was cut into. `stem` is what
    the UUIDs of its records begin with (24 hex digits). Without `accepted_at` it is still being taken in;
    `finished_at` is when its first result was made.
    """

    id: int
    party_id: str
    uuid: str
    content_hash: bytes
    number: int
    package: int
    last: bool
    stem: str
    records: int
    size: int
    sha256: bytes
    chunks: int
    door: str
    peer: str | None
    signer_fingerprint: str
    schema_version: str
    received_at: datetime
    accepted_at: datetime | None = None
    finished_at: datetime | None = None


class ChunkCounts(NamedTuple):
    """How the records of a chunk were answered: with a number, parked, refused, not readable at all."""

    accepted: int = 0
    parked: int = 0
    refused: int = 0
    faulty: int = 0


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive records of a delivery that commit together: `count` of them from position `first` (1…).

    `missed` tells that a result was made without it: what becomes of it belongs into an addendum.
    """

    delivery_id: int
    ordinal: int
    first: int
    count: int
    done_at: datetime | None
    missed: bool
    counts: ChunkCounts

    @property
    def positions(self) -> range:
        """Return the positions of its records."""
        return range(self.first, self.first + self.count)


@dataclass(frozen=True, slots=True)
class DeliveryProgress:
    """How far a delivery is: its chunks, those open, those missed by a result; its records by outcome."""

    chunks: int
    open: int
    missed: int
    records_done: int
    counts: ChunkCounts


@dataclass(frozen=True, slots=True)
class DeliverySequence:
    """The package that a party delivered last; (0, 0, last) before the first one."""

    party_id: str
    number: int
    package: int
    last: bool

    @property
    def expected(self) -> tuple[int, int]:
        """Return the number and the package that have to come next."""
        return (self.number + 1, 1) if self.last else (self.number, self.package + 1)


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """The signed note of a result of a delivery: 0 of all its records, from 1 on of later answers."""

    delivery_id: int
    addendum: int
    uuid: str
    document: bytes
    created_at: datetime
    first_fetched_at: datetime | None = None
    confirmed_at: datetime | None = None
