"""What the pipeline hands back to a door: an answer after its commit, or a typed refusal."""

from dataclasses import dataclass

from messages.errors import GatewayError
from messages.versionsende import Versionsende
from store.records import PartyRecord


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, accepted or refused alike, as it was committed.

    `document` are the bytes that every delivery repeats; `repeated` tells a further delivery from the first.
    `root` is the Clark name of the document's root element: a message of the standard, our receipt, or the
    whole answer of a service operation. `ending` goes with the delivery: the version of the message ends.
    """

    document: bytes
    root: str
    message_type: str
    repeated: bool
    reason_code: str | None
    number: str | None
    row: str | None
    party: PartyRecord
    uuid: str
    ending: Versionsende | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A typed refusal; `fehler` is the serialised element of our service namespace."""

    error: GatewayError
    fehler: bytes
    party: PartyRecord | None
    uuid: str | None
