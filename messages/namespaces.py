"""The XML namespaces of the messages and the prefix each is written with."""

from __future__ import annotations

from typing import Final

XAUSLAENDER: Final = "http://www.osci.de/xauslaender2611"
STANDARD: Final = "XAusländer"
VERSION: Final = "26.11"
RUECKWEISUNG: Final = "http://www.osci.de/xinneres/rueckweisung/6"
DIENST: Final = "urn:inge-gateway:dienst:1"
BVA: Final = "urn:inge-gateway:bva:1"
ANBINDUNG: Final = "urn:inge-gateway:anbindung:1"

PREFIXES: Final[dict[str, str]] = {
    XAUSLAENDER: "xauslaender",
    RUECKWEISUNG: "xirts",
    DIENST: "d",
    BVA: "bva",
    ANBINDUNG: "anb",
}
