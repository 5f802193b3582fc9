"""The code lists of the messages: URI and version by a short name, and a helper that makes codes of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from messages.values import Code


@dataclass(frozen=True, slots=True)
class CodeList:
    """A code list and the version we write.

    ``write_version`` and ``write_uri`` say what the document must name: nothing where the schema enumerates
    the codes (binding type 1), the version for type 3, both for type 4.
    """

    uri: str
    version: str
    write_uri: bool = False
    write_version: bool = True


LISTS: Final[Mapping[str, CodeList]] = MappingProxyType(
    {
        "ablehnungsgrund": CodeList("urn:de:bund:bamf:codelist:integration:ablehnungsgrund", "10"),
        "art": CodeList("urn:de:xauslaender:codelist:bamfabh:integration:artberechtigung", "8"),
        "dublette": CodeList("urn:de:xauslaender:codelist:bamfabh:int:dublettenmeldung", "7"),
        "nachfragegrund": CodeList("urn:de:bund:bamf:codelist:integration:nachfragegrund", "3"),
        "information": CodeList("urn:de:xauslaender:codelist:int:informationberechtigungverpflichtung", "8"),
        "aufenthaltstitel": CodeList("urn:de:xauslaender:codelist:integration:aufenthaltstitel", "19"),
        "personenstatus": CodeList("urn:inge-gateway:codeliste:bva:personenstatus", "1", write_version=False),
        "geschlecht": CodeList("urn:xoev-de:xinneres:codeliste:geschlecht", "1"),
        "staatsangehoerigkeit": CodeList(
            "urn:de:bund:destatis:bevoelkerungsstatistik:schluessel:staatsangehoerigkeit", "2024-08-01"
        ),
        "kursart": CodeList("urn:de:xauslaender:codelist:bamfabh:int:kursart", "4"),
        "kursabschnitt": CodeList("urn:de:xauslaender:codelist:bamfabh:int:kursabschnitt", "4"),
        "schein": CodeList("urn:de:xauslaender:codelist:bamfabh:int:informationberechtigungsschein", "3"),
        "auskunft-nicht-moeglich": CodeList(
            "urn:de:xauslaender:codelist:bamfabh:int:auskunftnichtmoeglich", "3"
        ),
        "uebernahme-nicht-moeglich": CodeList("urn:xoev-de:bamf:codeliste:int.uebernahmenichtmoeglich", "1"),
        "testart": CodeList("urn:de:xauslaender:codelist:int:abschlusstestartsprache", "1"),
        "testergebnis": CodeList("urn:de:xauslaender:codelist:int:abschlusstestdatensprache", "1"),
        "testteil": CodeList("urn:de:xauslaender:codelist:int:abschlusstestergebnisinterpretation", "1"),
        "behoerdentyp": CodeList("urn:de:xauslaender:codelist:int:behoerdentyp", "3"),
        "dienststelle": CodeList("urn:de:bund:ba:codelist:integration:ba.dienststellen", "45"),
        "erreichbarkeit": CodeList("urn:de:xoev:codeliste:erreichbarkeit", "3"),
        "verzeichnisdienst": CodeList("urn:xoev-de:kosit:codeliste:verzeichnisdienst", "3"),
        "dvdv-praefix": CodeList("urn:xoev-de:bund:bmi:bit:codeliste:dvdv.praefix", "51", write_uri=True),
        "nachrichtentyp": CodeList("urn:de:xauslaender:codelist:nachrichtentyp", "19", write_version=False),
        "nachrichtentyp-xinneres": CodeList(
            "urn:de:xinneres:codeliste:nachrichtentyp", "4", write_version=False
        ),
        "fehlercodes": CodeList("urn:de:xinneres:codeliste:fehlercodes", "3", write_version=False),
        "fehler-spezifisch": CodeList("urn:inge-gateway:codeliste:fehler", "1", write_uri=True),
    }
)


@lru_cache(1024)
def code(short_name: str, value: str, *, full: bool = False) -> Code:
    """The code ``value`` of a list of `LISTS`, with as much of the list as the schema asks for.

    ``full`` names list and version in any case. Raises KeyError for an unknown list.
    """
    code_list = LISTS[short_name]
    return Code(
        value,
        code_list.uri if full or code_list.write_uri else None,
        code_list.version if full or code_list.write_version else None,
    )


def message_type(number: str) -> Code:
    """The code of a message type for the header: "0010" belongs to XInneres, six digits to XAusländer."""
    return code("nachrichtentyp-xinneres" if len(number) == 4 else "nachrichtentyp", number)


def xinneres_error(value: str) -> Code:
    """A code of the XInneres error list, as a rejection names it."""
    return code("fehlercodes", value)


def specific_error(value: str) -> Code:
    """One of our own error codes, as a rejection names it (grundSpezifisch)."""
    return code("fehler-spezifisch", value)
