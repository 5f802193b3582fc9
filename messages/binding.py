"""The small engine that maps frozen dataclasses to XML elements and back.

A message class says with ``Annotated`` where each field lives (`El`, `Attr`, `Inline`); the engine reads
these marks once and compiles a plan per class. Parsing and building then are loops over prepared steps,
without reflection, because they lie on the hot path of every message.

Parsing expects a document the schema check has accepted. What does not fit all the same is refused with
X001 and its path, never with a KeyError.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache, reduce
from operator import attrgetter, or_
from typing import Annotated, Any, Final, NamedTuple, Union, get_args, get_origin, get_type_hints

from lxml import etree

from messages.errors import GatewayError
from messages.namespaces import XAUSLAENDER

Parse = Callable[[etree._Element], Any]
Build = Callable[[etree._Element, str, Any], None]
Step = Callable[[etree._Element, Any], None]


class Codec(NamedTuple):
    """How one kind of value is read from its element and written below a parent as element ``tag``."""

    parse: Parse
    build: Build


@dataclass(frozen=True, slots=True)
class El:
    """A field that is a child element.

    ``namespace`` None means without namespace; ``inside`` names an element without namespace that wraps
    this field together with its neighbours of the same ``inside``; ``codec`` replaces the one chosen by
    the type of the field.
    """

    name: str
    namespace: str | None = XAUSLAENDER
    codec: Codec | None = None
    inside: str | None = None

    @property
    def tag(self) -> str:
        """The Clark name."""
        return f"{{{self.namespace}}}{self.name}" if self.namespace else self.name


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
    field: str
    parse: Parse
    many: bool


class Plan:
    """The compiled way between one dataclass and its element."""

    __slots__ = (
        "_attributes",
        "_cls",
        "_defaults",
        "_groups",
        "_inline",
        "_many",
        "_names",
        "_slots",
        "_steps",
    )

    def __init__(self, cls: type[Any]) -> None:
        self._cls = cls
        self._attributes: list[tuple[str, str]] = []
        self._slots: dict[Any, _Slot] = {}
        self._groups: dict[Any, dict[Any, _Slot]] = {}
        self._many: list[str] = []
        self._names: dict[str, str] = {}
        self._inline: tuple[str, Plan] | None = None
        self._defaults: dict[str, Any] = {}
        self._steps: list[Step] = []
        self._compile()

    def parse(self, element: etree._Element) -> Any:
        """Read ``element`` into an instance of the class. Raises GatewayError X001."""
        values = self._start(element)
        if self._inline is None:
            _read(element, self._slots, self._groups, values)
        else:
            field, frame = self._inline
            outer = frame._start(element)
            slots, groups = self._slots, self._groups
            outer_slots, outer_groups = frame._slots, frame._groups
            for child in element:
                tag = child.tag
                if tag in outer_slots or tag in outer_groups:
                    _store(child, outer_slots, outer_groups, outer)
                else:
                    _store(child, slots, groups, values)
            values[field] = frame._finish(element, outer)
        return self._finish(element, values)

    def fill(self, element: etree._Element, value: Any) -> None:
        """Write ``value`` into ``element``, attributes and children in the order of the schema."""
        for step in self._steps:
            step(element, value)

    def build(self, parent: etree._Element, tag: str, value: Any) -> None:
        """Append ``value`` to ``parent`` as element ``tag`` (Clark name)."""
        self.fill(etree.SubElement(parent, tag), value)

    def _start(self, element: etree._Element) -> dict[str, Any]:
        values = self._defaults.copy()
        for field in self._many:
            values[field] = []
        for name, field in self._attributes:
            text = element.get(name)
            if text is not None:
                values[field] = text
        return values

    def _finish(self, element: etree._Element, values: dict[str, Any]) -> Any:
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
        wrapped: list[Step] = []
        for field in fields(self._cls):
            mark = _mark(hints[field.name], self._cls, field.name)
            kind, optional, many = _kind(hints[field.name])
            if field.default is not MISSING:
                self._defaults[field.name] = field.default
            elif optional:
                self._defaults[field.name] = None
            if isinstance(mark, Inline):
                frame = plan_of(kind)
                self._inline = (field.name, frame)
                self._steps.append(_inline_step(field.name, frame))
            elif isinstance(mark, Attr):
                self._attributes.append((mark.name, field.name))
                self._names[field.name] = f"@{mark.name}"
                self._steps.append(_attribute_step(mark.name, field.name))
            else:
                codec = mark.codec or codec_of(kind)
                slot = _Slot(field.name, codec.parse, many)
                step = _child_step(mark.tag, field.name, codec, optional, many)
                self._names[field.name] = mark.name
                if many:
                    self._many.append(field.name)
                if mark.inside is None:
                    self._slots[mark.tag] = slot
                    self._steps.append(step)
                elif mark.inside == wrapper:
                    self._groups[wrapper][mark.tag] = slot
                    wrapped.append(step)
                else:
                    wrapper, wrapped = mark.inside, [step]
                    self._groups[wrapper] = {mark.tag: slot}
                    self._steps.append(_wrapper_step(wrapper, wrapped))


def _read(
    element: etree._Element,
    slots: Mapping[Any, _Slot],
    groups: Mapping[Any, Mapping[Any, _Slot]],
    values: dict[str, Any],
) -> None:
    for child in element:
        _store(child, slots, groups, values)


def _store(
    child: etree._Element,
    slots: Mapping[Any, _Slot],
    groups: Mapping[Any, Mapping[Any, _Slot]],
    values: dict[str, Any],
) -> None:
    tag = child.tag
    slot = slots.get(tag)
    if slot is None:
        inner = groups.get(tag)
        if inner is None:
            raise refuse(child, "another element", str(tag) if isinstance(tag, str) else "no element")
        _read(child, inner, _NO_GROUPS, values)
    elif slot.many:
        values[slot.field].append(slot.parse(child))
    else:
        values[slot.field] = slot.parse(child)


_NO_GROUPS: Final[Mapping[Any, Mapping[Any, _Slot]]] = {}


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


def _inline_step(field: str, frame: Plan) -> Step:
    value_of = attrgetter(field)
    fill = frame.fill
    return lambda element, owner: fill(element, value_of(owner))


def _attribute_step(name: str, field: str) -> Step:
    value_of = attrgetter(field)

    def step(element: etree._Element, owner: Any) -> None:
        value = value_of(owner)
        if value is not None:
            element.set(name, value)

    return step


def _wrapper_step(tag: str, steps: list[Step]) -> Step:
    def step(element: etree._Element, owner: Any) -> None:
        wrapper = etree.SubElement(element, tag)
        for inner in steps:
            inner(wrapper, owner)

    return step


def _child_step(tag: str, field: str, codec: Codec, optional: bool, many: bool) -> Step:
    value_of = attrgetter(field)
    build = codec.build

    def required_step(element: etree._Element, owner: Any) -> None:
        build(element, tag, value_of(owner))

    def optional_step(element: etree._Element, owner: Any) -> None:
        value = value_of(owner)
        if value is not None:
            build(element, tag, value)

    def many_step(element: etree._Element, owner: Any) -> None:
        for value in value_of(owner):
            build(element, tag, value)

    if many:
        return many_step
    # A codec that writes nothing for None (a wrapper that may be empty) must see the None itself.
    return optional_step if optional and build not in _WRITES_NONE else required_step


_CODECS: Final[dict[Any, Codec]] = {}
_WRITES_NONE: Final[set[Build]] = set()


def register(kind: Any, codec: Codec) -> None:
    """Use ``codec`` for every field of type ``kind``; to be called before a class with such a field."""
    _CODECS[kind] = codec


def writes_none(codec: Codec) -> Codec:
    """Mark a codec for which None is a value with a form of its own, not an absent element."""
    _WRITES_NONE.add(codec.build)
    return codec


def codec_of(kind: Any) -> Codec:
    """The codec of a type: a registered one, or the plan of a dataclass. Raises TypeError."""
    codec = _CODECS.get(kind)
    if codec is not None:
        return codec
    if isinstance(kind, type) and is_dataclass(kind):
        plan = plan_of(kind)
        return Codec(plan.parse, plan.build)
    raise TypeError(f"no codec for {kind!r}")


@cache
def plan_of(cls: Any) -> Plan:
    """The plan of a dataclass, compiled once."""
    return Plan(cls)
