"""The frame of every message: root attributes, message header, postal addresses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar, Protocol

from messages.binding import Attr, El, remembering
from messages.namespaces import VERSION
from messages.values import (
    Anschrift,
    Ansprechpartner,
    BehoerdeG2G,
    Code,
    Gebaeudeanschrift,
    Postfachanschrift,
)

_IDENTIFICATION = "identifikation.nachricht"


@dataclass(frozen=True, slots=True)
class Nachrichtenkopf:
    """The message header. ``erstellungszeitpunkt`` is aware and written with milliseconds and zone."""

    nachrichten_uuid: Annotated[str, El("nachrichtenUUID", None, inside=_IDENTIFICATION)]
    nachrichtentyp: Annotated[Code, El("nachrichtentyp", None, inside=_IDENTIFICATION)]
    erstellungszeitpunkt: Annotated[datetime, El("erstellungszeitpunkt", None, inside=_IDENTIFICATION)]
    leser: Annotated[BehoerdeG2G, El("leser", None)]
    autor: Annotated[BehoerdeG2G, El("autor", None, remembering(BehoerdeG2G))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grundrahmen:
    """What all messages of the XInneres family share.

    ``test`` None: for productive processing; any other value, even an empty one: a test message.
    """

    produkt: Annotated[str, Attr("produkt")]
    produkthersteller: Annotated[str, Attr("produkthersteller")]
    produktversion: Annotated[str | None, Attr("produktversion")] = None
    test: Annotated[str | None, Attr("test")] = None
    kopf: Annotated[Nachrichtenkopf, El("nachrichtenkopf.g2g", None)]
    anschrift_leser: Annotated[Gebaeudeanschrift | Postfachanschrift | None, El("anschrift.leser", None)] = (
        None
    )
    anschrift_autor: Annotated[
        Gebaeudeanschrift | Postfachanschrift, El("anschrift.autor", None, remembering(Anschrift))
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fachrahmen(Grundrahmen):
    """What the frames of XAusländer share.

    ``version`` is the version of the standard the message is written in; an answer has that of its question.
    ``ausloeser_uuid`` is the UUID of the message that is answered.
    """

    version: Annotated[str, Attr("version")] = VERSION
    ausloeser_uuid: Annotated[str | None, El("ausloeserUUID")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rahmen(Fachrahmen):
    """The frame of group 07."""

    ansprechpartner: Annotated[Ansprechpartner | None, El("ansprechpartner")] = None
    ihr_zeichen: Annotated[str | None, El("ihrZeichen")] = None


class Message(Protocol):
    """What every message class offers; ``root`` is the Clark name of its root element."""

    message_type: ClassVar[str]
    root: ClassVar[str]
    standard: ClassVar[str]
    version: ClassVar[str]

    @property
    def rahmen(self) -> Any:
        """The frame: a `Grundrahmen` of the XInneres family; a record of a delivery has one of its own."""
        ...
