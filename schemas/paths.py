"""Where the bundled files lie, so that nobody else spells out their paths."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent


def contract_files() -> list[Path]:
    """Return the `contract.toml` of every bundled contract, sorted by path."""
    return sorted(ROOT.rglob("contract.toml"))


def schema_files() -> list[Path]:
    """Return every bundled XSD file, sorted by path."""
    return sorted(ROOT.rglob("*.xsd"))


def code_list_dir() -> Path:
    """Return the folder of the bundled code lists (Genericode files and `lists.toml`)."""
    return ROOT / "codelists"


def dienst_xsd() -> Path:
    """Return the schema file of the gateway's own envelope elements (`fehler`, `quittung`, answers)."""
    return ROOT / "dienst" / "1" / "inge-dienst.xsd"


def dienst_wsdl() -> Path:
    """Return the place of the hand-kept WSDL beside the service schema."""
    return ROOT / "dienst" / "1" / "inge-dienst.wsdl"


def bva_xsd() -> Path:
    """Return the schema file of deliveries by the Federal Administration Office."""
    return ROOT / "bva" / "1" / "inge-bva.xsd"


def xauslaender_xsd() -> Path:
    """Return the schema file of the message group ABH-BAMF of XAusländer 26.11."""
    return ROOT / "xauslaender" / "2611" / "xauslaender-nachrichten-bamf-abh.xsd"


def rueckweisung_xsd() -> Path:
    """Return the schema file of the rejection 0010 of XInneres."""
    return ROOT / "xinneres" / "rueckweisung" / "6" / "xinneres-rueckweisung.xsd"
