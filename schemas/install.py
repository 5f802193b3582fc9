"""Puts an official package in the place of our own schema files.

The files of a package are copied unchanged. Absolute schema locations are mapped to the copies by an XML
catalog written beside them, so nothing is fetched from the network, neither now nor at run time.
"""

import shutil
import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit
from xml.sax.saxutils import quoteattr

from lxml import etree

from schemas.catalog import CATALOG_NAME, CATALOG_NAMESPACE, Catalog, SchemaLocationError
from schemas.codes import CodeLists
from schemas.explain import ExplainerError
from schemas.folders import CONTRACT_FILE, ContractFileError, ContractFolder
from schemas.genericode import CodeListError, read_code_list
from schemas.model import XS, ComplexType, Message, SchemaModel, SchemaModelError
from schemas.paths import contract_files
from schemas.registry import CompiledContracts

CODE_LIST_FOLDER = "codelists"
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)


class InstallError(Exception):
    """A package cannot be installed; the message names the file and the reason. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class Installed:
    """What an installation put in place: namespaces of contracts, canonical URIs of list versions."""

    namespaces: tuple[str, ...]
    messages: int
    code_lists: tuple[str, ...]


def install_package(
    source: Path, target: Path, *, served_from: date | None = None, served_until: date | None = None
) -> Installed:
    """Install the schemas and code lists of an official package.

    In: the unpacked package (XSD and Genericode files in any folders, with or without a catalog); the
    folder for installed packages, which is made if missing; the days between which the contracts are
    served. Without `served_from` the bundled contract of the same namespace gives it, or a version of
    the form YY.MM (its first day). A package of the same namespace is replaced, other installed
    packages stay. Raises InstallError before anything is changed.
    """
    xsds, lists = _scan(source)
    if not xsds and not lists:
        raise InstallError(f"{source}: neither schema files nor code lists found")
    try:
        by_location = _locations(source, xsds)
        model = SchemaModel(sorted(xsds), Catalog(by_location)) if xsds else None
        with tempfile.TemporaryDirectory(dir=_made(target), prefix=".install-") as scratch:
            staged = Path(scratch)
            code_lists = _stage_lists(lists, staged / CODE_LIST_FOLDER)
            by_namespace = _by_namespace(model.messages() if model else [])
            for namespace, messages in by_namespace.items():
                entries = _entries(namespace, messages, xsds)
                folder = _stage_files(source, staged / _slug(namespace), entries, by_location)
                paths = [folder / entry.relative_to(source.resolve()) for entry in entries]
                contract = _contract_text(folder, namespace, messages[0], paths, served_from, served_until)
                (folder / CONTRACT_FILE).write_text(contract, encoding="utf-8")
                compiled = CompiledContracts(ContractFolder.read(folder / CONTRACT_FILE), CodeLists([], {}))
                compiled.explainer.prepare()
            _move(staged, target)
    except (
        SchemaLocationError,
        SchemaModelError,
        ContractFileError,
        CodeListError,
        ExplainerError,
        etree.XMLSyntaxError,
    ) as error:
        raise InstallError(str(error)) from error
    return Installed(tuple(by_namespace), sum(map(len, by_namespace.values())), tuple(code_lists))


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _scan(source: Path) -> tuple[dict[Path, str], list[Path]]:
    """Return the schema files with their target namespaces, and the Genericode files."""
    if not source.is_dir():
        raise InstallError(f"{source}: no such folder")
    xsds: dict[Path, str] = {}
    lists: list[Path] = []
    for path in sorted(source.resolve().rglob("*")):
        if path.suffix not in (".xsd", ".xml") or not path.is_file():
            continue
        try:
            root = etree.parse(path, _PARSER).getroot()
        except etree.XMLSyntaxError as error:
            raise InstallError(f"{path}: {error}") from error
        if root.tag == f"{XS}schema":
            xsds[path] = root.get("targetNamespace", "")
        elif etree.QName(root).localname == "CodeList":
            lists.append(path)
    return xsds, lists


def _locations(source: Path, xsds: dict[Path, str]) -> dict[str, Path]:
    """Map every absolute schema location in the package to a file of the package."""
    own = Catalog.of_folder(source.resolve()).entries
    found: dict[str, Path] = {}
    for path, namespace in xsds.items():
        for node in etree.parse(path, _PARSER).getroot().iterchildren(f"{XS}import", f"{XS}include"):
            location = node.get("schemaLocation", "")
            if not urlsplit(location).scheme:
                continue
            wanted = namespace if node.tag == f"{XS}include" else node.get("namespace", "")
            found[location] = own.get(location) or _by_name(path, location, wanted, xsds)
    return found


def _by_name(path: Path, location: str, namespace: str, xsds: dict[Path, str]) -> Path:
    candidates = [file for file, target in xsds.items() if target == namespace]
    same_name = [file for file in candidates if file.name == urlsplit(location).path.rpartition("/")[2]]
    fitting = same_name or candidates
    if len(fitting) != 1:
        problem = "no file" if not fitting else "more than one file"
        raise InstallError(f"{path}: {problem} of namespace {namespace} in the package for {location}")
    return fitting[0]


def _by_namespace(messages: list[Message]) -> dict[str, list[Message]]:
    found: dict[str, list[Message]] = {}
    for message in messages:
        found.setdefault(etree.QName(message.tag).namespace or "", []).append(message)
    return found


def _stage_lists(files: list[Path], folder: Path) -> list[str]:
    canonical = []
    for file in files:
        codes = read_code_list(file)
        canonical.append(f"{codes.uri}_{codes.version}")
        # Named by list and version, so that installing a list again replaces it.
        shutil.copyfile(file, _made(folder) / f"{_slug(canonical[-1])}.xml")
    return canonical


def _stage_files(source: Path, folder: Path, entries: list[Path], locations: dict[str, Path]) -> Path:
    """Copy the entry files and all that they include or import, with a catalog of their locations."""
    base = source.resolve()
    needed = SchemaModel(entries, Catalog(locations)).files
    for file in needed:
        copy = folder / file.relative_to(base)
        _made(copy.parent)
        shutil.copyfile(file, copy)
    rows = [
        f"  <uri name={quoteattr(location)} uri={quoteattr(file.relative_to(base).as_posix())}/>\n"
        for location, file in sorted(locations.items())
        if file in needed
    ]
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<catalog xmlns="{CATALOG_NAMESPACE}">\n'
    (folder / CATALOG_NAME).write_text(text + "".join(rows) + "</catalog>\n", encoding="utf-8")
    return folder


def _entries(namespace: str, messages: list[Message], xsds: dict[Path, str]) -> list[Path]:
    wanted = {etree.QName(message.tag).localname for message in messages}
    found = []
    for path, target in xsds.items():
        if target == namespace:
            elements = etree.parse(path, _PARSER).getroot().iterchildren(f"{XS}element")
            if any(element.get("name") in wanted for element in elements):
                found.append(path)
    return found


def _contract_text(
    folder: Path,
    namespace: str,
    message: Message,
    entries: list[Path],
    served_from: date | None,
    served_until: date | None,
) -> str:
    """Return the `contract.toml` of a staged folder; standard and version are what its messages fix."""
    known = next((c for c in map(ContractFolder.read, contract_files()) if c.namespace == namespace), None)
    root_type = SchemaModel(entries, Catalog.of_folder(folder)).element(message.tag).type
    attributes = root_type.attributes if isinstance(root_type, ComplexType) else {}
    standard, version = (
        attributes[name].fixed if name in attributes else None for name in ("standard", "version")
    )
    if standard is None or version is None:
        raise InstallError(f"{namespace}: its messages do not fix the attributes standard and version")
    start = served_from or (known.served_from if known else _first_day(version))
    if start is None:
        raise InstallError(f"{namespace}: version {version} does not tell from when it is served; say it")
    family = known.family if known else namespace.rstrip("0123456789._")
    until = f"served_until = {served_until.isoformat()}\n" if served_until else ""
    names = ", ".join(f'"{entry.relative_to(folder).as_posix()}"' for entry in entries)
    return (
        f'namespace = "{namespace}"\nfamily = "{family}"\nstandard = "{standard}"\nversion = "{version}"\n'
        f"served_from = {start.isoformat()}\n{until}entries = [{names}]\n"
    )


def _first_day(version: str) -> date | None:
    year, dot, month = version.partition(".")
    if dot and len(year) == 2 and year.isdigit() and month.isdigit() and 1 <= int(month) <= 12:
        return date(2000 + int(year), int(month), 1)
    return None


def _move(staged: Path, target: Path) -> None:
    """Move the checked folders into place; code lists are merged, contracts replaced."""
    for folder in sorted(staged.iterdir()):
        place = target / folder.name
        if folder.name == CODE_LIST_FOLDER:
            for file in folder.iterdir():
                file.replace(_made(place) / file.name)
            continue
        if place.exists():
            place.replace(staged / f"{folder.name}.replaced")
        folder.replace(place)


def _slug(uri: str) -> str:
    return "".join(char if char.isalnum() or char in ".-_" else "-" for char in uri.partition(":")[2]).strip(
        "-"
    )
