"""All message classes by root element; reading and writing of whole messages.

A new group of messages comes in as a module ``messages/group<nn>.py`` with a tuple ``MESSAGES``; nothing
else has to change.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from lxml import etree

import messages
from messages.binding import plan_of, refuse
from messages.frame import Message
from messages.writing import read


def _message_modules() -> Iterator[str]:
    for module in pkgutil.iter_modules(messages.__path__):
        if module.name.startswith("group") or module.name == "rejection":
            yield f"{messages.__name__}.{module.name}"


def _collect() -> Mapping[str, type[Message]]:
    found: dict[str, type[Message]] = {}
    for name in sorted(_message_modules()):
        for cls in importlib.import_module(name).MESSAGES:
            if found.setdefault(cls.root, cls) is not cls:
                raise TypeError(f"two message classes for {cls.root}")
    return MappingProxyType(found)


MESSAGE_TYPES: Final[Mapping[str, type[Message]]] = _collect()
_PARSERS: Final[dict[Any, Any]] = {root: plan_of(cls).parse for root, cls in MESSAGE_TYPES.items()}
_WRITERS: Final = {
    cls: plan_of(cls).document(root, {"standard": cls.standard, "version": cls.version})
    for root, cls in MESSAGE_TYPES.items()
}


def parse(element: etree._Element) -> Message:
    """Read the root element of a schema-valid document into its message class.

    Raises GatewayError X001.unknown-root for an element that is no message, X001 where the content does
    not fit all the same.
    """
    parser = _PARSERS.get(element.tag)
    if parser is None:
        raise refuse(element, "a message", "another root element", code="X001.unknown-root")
    message: Message = parser(element)
    return message


def write(message: Message) -> bytes:
    """``message`` as a document in exclusive canonical form.

    Raises ValueError for characters that XML does not know and for points in time without zone.
    """
    return _WRITERS[type(message)](message)


def build(message: Message) -> etree._Element:
    """The root element of ``message``. Raises ValueError as `write` does."""
    return read(write(message))
