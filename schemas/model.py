"""A small reader of schema files: which elements a message may hold, in which order and of which type.

It knows the constructs that XÖV schemas use (sequence, choice, extension, restriction, attributes,
facets) and says so loudly when it meets another. The registry takes from it where codes and mandatory
texts stand; the tests take from it how to generate documents.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

from schemas.catalog import Catalog, schema_parser

XS = "{http://www.w3.org/2001/XMLSchema}"
#: Type from which every code type descends.
CODE_TYPE = "{http://xoev.de/schemata/code/1_0}Code"
#: Text of which a mandatory element must not be empty (error code S030 of XInneres).
TEXT_C = "{urn:xoev-de:kosit:xoev:datentyp:din-91379_2022-08}datatypeC"


class SchemaModelError(ValueError):
    """A schema uses a construct that the model does not know, or refers to something missing."""


@dataclass(frozen=True, slots=True)
class SimpleType:
    """A simple type: its ancestors from itself to the built-in one, and its facets on the way there."""

    ancestors: tuple[str, ...]
    facets: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of a complex type."""

    name: str
    type: SimpleType
    required: bool
    fixed: str | None


@dataclass(frozen=True, slots=True)
class Element:
    """An element declaration where it is used; `maximum` None means unbounded."""

    tag: str
    type: "ComplexType | SimpleType"
    minimum: int
    maximum: int | None
    fixed: str | None


@dataclass(frozen=True, slots=True)
class Group:
    """A sequence or a choice."""

    kind: str
    minimum: int
    maximum: int | None
    items: tuple["Element | Group", ...]


@dataclass(slots=True)
class ComplexType:
    """A complex type: its ancestors from itself upwards, its content and its attributes."""

    ancestors: tuple[str, ...] = ()
    content: Group | None = None
    attributes: Mapping[str, Attribute] = field(default_factory=dict)

    @property
    def is_code(self) -> bool:
        """Tell whether this type is a code type of XÖV."""
        return CODE_TYPE in self.ancestors


@dataclass(frozen=True, slots=True)
class Message:
    """A global element that carries `autor`, `leser` and `rechtsgrundlage` in its appinfo."""

    tag: str
    autor: str
    leser: str
    rechtsgrundlage: str
    title: str


class SchemaModel:
    """The components reachable from some schema files."""

    def __init__(self, files: Iterable[Path], catalog: Catalog) -> None:
        self._catalog = catalog
        self._parser = schema_parser(catalog)
        self._files: dict[Path, etree._Element] = {}
        self._globals: dict[tuple[str, str], etree._Element] = {}
        self._types: dict[str, ComplexType | SimpleType] = {}
        self._entries = [path.resolve() for path in files]
        for path in self._entries:
            self._read(path)

    @property
    def files(self) -> list[Path]:
        """Return every file that was read, sorted."""
        return sorted(self._files)

    def messages(self) -> list[Message]:
        """Return the messages declared in the entry files, in document order."""
        found = []
        for path in self._entries:
            root = self._files[path]
            for element in root.iterchildren(f"{XS}element"):
                notes = {
                    note.tag: (note.text or "").strip()
                    for appinfo in element.iterfind(f"{XS}annotation/{XS}appinfo")
                    for note in appinfo
                    if isinstance(note.tag, str)
                }
                if {"autor", "leser", "rechtsgrundlage"} <= notes.keys():
                    tag = f"{{{root.get('targetNamespace')}}}{element.get('name')}"
                    found.append(
                        Message(
                            tag,
                            notes["autor"],
                            notes["leser"],
                            notes["rechtsgrundlage"],
                            notes.get("title", ""),
                        )
                    )
        return found

    def element(self, tag: str) -> Element:
        """Return a global element by its Clark name. Raises SchemaModelError if there is none."""
        return self._element(self._global("element", tag), 1, 1)

    def _read(self, path: Path) -> None:
        if path in self._files:
            return
        root = etree.parse(path, self._parser).getroot()
        self._files[path] = root
        namespace = root.get("targetNamespace")
        for child in root.iterchildren(f"{XS}*"):
            kind = etree.QName(child).localname
            location = child.get("schemaLocation")
            if kind in ("include", "import") and location is not None:
                self._read(self._catalog.locate(location, path))
            elif child.get("name") is not None:
                self._globals[(kind, f"{{{namespace}}}{child.get('name')}")] = child

    def _global(self, kind: str, name: str) -> etree._Element:
        try:
            return self._globals[(kind, name)]
        except KeyError:
            raise SchemaModelError(f"no global {kind} {name}") from None

    @staticmethod
    def _qname(node: etree._Element, value: str) -> str:
        prefix, _, local = value.rpartition(":")
        return f"{{{node.nsmap[prefix or None]}}}{local}"

    def _element(self, node: etree._Element, minimum: int, maximum: int | None) -> Element:
        root = node.getroottree().getroot()
        is_global = node.getparent() is root
        form = node.get("form", root.get("elementFormDefault", "unqualified"))
        name = node.get("name", "")
        tag = f"{{{root.get('targetNamespace')}}}{name}" if is_global or form == "qualified" else name
        named = node.get("type")
        inline = next((child for child in node if child.tag in (f"{XS}complexType", f"{XS}simpleType")), None)
        if named is not None:
            resolved = self._type(self._qname(node, named))
        elif inline is not None:
            resolved = self._complex(inline) if inline.tag == f"{XS}complexType" else self._simple(inline)
        else:
            raise SchemaModelError(f"element {tag} has no type")
        return Element(tag, resolved, minimum, maximum, node.get("fixed"))

    def _type(self, name: str) -> "ComplexType | SimpleType":
        if name in self._types:
            return self._types[name]
        if name.startswith(XS):
            result: ComplexType | SimpleType = SimpleType((name,), ())
        elif ("simpleType", name) in self._globals:
            result = self._simple(self._global("simpleType", name), name)
        else:
            result = self._complex(self._global("complexType", name), name)
        self._types[name] = result
        return result

    def _simple(self, node: etree._Element, name: str | None = None) -> SimpleType:
        restriction = node.find(f"{XS}restriction")
        if restriction is None or restriction.get("base") is None:
            raise SchemaModelError(f"simple type {name} is no restriction of a named type")
        base = self._type(self._qname(restriction, restriction.get("base", "")))
        if not isinstance(base, SimpleType):
            raise SchemaModelError(f"simple type {name} restricts a complex type")
        own = tuple(
            (etree.QName(facet).localname, facet.get("value", ""))
            for facet in restriction.iterchildren(f"{XS}*")
        )
        facets = tuple(facet for facet in own if facet[0] != "annotation")
        return SimpleType(((name,) if name else ()) + base.ancestors, facets + base.facets)

    def _complex(self, node: etree._Element, name: str | None = None) -> ComplexType:
        result = ComplexType((name,) if name else ())
        if name is not None:
            self._types[name] = result
        for child in node.iterchildren(f"{XS}*"):
            kind = etree.QName(child).localname
            if kind == "complexContent":
                self._derive(result, child)
            elif kind in ("sequence", "choice"):
                result.content = self._group(child)
            elif kind == "attribute":
                result.attributes = {**result.attributes, child.get("name", ""): self._attribute(child)}
            elif kind != "annotation":
                raise SchemaModelError(f"complex type {name}: xs:{kind} is not known here")
        return result

    def _derive(self, result: ComplexType, content: etree._Element) -> None:
        for derivation in content.iterchildren(f"{XS}extension", f"{XS}restriction"):
            base = self._type(self._qname(derivation, derivation.get("base", "")))
            if not isinstance(base, ComplexType):
                raise SchemaModelError("complex content derives from a simple type")
            own = next(iter(derivation.iterchildren(f"{XS}sequence", f"{XS}choice")), None)
            group = None if own is None else self._group(own)
            if derivation.tag == f"{XS}extension":
                parts = tuple(part for part in (base.content, group) if part is not None)
                group = Group("sequence", 1, 1, parts) if len(parts) == 2 else next(iter(parts), None)
            result.content = group
            result.ancestors += base.ancestors
            attributes = dict(base.attributes)
            for node in derivation.iterchildren(f"{XS}attribute"):
                attributes[node.get("name", "")] = self._attribute(node)
            result.attributes = attributes

    def _attribute(self, node: etree._Element) -> Attribute:
        simple = self._type(self._qname(node, node.get("type", "")))
        if not isinstance(simple, SimpleType):
            raise SchemaModelError(f"attribute {node.get('name')} has a complex type")
        return Attribute(node.get("name", ""), simple, node.get("use") == "required", node.get("fixed"))

    def _group(self, node: etree._Element) -> Group:
        items: list[Element | Group] = []
        for child in node.iterchildren(f"{XS}*"):
            kind = etree.QName(child).localname
            if kind == "element":
                reference = child.get("ref")
                target = (
                    child if reference is None else self._global("element", self._qname(child, reference))
                )
                items.append(self._element(target, *_occurrence(child)))
            elif kind in ("sequence", "choice"):
                items.append(self._group(child))
            elif kind != "annotation":
                raise SchemaModelError(f"content model: xs:{kind} is not known here")
        return Group(etree.QName(node).localname, *_occurrence(node), tuple(items))


def _occurrence(node: etree._Element) -> tuple[int, int | None]:
    maximum = node.get("maxOccurs", "1")
    return int(node.get("minOccurs", "1")), None if maximum == "unbounded" else int(maximum)


def elements_of(group: Group | None) -> list[Element]:
    """Return every element of a content model, through all nested groups, in order."""
    if group is None:
        return []
    found: list[Element] = []
    for item in group.items:
        found.extend(elements_of(item) if isinstance(item, Group) else [item])
    return found
