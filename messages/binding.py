"""The small engine that maps frozen dataclasses to XML elements and back.

A message class says with ``Annotated`` where each field lives (`El`, `Attr`, `Inline`); the engine reads
these marks once and compiles a plan per class. Parsing and writing then are loops over prepared steps,
without reflection, because they lie on the hot path of every message.

What is written is the exclusive canonical form at once, text instead of a tree: prefixes are bound on the
root, attributes come sorted, and every empty element has its end tag. Only where elements of a second
namespace stand inside does libxml2 make the canonical form.

Parsing expects a document the schema check has accepted. What does not fit all the same is refused with
X001 and its path, never with a KeyError.

Each version of the standard has plans of its own (`messages.dialect`), so that nothing is looked up about the
version while a message is read or written.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache, reduce
from operator import attrgetter, or_
from typing import Annotated, Any, Final, NamedTuple, TypeAlias, Union, get_args, get_origin, get_type_hints

from lxml import etree

from messages.dialect import BUNDLED, Dialect
from messages.errors import GatewayError
from messages.namespaces import PREFIXES, XAUSLAENDER
from messages.writing import attribute, canonical, octets

Parse = Callable[[etree._Element], Any]
Write = Callable[[str, Any], str]
Mark = Callable[[Any], str]
Shape: TypeAlias = Mapping[str, "Known"]
"""The elements that may stand inside an element, by Clark name."""


class Known(NamedTuple):
    """An element the classes know: which elements it holds (None: not looked into), and where it is named.

    ``place`` is class and name as a version may rename it; empty where it may not.
    """

    inside: Shape | None = None
    place: str = ""


class Codec(NamedTuple):
    """How one kind of value is read from its element and written as an element.

    ``write`` takes the name of the element as it stands in the document, with its prefix, and the value.
    ``shape`` tells which elements it knows, ``writes_none`` that None is a value with a form of its own and
    not an absent element.
    """

    parse: Parse
    write: Write
    shape: Shape | None = None
    writes_none: bool = False


MadeCodec = Callable[[Dialect], Codec]
"""A codec that names elements of the standard itself: made for each version."""


class Names(NamedTuple):
    """What an element is called in one version: its Clark name, and its name with the prefix."""

    tag: str
    written: str


@dataclass(frozen=True, slots=True)
class El:
    """A field that is a child element.

    ``namespace`` None means without namespace; ``inside`` names an element without namespace that wraps
    this field together with its neighbours of the same ``inside``; ``codec`` replaces the one chosen by
    the type of the field.
    """

    name: str
    namespace: str | None = XAUSLAENDER
    codec: Codec | MadeCodec | None = None
    inside: str | None = None

    def names(self, dialect: Dialect, owner: str = "") -> Names:
        """What it is called in a version; `owner` is the class whose field it is."""
        return Names(
            dialect.tag(self.namespace, self.name, owner), dialect.written(self.namespace, self.name, owner)
        )


@dataclass(frozen=True, slots=True)
class Attr:
    """A field that is an attribute without namespace; None means the attribute is absent."""

    name: str


@dataclass(frozen=True, slots=True)
class Inline:
    """A field whose own fields lie directly on the element of the class that holds it (the frame)."""


def refuse(element: etree._Element, expected: str, found: str, code: str = "X001") -> GatewayError:
    """The X001 error for ``element``; ``found`` must name elements or forms, never values."""
    return GatewayError(
        code,
        path=str(element.getroottree().getpath(element)),
        line=_line(element),
        details={"expected": expected, "found": found},
    )


def _line(element: etree._Element) -> int | None:
    line = element.sourceline
    return line if isinstance(line, int) else None


class _Slot(NamedTuple):
    """Where a child element belongs: to a field, or to the fields of its own children (``inside``)."""

    field: str
    parse: Parse
    many: bool
    inside: dict[Any, _Slot] | None = None


class _Child(NamedTuple):
    """How the children that one field stands for are written; ``absent`` is their text when it is None."""

    value_of: Callable[[Any], Any]
    name: str
    write: Write
    absent: str


class Plan:
    """The compiled way between one dataclass and its element in one version; `shape` are its elements."""

    __slots__ = (
        "_attributes",
        "_children",
        "_cls",
        "_defaults",
        "_dialect",
        "_inline",
        "_many",
        "_marks",
        "_names",
        "_slots",
        "shape",
    )

    def __init__(self, cls: type[Any], dialect: Dialect) -> None:
        self._cls = cls
        self._dialect = dialect
        self.shape: dict[str, Known] = {}
        self._attributes: list[tuple[str, str]] = []
        self._slots: dict[Any, _Slot] = {}
        self._many: list[str] = []
        self._names: dict[str, str] = {}
        self._inline: tuple[str, Plan] | None = None
        self._defaults: dict[str, Any] = {}
        self._children: list[_Child] = []
        self._compile()
        marks = self._mark_of()
        self._marks = [marks[name] for name in sorted(marks)]

    def parse(self, element: etree._Element) -> Any:
        """Read ``element`` into an instance of the class. Raises GatewayError X001."""
        values = self._defaults.copy()
        if self._inline is None:
            _read(element, self._slots, values)
        else:
            field, frame = self._inline
            values |= frame._defaults
            _read(element, self._slots, values)
            outer = {name: values.pop(name) for name in frame._names if name in values}
            values[field] = frame._made(element, outer)
        return self._made(element, values)

    def write(self, name: str, value: Any) -> str:
        """Return ``value`` as element ``name``, attributes and children in the order of the schema."""
        marks = "".join([mark(value) for mark in self._marks]) if self._marks else ""
        return f"<{name}{marks}>{_written(self._children, value)}</{name}>"

    def document(self, root: str, constants: Mapping[str, str]) -> Callable[[Any], bytes]:
        """Return what writes a value as a whole document with the root element ``root``.

        In: the Clark name that the classes give the root, the attributes that are the same in every document.
        """
        namespace, _, local = root[1:].partition("}")
        prefix = PREFIXES[namespace]
        name, bound = f"{prefix}:{local}", self._dialect.tag(namespace, "")[1:-1]
        start = f'<{name} xmlns:{prefix}="{bound}"'
        by_name = self._mark_of() | {key: _constant_mark(key, text) for key, text in constants.items()}
        marks, children = [by_name[key] for key in sorted(by_name)], self._children
        further = sorted(_namespaces(self.shape) - {bound})
        foreign = [f"<{PREFIXES[each]}:" for each in further]
        declared = "".join(f' xmlns:{PREFIXES[each]}="{each}"' for each in further)

        def write(value: Any) -> bytes:
            written, inside = "".join([mark(value) for mark in marks]), _written(children, value)
            if foreign and any(each in inside for each in foreign):
                # Another namespace is declared where it is used (Exclusive C14N); libxml2 finds the places.
                return canonical(octets(f"{start}{declared}{written}>{inside}</{name}>"))
            return octets(f"{start}{written}>{inside}</{name}>")

        return write

    def _mark_of(self, path: str = "") -> dict[str, Mark]:
        """By the attribute's name; those of the frame lie on the same element."""
        marks = {name: _attribute_mark(name, path + field) for name, field in self._attributes}
        if self._inline is not None:
            field, frame = self._inline
            marks |= frame._mark_of(f"{path}{field}.")
        return marks

    def _made(self, element: etree._Element, values: dict[str, Any]) -> Any:
        for name, field in self._attributes:
            text = element.get(name)
            if text is not None:
                values[field] = text
        for field in self._many:
            values[field] = tuple(values[field])
        try:
            return self._cls(**values)
        except TypeError:
            missing = [name for field, name in self._names.items() if field not in values]
            if not missing:
                raise
            raise refuse(element, missing[0], "nothing") from None

    def _compile(self) -> None:
        hints = get_type_hints(self._cls, include_extras=True)
        wrapper: str | None = None
        wrapped: list[_Child] = []
        inside: dict[Any, _Slot] = {}
        shape: dict[str, Known] = {}
        for field in fields(self._cls):
            mark = _mark(hints[field.name], self._cls, field.name)
            kind, optional, many = _kind(hints[field.name])
            if field.default is not MISSING:
                self._defaults[field.name] = field.default
            elif optional:
                self._defaults[field.name] = None
            elif many:
                self._defaults[field.name] = ()
            if isinstance(mark, Inline):
                frame = plan_of(kind, self._dialect)
                self._inline = (field.name, frame)
                # Its children lie side by side with the class's own.
                self._slots |= frame._slots
                self.shape |= frame.shape
                self._children.append(_inline(field.name, frame._children))
            elif isinstance(mark, Attr):
                self._attributes.append((mark.name, field.name))
                self._names[field.name] = f"@{mark.name}"
            else:
                codec = _chosen(mark, kind, self._dialect)
                tag, written = mark.names(self._dialect, self._cls.__name__)
                known = Known(codec.shape, f"{self._cls.__name__}.{mark.name}")
                slot = _Slot(field.name, codec.parse, many)
                child = _child(written, field.name, codec, many)
                self._names[field.name] = mark.name
                if many:
                    self._many.append(field.name)
                if mark.inside is None:
                    self._slots[tag] = slot
                    self._children.append(child)
                    self.shape[tag] = known
                elif mark.inside == wrapper:
                    inside[tag] = slot
                    wrapped.append(child)
                    shape[tag] = known
                else:
                    wrapper, wrapped, inside = mark.inside, [child], {tag: slot}
                    self._slots[wrapper] = _Slot("", codec.parse, False, inside)
                    self._children.append(_wrapper(wrapper, wrapped))
                    shape = {tag: known}
                    self.shape[wrapper] = Known(shape)
        if self._inline is not None and not self._names.keys().isdisjoint(self._inline[1]._names):
            raise TypeError(f"{self._cls.__name__} has a field of the same name as its frame")


def _namespaces(shape: Shape) -> set[str]:
    """The namespaces of the elements of a shape; elements without one do not count."""
    found, waiting, seen = set(), [shape], set()
    while waiting:
        each = waiting.pop()
        if id(each) not in seen:
            seen.add(id(each))
            found |= {tag[1:].partition("}")[0] for tag in each if tag.startswith("{")}
            waiting += [known.inside for known in each.values() if known.inside is not None]
    return found


def _read(element: etree._Element, slots: Mapping[Any, _Slot], values: dict[str, Any]) -> None:
    for child in element:
        slot = slots.get(child.tag)
        if slot is None:
            tag = child.tag
            raise refuse(child, "another element", tag if isinstance(tag, str) else "no element")
        field, parse, many, inside = slot
        if inside is not None:
            _read(child, inside, values)
        elif many:
            found = values.get(field)
            if found:
                found.append(parse(child))
            else:
                values[field] = [parse(child)]
        else:
            values[field] = parse(child)


def _mark(hint: Any, cls: type[Any], field: str) -> El | Attr | Inline:
    for mark in getattr(hint, "__metadata__", ()):
        if isinstance(mark, El | Attr | Inline):
            return mark
    raise TypeError(f"{cls.__name__}.{field} has no El, Attr or Inline")


def _kind(hint: Any) -> tuple[Any, bool, bool]:
    """The type of one value of a field, whether it may be absent, whether it may occur several times."""
    kind = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    if get_origin(kind) is tuple:
        return get_args(kind)[0], False, True
    if get_origin(kind) in (types.UnionType, Union):
        alternatives = [each for each in get_args(kind) if each is not types.NoneType]
        optional = len(alternatives) < len(get_args(kind))
        return reduce(or_, alternatives), optional, False
    return kind, False, False


def _written(children: Iterable[_Child], owner: Any) -> str:
    parts = []
    for value_of, name, write, absent in children:
        value = value_of(owner)
        parts.append(absent if value is None else write(name, value))
    return "".join(parts)


def _child(name: str, field: str, codec: Codec, many: bool) -> _Child:
    write = codec.write

    def write_all(name: str, values: Iterable[Any]) -> str:
        return "".join([write(name, value) for value in values])

    if many:
        return _Child(attrgetter(field), name, write_all, "")
    return _Child(attrgetter(field), name, write, write(name, None) if codec.writes_none else "")


def _inline(field: str, children: Iterable[_Child]) -> _Child:
    return _Child(attrgetter(field), "", lambda _, frame: _written(children, frame), "")


def _wrapper(name: str, children: Iterable[_Child]) -> _Child:
    def write(name: str, owner: Any) -> str:
        return f"<{name}>{_written(children, owner)}</{name}>"

    return _Child(lambda owner: owner, name, write, "")


def _attribute_mark(name: str, path: str) -> Mark:
    value_of = attrgetter(path)

    def mark(owner: Any) -> str:
        value = value_of(owner)
        return "" if value is None else attribute(name, value)

    return mark


def _constant_mark(name: str, value: str) -> Mark:
    written = attribute(name, value)
    return lambda _: written


_CODECS: Final[dict[Any, Codec | MadeCodec]] = {}


def register(kind: Any, codec: Codec | MadeCodec) -> None:
    """Use ``codec`` for every field of type ``kind``; to be called before a class with such a field."""
    _CODECS[kind] = codec


def remembering(kind: Any) -> MadeCodec:
    """Do not write the object that was written last a second time: what is own is the same in every answer.

    Only for kinds of values that cannot change.
    """

    def made(dialect: Dialect) -> Codec:
        codec = codec_of(kind, dialect)
        last: tuple[str, Any, str] = ("", None, "")

        def write(name: str, value: Any) -> str:
            nonlocal last
            known_name, known, text = last
            if value is not known or name != known_name:
                text = codec.write(name, value)
                last = (name, value, text)
            return text

        return codec._replace(write=write)

    return made


def codec_of(kind: Any, dialect: Dialect = BUNDLED) -> Codec:
    """The codec of a type in a version: a registered one, or the plan of a dataclass. Raises TypeError."""
    codec = _CODECS.get(kind)
    if codec is not None:
        return codec if isinstance(codec, Codec) else codec(dialect)
    if isinstance(kind, type) and is_dataclass(kind):
        plan = plan_of(kind, dialect)
        return Codec(plan.parse, plan.write, plan.shape)
    raise TypeError(f"no codec for {kind!r}")


def _chosen(mark: El, kind: Any, dialect: Dialect) -> Codec:
    if mark.codec is None:
        return codec_of(kind, dialect)
    return mark.codec if isinstance(mark.codec, Codec) else mark.codec(dialect)


@cache
def plan_of(cls: Any, dialect: Dialect = BUNDLED) -> Plan:
    """The plan of a dataclass in a version, compiled once."""
    return Plan(cls, dialect)
