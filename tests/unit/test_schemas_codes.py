"""Which codes pass: complete lists by version, excerpts by shape, installed lists first."""

import shutil
from pathlib import Path

import pytest

from schemas.codes import CodeLists, Extent
from schemas.paths import code_list_dir
from schemas.violations import ViolationKind

ART = "urn:de:xauslaender:codelist:bamfabh:integration:artberechtigung"
TITLE = "urn:de:xauslaender:codelist:integration:aufenthaltstitel"
NATIONALITY = "urn:de:bund:destatis:bevoelkerungsstatistik:schluessel:staatsangehoerigkeit"
TERRITORY = "urn:de:bund:destatis:bevoelkerungsstatistik:schluessel:staatsgebiete"


@pytest.mark.parametrize(
    ("uri", "version", "code", "verdict"),
    [
        (ART, "8", "1a", None),
        (ART, "8", "9", ViolationKind.UNKNOWN_CODE),
        (ART, "7", "1a", ViolationKind.UNKNOWN_LIST_VERSION),
        (ART, None, "1a", ViolationKind.UNKNOWN_LIST_VERSION),
        (TITLE, "19", "AERL-STAT-510", None),
        (TITLE, "19", "AERL-STAT-999", None),
        (TITLE, "20", "EU-Angehörige-03", None),
        (TITLE, "19", "kein Titel", ViolationKind.UNKNOWN_CODE),
        (TITLE, "19", "", ViolationKind.UNKNOWN_CODE),
        (NATIONALITY, "2027-01-01", "163", None),
        (NATIONALITY, "2027-01-01", "TR", ViolationKind.UNKNOWN_CODE),
        (TERRITORY, "1", "163", None),
        (TERRITORY, "1", "Türkei", ViolationKind.UNKNOWN_CODE),
        ("urn:example:other", "1", "anything goes", None),
        ("urn:example:other", "1", "", ViolationKind.UNKNOWN_CODE),
    ],
)
def test_bundled_lists(uri: str, version: str | None, code: str, verdict: ViolationKind | None) -> None:
    assert CodeLists.load().judge(uri, version, code) is verdict


def _install(folder: Path, source: str, **replace: str) -> None:
    text = (code_list_dir() / source).read_text(encoding="utf-8")
    for old, new in replace.items():
        text = text.replace(old, new)
    folder.mkdir(exist_ok=True)
    (folder / source).write_text(text, encoding="utf-8")


def test_installed_list_ends_the_excerpt(tmp_path: Path) -> None:
    _install(tmp_path / "codelists", "aufenthaltstitel_19.xml", AKN="NEU-1")
    lists = CodeLists.load(installed=tmp_path)
    assert lists.judge(TITLE, "19", "NEU-1") is None
    assert lists.judge(TITLE, "19", "AERL-STAT-999") is ViolationKind.UNKNOWN_CODE
    assert lists.judge(TITLE, "18", "NEU-1") is ViolationKind.UNKNOWN_LIST_VERSION
    held = [one for one in lists.lists() if one.codes.uri == TITLE]
    assert [one.extent for one in held] == [Extent.COMPLETE]


def test_installed_version_stands_beside_the_bundled_one(tmp_path: Path) -> None:
    text = (code_list_dir() / "artberechtigung_8.xml").read_text(encoding="utf-8")
    newer = text.replace("<Version>8<", "<Version>9<").replace(">2<", ">10<")
    (tmp_path / "a.xml").write_text(newer, encoding="utf-8")
    lists = CodeLists.load(installed=tmp_path)
    assert lists.judge(ART, "8", "2") is None
    assert lists.judge(ART, "9", "10") is None
    assert lists.judge(ART, "9", "2") is ViolationKind.UNKNOWN_CODE


def test_a_catalog_is_no_list(tmp_path: Path) -> None:
    (tmp_path / "catalog.xml").write_text("<catalog/>", encoding="utf-8")
    shutil.copy(code_list_dir() / "geschlecht_1.xml", tmp_path)
    assert (
        CodeLists.load(installed=tmp_path).judge("urn:xoev-de:xinneres:codeliste:geschlecht", "1", "w")
        is None
    )


def test_text_of_a_code() -> None:
    lists = CodeLists.load()
    assert lists.text(ART, "8", "6") == "Wiederholung des Kurses"
    assert lists.text(ART, "8", "99") is None
    assert lists.text(ART, "1", "6") is None
    assert lists.expected(ART) == f"{ART} (version 8)"
    assert lists.expected("urn:example:other") == "urn:example:other"
