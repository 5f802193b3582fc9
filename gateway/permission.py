"""What a party may send here, by what the frame of its message says.

One list for the messages that are processed, which are refused by the first objection, and for documents that
are only checked, whose senders hear of all.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from gateway.settings import Settings
from messages.errors import GatewayError
from messages.frame import Fachrahmen
from schemas.registry import Contract
from schemas.violations import shown_code
from store.records import PartyRecord

READER = "nachrichtenkopf.g2g/leser/kennung"
AUTHOR = "nachrichtenkopf.g2g/autor/kennung"
MESSAGE_UUID = "nachrichtenkopf.g2g/identifikation.nachricht/nachrichtenUUID"
TYPE = "nachrichtenkopf.g2g/identifikation.nachricht/nachrichtentyp/code"


@dataclass(frozen=True, slots=True)
class Claims:
    """What a message says of itself: whom it is for, its type, whether it is a test (presence counts)."""

    reader: str
    message_type: str
    test: str | None

    @classmethod
    def of_frame(cls, frame: Fachrahmen) -> "Claims":
        """Return those of a message that keeps its contract."""
        return cls(frame.kopf.leser.kennung, frame.kopf.nachrichtentyp.code, frame.test)

    @classmethod
    def of_element(cls, element: etree._Element) -> "Claims":
        """Return those of a document that may be broken; what is missing is empty."""
        return cls(text_at(element, READER), text_at(element, TYPE), element.get("test"))


def text_at(element: etree._Element, place: str) -> str:
    """Return the text of an element of the frame without blanks around it, empty if there is none."""
    return (element.findtext(place) or "").strip()


def objections(
    claims: Claims, contract: Contract, party: PartyRecord, settings: Settings
) -> Iterator[GatewayError]:
    """Yield whatever speaks against taking a message of this contract from this party, the gravest first."""
    message_type = contract.message_type
    if claims.reader != settings.kennung:
        yield GatewayError("T080", details={"expected": settings.kennung})
    environment = wrong_environment(claims.test, settings)
    if environment is not None:
        yield environment
    if claims.message_type != message_type:
        yield GatewayError(
            "S999.type-mismatch",
            details={"found": shown_code(claims.message_type), "expected": message_type},
        )
    if message_type not in party.allowed_types:
        yield GatewayError("T070.type-not-allowed", details={"message_type": message_type})
    if contract.version_name not in party.versions:
        yield GatewayError("T070.version-not-confirmed", details={"version": contract.version_name})
    if not settings.is_test and (message_type, contract.version_name) not in party.connected:
        yield GatewayError(
            "T070.not-connected", details={"message_type": message_type, "version": contract.version_name}
        )


def wrong_environment(test: str | None, settings: Settings) -> GatewayError | None:
    """Return the refusal of a test document in a productive environment, and of the reverse."""
    if (test is not None) != settings.is_test:
        return GatewayError("S999.test-attribute")
    return None
