"""Generates documents from a schema: minimal, full, every optional part on and off, every choice branch.

Built on the project's own schema model, so it works for our files and for official ones alike.
"""

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field

from lxml import etree

from schemas.catalog import Catalog
from schemas.codes import CodeLists
from schemas.folders import ContractFolder
from schemas.model import Attribute, ComplexType, Element, Group, SchemaModel, SimpleType

#: Values of simple types by local name of the type; types with a pattern must be named here.
_BY_TYPE = {
    "AZRNummer": "150131000001",
    "UUID": "00000000-0000-4000-8000-00000000000a",
    "Meldeanschrift.Hausnummer": "12",
    "Meldeanschrift.HausnummerBuchstabeZusatzziffer": "b/1",
    "Meldeanschrift.Postleitzahl": "99999",
    "Meldeanschrift.Stockwerkswohnungsnummer": "EG 1",
    "Identifikation.Ereignis.Zeichen": "Z-1",
    "Tagesdatum": "1990-02-28",
    "JahrMonat": "1990-02",
    "Jahr": "1990",
    "datatypeC": "Ağaoğlu C̨̆ ß €\n½",
    "Sachverhalt": "entscheidung-vermerkt",
    "NachrichtId": "4711",
    "Behoerdenkennung": "azr:090001",
    "Behoerdenart": "ABH",
    "Nachrichtennummer": "070001",
    "date": "2026-12-24",
    "boolean": "true",
    "dateTime": "2026-11-24T08:00:00.000+01:00",
    "integer": "3",
    "nonNegativeInteger": "3",
    "positiveInteger": "3",
    "base64Binary": "PGEvPg==",
    "hexBinary": "ab" * 32,
    "string": "Text",
    "ID": "schein",
    "token": "T",
    "normalizedString": "Text",
    "anyURI": "urn:example:list",
}


class NoValueError(ValueError):
    """The generator knows no value for a simple type."""


@dataclass(frozen=True)
class Plan:
    """One document: `full` decides about everything that `decisions` does not name."""

    label: str
    full: bool
    decisions: Mapping[str, int] = field(default_factory=dict)


@dataclass
class _Point:
    """A place where a document may differ: an optional part or a choice."""

    path: str
    branches: int


class Generator:
    """Generates the documents of one message."""

    def __init__(self, message: Element, lists: CodeLists) -> None:
        self._message = message
        self._codes = {held.codes.uri: held.codes for held in lists.lists()}
        self._plan = Plan("", False)
        self._points: list[_Point] = []

    def documents(self) -> Iterator[tuple[str, etree._Element]]:
        """Yield every planned document with a label that says what is special about it."""
        yield "minimal", self._build(Plan("minimal", False))
        waiting = [Plan("full", True)]
        seen: set[str] = set()
        while waiting:
            plan = waiting.pop(0)
            yield plan.label, self._build(plan)
            for point in self._points:
                if point.path in seen:
                    continue
                seen.add(point.path)
                if point.branches == 1:
                    waiting.append(self._with(plan, point.path, 0))
                    on = {**plan.decisions, **dict.fromkeys(_ancestors(point.path), 1), point.path: 1}
                    yield f"only {point.path}", self._build(Plan("", False, on))
                else:
                    waiting += [self._with(plan, point.path, branch) for branch in range(point.branches)]

    @staticmethod
    def _with(plan: Plan, path: str, decision: int) -> Plan:
        return Plan(f"{path}={decision}", plan.full, {**plan.decisions, path: decision})

    def _build(self, plan: Plan) -> etree._Element:
        self._plan = plan
        self._points = []
        namespace = etree.QName(self._message.tag).namespace
        root = etree.Element(self._message.tag, nsmap={"m": namespace} if namespace else None)
        self._fill(root, self._message, "")
        return root

    def _decide(self, path: str, branches: int = 1) -> int:
        self._points.append(_Point(path, branches))
        default = 0 if branches > 1 else int(self._plan.full)
        return self._plan.decisions.get(path, default)

    def _fill(self, node: etree._Element, element: Element, path: str) -> None:
        if isinstance(element.type, SimpleType):
            node.text = element.fixed or _value(element.type)
            return
        self._attributes(node, element.type, path)
        if element.type.is_code:
            self._code(node, element.type, path)
        elif element.type.content is not None:
            self._group(node, element.type.content, path)

    def _attributes(self, node: etree._Element, type_: ComplexType, path: str) -> None:
        for attribute in type_.attributes.values():
            if attribute.required or self._decide(f"{path}/@{attribute.name}"):
                node.set(attribute.name, attribute.fixed or self._attribute(attribute, type_))

    def _attribute(self, attribute: Attribute, type_: ComplexType) -> str:
        uri = type_.attributes["listURI"].fixed if "listURI" in type_.attributes else None
        if attribute.name == "listVersionID" and uri in self._codes:
            return self._codes[uri].version
        return _value(attribute.type)

    def _code(self, node: etree._Element, type_: ComplexType, path: str) -> None:
        uri = type_.attributes["listURI"].fixed
        for child in _elements(type_.content):
            if child.minimum == 0 and not self._decide(f"{path}/{child.tag}"):
                continue
            text = _value(child.type)
            if child.tag == "code":
                text = next(iter(self._codes[uri].codes)) if uri in self._codes else _code_text(child.type)
            etree.SubElement(node, child.tag).text = text

    def _group(self, node: etree._Element, group: Group, path: str) -> None:
        items = group.items
        if group.kind == "choice":
            items = (items[self._decide(f"{path}/choice", len(items))],) if len(items) > 1 else items
        for item in items:
            if isinstance(item, Group):
                self._group(node, item, path)
                continue
            here = f"{path}/{etree.QName(item.tag).localname}"
            count = 1 if item.minimum else self._decide(here)
            if self._plan.full and count and item.maximum is None:
                count = 2
            for _ in range(count):
                self._fill(etree.SubElement(node, item.tag), item, here)


def _ancestors(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:end]) for end in range(2, len(parts))]


def _elements(group: Group | None) -> list[Element]:
    return [item for item in (group.items if group else ()) if isinstance(item, Element)]


def _code_text(type_: ComplexType | SimpleType) -> str:
    value = _value(type_)
    return "000" if value == "T" else value


def _value(type_: ComplexType | SimpleType) -> str:
    if not isinstance(type_, SimpleType):
        raise NoValueError("a complex type has no value")
    enumerated = next((value for facet, value in type_.facets if facet == "enumeration"), None)
    if enumerated is not None:
        return enumerated
    for name in type_.ancestors:
        local = etree.QName(name).localname
        if local in _BY_TYPE:
            return _BY_TYPE[local]
    raise NoValueError(f"no value is known for {type_.ancestors}")


def generate(folder: ContractFolder, root: str, lists: CodeLists) -> Iterator[tuple[str, etree._Element]]:
    """Yield the generated documents of one message of a contract folder, each with its label."""
    model = SchemaModel(folder.entries, Catalog.of_folder(folder.folder))
    return Generator(model.element(root), lists).documents()


def mutations(document: etree._Element, every: int = 1) -> Iterator[tuple[str, etree._Element]]:
    """Yield copies of a document with one thing changed; most are invalid, some are not.

    Each element is removed, doubled, renamed, moved to the end, emptied, given odd text, a foreign
    child and a foreign attribute; each attribute is removed, emptied and changed. `every` greater than 1
    leaves the elements' changes out but for one in so many, another kind at each element.
    """
    elements = list(document.iter("*"))
    for index, original in enumerate(elements):
        for number, (name, change) in enumerate(_CHANGES.items()):
            if (index + number) % every:
                continue
            copy = deepcopy(document)
            element = list(copy.iter("*"))[index]
            if change(element):
                yield f"{name} {document.getroottree().getpath(original)}", copy
        for key in original.attrib:
            for value in (None, "", "anderes", " 3 "):
                copy = deepcopy(document)
                element = list(copy.iter("*"))[index]
                if value is None:
                    del element.attrib[key]
                else:
                    element.set(key, value)
                yield f"@{key!r}={value!r} {document.getroottree().getpath(original)}", copy


def _remove(element: etree._Element) -> bool:
    parent = element.getparent()
    if parent is None:
        return False
    parent.remove(element)
    return True


def _double(element: etree._Element) -> bool:
    if element.getparent() is None:
        return False
    element.addnext(deepcopy(element))
    return True


def _to_end(element: etree._Element) -> bool:
    parent = element.getparent()
    if parent is None:
        return False
    parent.append(element)
    return True


def _rename(element: etree._Element) -> bool:
    name = etree.QName(element)
    element.tag = name.localname if name.namespace else f"{{urn:example:other}}{name.localname}"
    return True


def _text(value: str) -> Callable[[etree._Element], bool]:
    def change(element: etree._Element) -> bool:
        element.text = value
        return True

    return change


def _foreign_child(element: etree._Element) -> bool:
    etree.SubElement(element, "fremd")
    return True


def _foreign_attribute(element: etree._Element) -> bool:
    element.set("fremd", "1")
    return True


_CHANGES: Mapping[str, Callable[[etree._Element], bool]] = {
    "remove": _remove,
    "double": _double,
    "move to end": _to_end,
    "rename": _rename,
    "empty": _text(""),
    "blank": _text("  "),
    "cyrillic": _text("Ж"),
    "number": _text("1"),
    "padded": _text(" true "),
    "code": _text("070001"),
    "date": _text("2024-02-29"),
    "impossible date": _text("2023-02-29"),
    "date with zone": _text("2024-02-29Z"),
    "month": _text("2024-02"),
    "decomposed": _text("A\u0308"),
    "line break": _text("a\nb"),
    "no-break space": _text("a\u00a0b"),
    "foreign child": _foreign_child,
    "foreign attribute": _foreign_attribute,
}
