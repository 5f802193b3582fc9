"""The asynchronous rejection 0010 of XInneres (rueckweisung version 6)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar, Final

from messages.binding import El, Inline
from messages.codes import specific_error, xinneres_error
from messages.errors import GatewayError
from messages.frame import Grundrahmen, Nachrichtenkopf
from messages.namespaces import RUECKWEISUNG
from messages.values import Code, Erreichbarkeit, Gebaeudeanschrift, Postfachanschrift
from messages.violations import single_errors
from schemas.din91379 import is_datatype_c


@dataclass(frozen=True, slots=True)
class GrundSpezifisch:
    """The rejecting side's own code and words."""

    fehlercode: Annotated[Code | None, El("fehlercode", None)]
    fehlerbeschreibung: Annotated[str | None, El("fehlerbeschreibung", None)]


@dataclass(frozen=True, slots=True)
class Rueckweisungsgrund:
    """One reason: a code of the XInneres error list and what is said beyond it."""

    grund: Annotated[Code, El("grund", None)]
    grund_spezifisch: Annotated[tuple[GrundSpezifisch, ...], El("grundSpezifisch", None)] = ()


@dataclass(frozen=True, slots=True)
class RueckweisendeStelle:
    """The rejecting office, only when it is not the addressed reader."""

    pruefinstanz: Annotated[str, El("pruefinstanz", None)]
    anschrift: Annotated[Gebaeudeanschrift | Postfachanschrift, El("anschrift", None)]
    erreichbarkeit: Annotated[tuple[Erreichbarkeit, ...], El("erreichbarkeit", None)]


@dataclass(frozen=True, slots=True)
class Transportinformationen:
    """What identifies the transport envelope of the rejected message."""

    nachrichten_id: Annotated[str | None, El("nachrichtenId", None)] = None
    betreff: Annotated[str | None, El("betreff", None)] = None
    sendezeitpunkt: Annotated[datetime | None, El("sendezeitpunkt", None)] = None
    ergaenzende_hinweise: Annotated[str | None, El("ergaenzendeHinweise", None)] = None


@dataclass(frozen=True, slots=True)
class IdentifikationEreignis:
    """A single case of a batch: time and mark (1 to 100 characters)."""

    zeitpunkt: Annotated[datetime, El("ereignis.zeitpunkt", None)]
    zeichen: Annotated[str, El("ereignis.zeichen", None)]


@dataclass(frozen=True, slots=True)
class Einzelfall:
    """A single case of a batch that could not be processed."""

    identifikation_ereignis: Annotated[IdentifikationEreignis, El("identifikation.ereignis", None)]
    grund: Annotated[tuple[Rueckweisungsgrund, ...], El("grund", None)]


@dataclass(frozen=True, slots=True)
class IdentifikationNachricht:
    """Identification of the rejected message; the code must name list and version (binding type 4)."""

    nachrichten_uuid: Annotated[str, El("nachrichtenUUID", None)]
    nachrichtentyp: Annotated[Code, El("nachrichtentyp", None)]
    erstellungszeitpunkt: Annotated[datetime, El("erstellungszeitpunkt", None)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rueckweisung:
    """The content of the rejection; ``nachricht`` are the bytes of the rejected message."""

    rueckweisende_stelle: Annotated[RueckweisendeStelle | None, El("rueckweisendeStelle", None)] = None
    rueckweisungsgrund: Annotated[tuple[Rueckweisungsgrund, ...], El("rueckweisungsgrund", None)]
    transportinformationen: Annotated[Transportinformationen | None, El("transportinformationen", None)] = (
        None
    )
    einzelfaelle: Annotated[tuple[Einzelfall, ...], El("nichtVerarbeitbarerEinzelfall", None)] = ()
    id_nachricht: Annotated[IdentifikationNachricht | None, El("idNachricht", None)] = None
    nachricht: Annotated[bytes, El("nachricht", None)]


@dataclass(frozen=True, slots=True)
class Rueckweisung0010:
    """A rejection of a message that was not processed (XInneres, structure H.1)."""

    message_type: ClassVar[str] = "0010"
    root: ClassVar[str] = f"{{{RUECKWEISUNG}}}rueckweisung.asynchron.0010"
    standard: ClassVar[str] = "XInneres-Rueckweisung"
    version: ClassVar[str] = "6"

    rahmen: Annotated[Grundrahmen, Inline()]
    rueckweisung: Annotated[Rueckweisung, El("rueckweisung", None)]


def reasons(error: GatewayError) -> tuple[Rueckweisungsgrund, ...]:
    """The reasons of a rejection for ``error``, one per standard code, each with our code, text and path.

    Empty when the code has no place in the XInneres list: then no rejection can be sent.
    """
    by_standard: dict[str, list[GrundSpezifisch]] = {}
    for single in single_errors(error) or (error,):
        if single.entry.standard is not None:
            specific = GrundSpezifisch(specific_error(single.code), _writable(" ".join(_words(single))))
            by_standard.setdefault(single.entry.standard, []).append(specific)
    return tuple(
        Rueckweisungsgrund(xinneres_error(standard), tuple(specifics))
        for standard, specifics in by_standard.items()
    )


def _words(error: GatewayError) -> Iterator[str]:
    yield error.text_de
    if error.path:
        yield f"Stelle: {error.path}"
    if error.line:
        yield f"Zeile: {error.line}"


_WRITTEN: Final = str.maketrans({"–": "-", "…": "..."})


def _writable(text: str) -> str:
    """Return a text in the characters that the standard allows here.

    Names that others chose may stand in it, and the dashes of periods; our own texts keep to them.
    """
    return "".join(char if is_datatype_c(char) else "?" for char in text.translate(_WRITTEN))


def identification(kopf: Nachrichtenkopf, nachrichtentyp: Code) -> IdentifikationNachricht:
    """The identification of a schema-valid rejected message; ``nachrichtentyp`` with list and version."""
    return IdentifikationNachricht(kopf.nachrichten_uuid, nachrichtentyp, kopf.erstellungszeitpunkt)


MESSAGES: Final[tuple[type[Any], ...]] = (Rueckweisung0010,)
