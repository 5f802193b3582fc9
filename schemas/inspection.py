"""Checks what a schema cannot: codes against their lists and mandatory texts that are empty.

The places to look at are taken from the schema once, as a tree of element names; a check then visits
only these places of a document.
"""

from dataclasses import dataclass, field

from lxml import etree

from schemas.codes import CodeLists
from schemas.genericode import collapse
from schemas.model import TEXT_C, Attribute, ComplexType, Element, SimpleType, elements_of
from schemas.violations import Violation, ViolationKind, line_of, path_of, shown_code, shown_name


@dataclass(slots=True)
class Watch:
    """What to look at in an element: its attributes that must not be empty, and some of its children."""

    attributes: tuple[str, ...] = ()
    children: dict[str, "WatchedChild"] = field(default_factory=dict)


@dataclass(slots=True)
class WatchedChild:
    """Why a child is looked at: as mandatory text, as a code (with its fixed list), or to go deeper."""

    text: bool = False
    code: bool = False
    list_uri: str | None = None
    inner: Watch | None = None


class Inspector:
    """Inspects documents of the messages it was built for."""

    def __init__(self, lists: CodeLists) -> None:
        self._lists = lists
        # Each with its type, which must live on: the number of a type that is gone is given to another.
        self._by_type: dict[int, tuple[ComplexType, Watch]] = {}
        self._roots: dict[str, Watch] = {}

    def add(self, message: Element) -> None:
        """Learn the places of one message from its declaration."""
        if isinstance(message.type, ComplexType):
            self._roots[message.tag] = self._watch(message.type)

    def inspect(self, element: etree._Element) -> list[Violation]:
        """Return the violations of codes and mandatory texts, in document order.

        In: the root element of a message that was added. Out: kinds UNKNOWN_CODE_LIST,
        UNKNOWN_LIST_VERSION, UNKNOWN_CODE (S010, S011) and EMPTY_TEXT (S030); empty when all is well.
        """
        found: list[Violation] = []
        self._visit(element, self._roots[element.tag], found)
        return found

    def _watch(self, type_: ComplexType) -> Watch:
        known = self._by_type.get(id(type_))
        if known is not None:
            return known[1]
        watch = Watch(tuple(filter(None, map(_watched, type_.attributes.values()))))
        self._by_type[id(type_)] = (type_, watch)
        for child in elements_of(type_.content):
            if isinstance(child.type, SimpleType):
                if child.minimum > 0 and TEXT_C in child.type.ancestors:
                    watch.children[child.tag] = WatchedChild(text=True)
            elif child.type.is_code:
                uri, version = (child.type.attributes[name] for name in ("listURI", "listVersionID"))
                # With both fixed, the schema itself lists the codes and has judged them already.
                if uri.fixed is None or version.fixed is None:
                    watch.children[child.tag] = WatchedChild(code=True, list_uri=uri.fixed)
            else:
                inner = self._watch(child.type)
                if inner.attributes or inner.children:
                    watch.children[child.tag] = WatchedChild(inner=inner)
        return watch

    def _visit(self, element: etree._Element, watch: Watch, found: list[Violation]) -> None:
        for name in watch.attributes:
            value = element.get(name)
            if value is not None and not value.strip():
                found.append(_empty(element, f"/@{name}"))
        children = watch.children
        for child in element:
            watched = children.get(child.tag)
            if watched is None:
                continue
            if watched.inner is not None:
                self._visit(child, watched.inner, found)
            elif watched.code:
                self._judge(child, watched.list_uri, found)
            elif not (child.text and child.text.strip()) and not _all_text(child).strip():
                found.append(_empty(child))

    def _judge(self, element: etree._Element, fixed_uri: str | None, found: list[Violation]) -> None:
        code_element = element.find("code")
        if code_element is None:
            return
        named_uri = element.get("listURI")
        uri = fixed_uri or (named_uri and collapse(named_uri))
        if fixed_uri is not None and named_uri is not None and named_uri != fixed_uri:
            found.append(
                _violation(
                    ViolationKind.UNKNOWN_CODE_LIST,
                    element,
                    f"listURI {fixed_uri}",
                    shown_code(named_uri),
                    "/@listURI",
                )
            )
            return
        version, code = element.get("listVersionID"), code_element.text or ""
        kind = self._lists.judge(uri or "", version, code)
        if kind is None:
            return
        # Second look at the collapsed tokens, which is what the type xs:token compares.
        version, code = collapse(version), collapse(_all_text(code_element))
        kind = self._lists.judge(uri or "", version, code)
        if kind is ViolationKind.UNKNOWN_LIST_VERSION:
            found.append(
                _violation(
                    kind,
                    element,
                    self._lists.expected(uri or ""),
                    shown_code(version),
                    "/@listVersionID",
                )
            )
        elif kind is not None:
            found.append(_violation(kind, code_element, self._lists.expected(uri or ""), shown_code(code)))


def _watched(attribute: Attribute) -> str | None:
    mandatory_text = attribute.required and attribute.fixed is None and TEXT_C in attribute.type.ancestors
    return attribute.name if mandatory_text else None


def _all_text(element: etree._Element) -> str:
    """Return the whole text of an element, also when a comment splits it."""
    return str(element.xpath("string()"))


def _violation(
    kind: ViolationKind, element: etree._Element, expected: str, found: str, suffix: str = ""
) -> Violation:
    path = path_of(element) + suffix
    return Violation(kind, path, line_of(element), expected, found)


def _empty(element: etree._Element, suffix: str = "") -> Violation:
    return _violation(
        ViolationKind.EMPTY_TEXT,
        element,
        "text that is not empty",
        f"empty {shown_name(element.tag)}",
        suffix,
    )
