"""The bundled code lists: form, extent, and that every list a code type names is accounted for."""

import tomllib
from pathlib import Path

import pytest
from lxml import etree

from schemas.codes import CodeLists, Extent
from schemas.genericode import read_code_list
from schemas.model import XS
from schemas.paths import code_list_dir, schema_files

LISTS = CodeLists.load()
SIDECAR = tomllib.loads((code_list_dir() / "lists.toml").read_text(encoding="utf-8"))["list"]
FILES = sorted(code_list_dir().glob("*.xml"))


def test_every_file_is_marked_complete_or_excerpt() -> None:
    marked = {entry["file"]: entry["extent"] for entry in SIDECAR if "file" in entry}
    assert set(marked) == {path.name for path in FILES}
    assert set(marked.values()) == {"complete", "excerpt"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_file_is_genericode_with_canonical_version(path: Path) -> None:
    codes = read_code_list(path)
    root = etree.parse(path).getroot()
    assert root.findtext("Identification/CanonicalVersionUri") == f"{codes.uri}_{codes.version}"
    assert path.stem.endswith(f"_{codes.version}")
    assert codes.codes
    assert len(codes.codes) == len(root.findall("SimpleCodeList/Row"))
    assert all(text and len(text) <= 120 for text in codes.codes.values())


def test_every_list_of_a_code_type_is_known() -> None:
    named = {
        attribute.get("fixed", "")
        for path in schema_files()
        for attribute in etree.parse(path).iter(f"{XS}attribute")
        if attribute.get("name") == "listURI" and attribute.get("fixed")
    }
    known = {held.codes.uri for held in LISTS.lists()} | {entry["uri"] for entry in SIDECAR if "uri" in entry}
    assert len(named) >= 20
    assert named <= known


def test_enumerations_in_schemas_equal_the_complete_list() -> None:
    compared = 0
    for path in schema_files():
        for type_ in etree.parse(path).iter(f"{XS}complexType"):
            codes = {facet.get("value") for facet in type_.iter(f"{XS}enumeration")}
            uri = type_.find(f".//{XS}attribute[@name='listURI']")
            version = type_.find(f".//{XS}attribute[@name='listVersionID']")
            if codes and uri is not None and version is not None:
                held = next(
                    held
                    for held in LISTS.lists()
                    if (held.codes.uri, held.codes.version) == (uri.get("fixed"), version.get("fixed"))
                )
                assert codes == set(held.codes.codes), uri.get("fixed")
                compared += 1
    assert compared == 4


def test_excerpts_say_what_further_codes_look_like() -> None:
    excerpts = [held for held in LISTS.lists() if held.extent is Extent.EXCERPT]
    assert {held.codes.uri.rpartition(":")[2] for held in excerpts} == {
        "aufenthaltstitel",
        "staatsangehoerigkeit",
        "dvdv.praefix",
        "ba.dienststellen",
    }
    for held in excerpts:
        assert all(held.code_pattern.fullmatch(code) for code in held.codes.codes)
        assert not held.code_pattern.fullmatch("zwei Wörter")
