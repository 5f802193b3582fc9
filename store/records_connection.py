"""What the store takes and gives of the connection of authorities."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple


class ConnectionState(StrEnum):
    """How far a product, a procedure or a confirmation is.

    WITHDRAWN ends each of them, ABANDONED a procedure that nobody went on with.
    """

    PRODUCT_ADAPTED = "PRODUCT_ADAPTED"
    PRODUCT_ACCEPTED = "PRODUCT_ACCEPTED"
    AUTHORITY_REGISTERED = "AUTHORITY_REGISTERED"
    TEST_SENT = "TEST_SENT"
    COMPARED_DIFFERENT = "COMPARED_DIFFERENT"
    COMPARED_EQUAL = "COMPARED_EQUAL"
    CONFIRMED = "CONFIRMED"
    PRODUCTIVE = "PRODUCTIVE"
    WITHDRAWN = "WITHDRAWN"
    ABANDONED = "ABANDONED"


_PART_OF: Final = {"200002": "200001"}


class Pair(NamedTuple):
    """A message type in a version of its standard: ("070001", "XAusländer 26.11")."""

    message_type: str
    version: str

    @classmethod
    def covering(cls, message_type: str, version: str) -> "Pair":
        """Return what a message is connected by: a record of a delivery is by its manifest."""
        return cls(_PART_OF.get(message_type, message_type), version)

    def types(self) -> frozenset[str]:
        """Return the message types that are connected by this one."""
        parts = {part for part, whole in _PART_OF.items() if whole == self.message_type}
        return frozenset({self.message_type, *parts})

    def __str__(self) -> str:
        return f"{self.message_type} in {self.version}"


@dataclass(frozen=True, slots=True)
class Product:
    """A software product in one version, as the frames of its messages name it."""

    id: int
    maker: str
    name: str
    version: str
    state: str = ConnectionState.PRODUCT_ADAPTED

    def __str__(self) -> str:
        return f"{self.name} {self.version} ({self.maker})"


@dataclass(frozen=True, slots=True)
class Procedure:
    """The connection of an authority that uses a product, for some message types and versions.

    `revision` grows with every change of what is compared. Sent test data count from `opened_at` on.
    """

    id: int
    kennung: str
    product_id: int
    state: str
    revision: int
    opened_at: datetime
    ended_at: datetime | None = None
    scope: frozenset[Pair] = frozenset()


@dataclass(frozen=True, slots=True)
class Supplied:
    """A message as it was given separately; `document` is its canonical form, None when it is gone."""

    uuid: str
    file: str
    message_type: str
    version: str
    digest: bytes
    document: bytes | None = None

    @property
    def pair(self) -> Pair:
        """Return what it is connected by."""
        return Pair.covering(self.message_type, self.version)


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that an authority sent electronically and that was taken in."""

    uuid: str
    message_type: str
    version: str
    digest: bytes
    at: datetime

    @property
    def pair(self) -> Pair:
        """Return what it is connected by."""
        return Pair.covering(self.message_type, self.version)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A sent message that is no test data, by whose word and why."""

    uuid: str
    reason: str
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class StoredComparison:
    """A comparison of one revision; `sent_digest` tells what had been sent, `digest` all that was compared.

    `report` is None when it is gone.
    """

    id: int
    procedure_id: int
    revision: int
    equal: bool
    counts: Mapping[str, int]
    sent_digest: bytes
    digest: bytes
    actor: str
    at: datetime
    report: bytes | None = None


@dataclass(frozen=True, slots=True)
class Confirmation:
    """That an authority with a product may send some message types and versions productively.

    `document` is the signed file: None before it was exported. `procedure_id` is None where it was imported.
    `import_until` is the last day on which the file counts.
    """

    uuid: str
    kennung: str
    maker: str
    product: str
    product_version: str
    scope: frozenset[Pair]
    state: str
    confirmed_at: datetime
    confirmed_by: str
    import_until: date
    procedure_id: int | None = None
    document: bytes | None = None
    signer_fingerprint: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A row of history. `kind` is "product", "procedure" or "confirmation", `subject` its id or UUID."""

    id: int
    kind: str
    subject: str
    step: str
    before: str | None
    after: str
    at: datetime
    actor: str
    reason: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
