"""Reads one OASIS Genericode 1.0 file, ours or an official one.

Element names are compared without their namespace, since publishers differ there; metadata inside
`Annotation` (xoev-cl-1_0, 2, 3, 4 and others) is only looked at for the recommended key.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)


class CodeListError(ValueError):
    """A file is no Genericode list that can be read; the message names the file and the reason."""


@dataclass(frozen=True, slots=True)
class CodeList:
    """One list in one version: its codes, each with the first other column of its row as text."""

    uri: str
    version: str
    codes: Mapping[str, str]


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname


def _children(element: etree._Element, name: str) -> Iterator[etree._Element]:
    return (child for child in element if isinstance(child.tag, str) and _local(child) == name)


def _child(element: etree._Element, name: str) -> etree._Element | None:
    return next(_children(element, name), None)


def collapse(text: str | None) -> str:
    """Return a token as XML Schema compares it: outer blanks gone, inner runs of blanks made one."""
    return " ".join((text or "").split())


def _text(element: etree._Element | None, name: str) -> str:
    child = None if element is None else _child(element, name)
    return collapse(None if child is None else child.text)


def _key_column(columns: etree._Element, path: Path) -> str:
    keys = list(_children(columns, "Key"))
    if not keys:
        raise CodeListError(f"{path}: no Key in the ColumnSet")
    recommended = [
        key for key in keys if any(_local(part) == "empfohleneCodeSpalte" for part in key.iter("{*}*", "*"))
    ]
    references = list(_children((recommended or keys)[0], "ColumnRef"))
    if len(references) != 1 or not references[0].get("Ref"):
        raise CodeListError(f"{path}: the key must refer to exactly one column")
    return references[0].get("Ref", "")


def _row(row: etree._Element, columns: list[str]) -> dict[str, str]:
    """Return a row by column id; a value without ColumnRef belongs to the column after the last one."""
    values: dict[str, str] = {}
    position = 0
    for value in _children(row, "Value"):
        reference = value.get("ColumnRef")
        if reference is not None and reference in columns:
            position = columns.index(reference)
        if position < len(columns):
            values[columns[position]] = _text(value, "SimpleValue")
        position += 1
    return values


def read_code_list(path: Path) -> CodeList:
    """Read a Genericode file through its key definition.

    In: the file. Out: the list with its codes, blanks around values removed. Raises CodeListError when
    the file is not well-formed, is not Genericode, names no list and version, or has no usable key.
    """
    try:
        root = etree.parse(path, _PARSER).getroot()
    except (etree.XMLSyntaxError, OSError) as error:
        raise CodeListError(f"{path}: {error}") from error
    if _local(root) != "CodeList":
        raise CodeListError(f"{path}: the root element is not a Genericode CodeList")
    identification = _child(root, "Identification")
    uri, version = _text(identification, "CanonicalUri"), _text(identification, "Version")
    column_set, rows = _child(root, "ColumnSet"), _child(root, "SimpleCodeList")
    if not uri or not version or column_set is None or rows is None:
        raise CodeListError(f"{path}: CanonicalUri, Version, ColumnSet or SimpleCodeList is missing")
    columns = [column.get("Id", "") for column in _children(column_set, "Column")]
    key = _key_column(column_set, path)
    codes: dict[str, str] = {}
    for row in _children(rows, "Row"):
        values = _row(row, columns)
        code = values.pop(key, "")
        if not code:
            raise CodeListError(f"{path}: a row has no value in its key column {key!r}")
        codes[code] = next((text for text in values.values() if text), "")
    return CodeList(uri, version, codes)
