"""Installing a package: offline, checked before anything changes, unchanged files, ours replaced."""

import shutil
import socket
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from schemas.catalog import Catalog, SchemaLocationError, schema_parser
from schemas.codes import CodeLists
from schemas.folders import ContractFolder
from schemas.install import (
    InstallError,
    install_package,
)
from schemas.model import XS
from schemas.paths import ROOT, code_list_dir
from schemas.registry import SchemaRegistry
from schemas.violations import ContractError, ViolationKind
from tests.support.xsdgen import generate

DAY = date(2026, 11, 24)
NS = "http://www.osci.de/xauslaender2611"
ANSWER = f"{{{NS}}}ABHBAMF.VerpflichtungErsetztBerechtigung.Antwort.070007"


def _package(folder: Path) -> Path:
    """Make a package as publishers do: flat folders, imports by absolute URL, lists of any file name."""
    source = folder / "package"
    for file in ROOT.rglob("*.xsd"):
        if {"anbindung", "bva", "dienst"} & {*file.parts}:
            continue
        document = etree.parse(file)
        for node in document.iter(f"{XS}import"):
            name = node.get("schemaLocation", "").rpartition("/")[2]
            node.set("schemaLocation", f"http://publisher.example/{node.get('namespace')}/{name}")
        place = source / file.relative_to(ROOT).parts[0] / file.name
        place.parent.mkdir(parents=True, exist_ok=True)
        document.write(place, encoding="UTF-8", xml_declaration=True)
    (source / "lists").mkdir()
    shutil.copy(code_list_dir() / "staatsangehoerigkeit_2024-08-01.xml", source / "lists/Irgend ein Name.xml")
    (source / "LIESMICH.txt").write_text("nicht lesen", encoding="utf-8")
    return source


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return _package(tmp_path)


def _document(registry: SchemaRegistry) -> etree._Element:
    folder = ContractFolder.read(ROOT / "xauslaender/2611/contract.toml")
    return next(document for _, document in generate(folder, ANSWER, registry.code_lists))


def test_package_replaces_the_bundled_contract(package: Path, tmp_path: Path) -> None:
    changed = package / "xauslaender/xauslaender-nachrichten-bamf-abh.xsd"
    text = changed.read_text(encoding="utf-8")
    changed.write_text(text.replace('name="entscheidung"', 'name="entschluss"'), encoding="utf-8")
    installed = install_package(package, tmp_path / "var/schemas")
    assert installed.namespaces == (NS, "http://www.osci.de/xinneres/rueckweisung/6")
    assert installed.messages == 31
    registry = SchemaRegistry.load(installed=tmp_path / "var/schemas")
    document = _document(registry)
    (violation,) = registry.check(registry.identify(document, DAY), document)
    assert (violation.expected, violation.found) == ("entschluss", "entscheidung")
    document.find(f"{{{NS}}}entscheidung").tag = f"{{{NS}}}entschluss"  # type: ignore[union-attr]
    assert registry.check(registry.identify(document, DAY), document) == ()


def test_files_are_copied_unchanged(package: Path, tmp_path: Path) -> None:
    install_package(package, tmp_path / "target")
    copies = {path.name: path.read_bytes() for path in (tmp_path / "target").rglob("*.xsd")}
    originals = {path.name: path.read_bytes() for path in package.rglob("*.xsd")}
    assert copies == originals


def test_installing_twice_leaves_one_copy(package: Path, tmp_path: Path) -> None:
    install_package(package, tmp_path / "target")
    before = sorted(path.relative_to(tmp_path) for path in (tmp_path / "target").rglob("*"))
    install_package(package, tmp_path / "target")
    assert sorted(path.relative_to(tmp_path) for path in (tmp_path / "target").rglob("*")) == before


def test_installed_excerpt_becomes_a_complete_list(package: Path, tmp_path: Path) -> None:
    installed = install_package(package, tmp_path / "target")
    (canonical,) = installed.code_lists
    uri, _, version = canonical.rpartition("_")
    assert CodeLists.load().judge(uri, version, "888") is None
    lists = CodeLists.load(installed=tmp_path / "target")
    assert lists.judge(uri, version, "888") is ViolationKind.UNKNOWN_CODE
    assert lists.judge(uri, version, "163") is None


def test_lists_alone_may_be_installed(tmp_path: Path) -> None:
    source = tmp_path / "lists"
    source.mkdir()
    shutil.copy(code_list_dir() / "geschlecht_1.xml", source)
    installed = install_package(source, tmp_path / "target")
    assert installed.namespaces == ()
    assert installed.code_lists == ("urn:xoev-de:xinneres:codeliste:geschlecht_1",)


def test_served_days_can_be_given(package: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    install_package(package, target, served_from=date(2026, 10, 1), served_until=date(2027, 4, 30))
    contract = next(c for c in SchemaRegistry.load(installed=target).contracts() if c.root == ANSWER)
    assert (contract.served_from, contract.served_until) == (date(2026, 10, 1), date(2027, 4, 30))


def test_next_version_stands_beside_the_bundled_one(package: Path, tmp_path: Path) -> None:
    for file in package.rglob("*.xsd"):
        text = file.read_text(encoding="utf-8").replace("xauslaender2611", "xauslaender2705")
        file.write_text(text.replace('fixed="26.11"', 'fixed="27.05"'), encoding="utf-8")
    install_package(package, tmp_path / "target")
    registry = SchemaRegistry.load(installed=tmp_path / "target")
    versions = {c.version: c.served_from for c in registry.contracts() if c.standard == "XAusländer"}
    assert versions == {"26.11": date(2026, 11, 1), "27.05": date(2027, 5, 1)}
    for namespace, kind in (("2611", ViolationKind.UNKNOWN_ROOT), ("2805", ViolationKind.VERSION_NOT_SERVED)):
        with pytest.raises(ContractError) as caught:
            registry.identify(etree.Element(f"{{http://www.osci.de/xauslaender{namespace}}}a"), DAY)
        assert caught.value.violation.kind is kind


def _remove_imported(package: Path) -> None:
    (package / "xinneres/xinneres-datum.xsd").unlink()


def _double_imported(package: Path) -> None:
    shutil.copytree(package / "xinneres", package / "again")


def _break_schema(package: Path) -> None:
    file = package / "xinneres/xinneres-datum.xsd"
    file.write_text(file.read_text(encoding="utf-8").replace("xs:gYear", "xs:gJahr"), encoding="utf-8")


def _break_xml(package: Path) -> None:
    (package / "xinneres/xinneres-datum.xsd").write_text("<xs:schema", encoding="utf-8")


def _break_list(package: Path) -> None:
    file = package / "lists/Irgend ein Name.xml"
    file.write_text(
        file.read_text(encoding="utf-8").replace("ColumnRef Ref", "ColumnRef Rev"), encoding="utf-8"
    )


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (_remove_imported, "no file of namespace http://www.osci.de/xinneres/datum/2"),
        (_double_imported, "more than one file"),
        (_break_schema, "gJahr"),
        (_break_xml, "xinneres-datum.xsd"),
        (_break_list, "exactly one column"),
    ],
)
def test_broken_package_changes_nothing(spoil: object, reason: str, package: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    install_package(package, target)
    before = {path: path.read_bytes() for path in target.rglob("*") if path.is_file()}
    spoil(package)  # type: ignore[operator]
    with pytest.raises(InstallError, match=reason):
        install_package(package, target)
    assert {path: path.read_bytes() for path in target.rglob("*") if path.is_file()} == before


def test_empty_or_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InstallError, match="neither schema files nor code lists"):
        install_package(tmp_path, tmp_path / "target")
    with pytest.raises(InstallError, match="no such folder"):
        install_package(tmp_path / "none", tmp_path / "target")


def test_location_outside_the_package_is_never_fetched(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as publisher:
        publisher.setblocking(False)
        location = f"http://127.0.0.1:{publisher.getsockname()[1]}/x.xsd"
        schema = tmp_path / "a.xsd"
        schema.write_text(
            '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">'
            f'<xs:import namespace="urn:x" schemaLocation="{location}"/></xs:schema>',
            encoding="utf-8",
        )
        # Whether libxml2 then raises or leaves the import out hangs on what else failed in this process.
        with suppress(etree.XMLSchemaParseError):
            etree.XMLSchema(etree.parse(schema, schema_parser(Catalog({}))))
        with pytest.raises(SchemaLocationError, match="no local file"):
            Catalog({}).locate(location, schema)
        with pytest.raises(BlockingIOError):
            publisher.accept()


def test_catalog_must_stay_in_its_folder(tmp_path: Path) -> None:
    (tmp_path / "catalog.xml").write_text(
        '<catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog">'
        '<uri name="u" uri="../x.xsd"/></catalog>',
        encoding="utf-8",
    )
    with pytest.raises(SchemaLocationError, match="leads out of the folder"):
        Catalog.of_folder(tmp_path)


def test_lists_can_be_listed() -> None:
    assert len(SchemaRegistry.load().code_lists.lists()) == len(list(code_list_dir().glob("*.xml")))
