"""All message classes by root element; reading and writing of whole messages, in one version or several.

A new group of messages comes in as a module ``messages/group<nn>.py`` with a tuple ``MESSAGES``; nothing
else has to change. The rejection and the records of deliveries stand beside the groups. `parse`, `write` and
`build` are those of the bundled version.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from lxml import etree

import messages
from messages.binding import Parse, plan_of, refuse
from messages.dialect import BUNDLED, Dialect
from messages.frame import Fachrahmen, Message
from messages.namespaces import BVA
from messages.versions import dialects_of, root_in
from messages.writing import read
from schemas.folders import ContractFolder


def _message_modules() -> Iterator[str]:
    for module in pkgutil.iter_modules(messages.__path__):
        if module.name.startswith("group") or module.name in ("rejection", "bva"):
            yield f"{messages.__name__}.{module.name}"


def _collect() -> Mapping[str, type[Message]]:
    found: dict[str, type[Message]] = {}
    for name in sorted(_message_modules()):
        for cls in importlib.import_module(name).MESSAGES:
            if found.setdefault(cls.root, cls) is not cls:
                raise TypeError(f"two message classes for {cls.root}")
    return MappingProxyType(found)


MESSAGE_TYPES: Final[Mapping[str, type[Message]]] = _collect()


class MessageRegistry:
    """Reads and writes messages in the bundled version of the standard and in further ones.

    `types` are the message classes by root element (Clark name), in every version.
    """

    def __init__(self, dialects: Iterable[Dialect] = ()) -> None:
        self._parsers: dict[Any, Parse] = {}
        self._writers: dict[tuple[type[Any], str], Callable[[Any], bytes]] = {}
        self._roots: dict[tuple[str, str], str] = {}
        self._bundled: dict[Any, str] = {}
        types: dict[str, type[Message]] = {}
        for root, cls in MESSAGE_TYPES.items():
            known = (BUNDLED, *dialects) if cls.standard == BUNDLED.standard else (BUNDLED,)
            for dialect in known:
                version = dialect.version if cls.standard == dialect.standard else cls.version
                plan, there = plan_of(cls, dialect), root_in(dialect, root)
                self._parsers[there] = plan.parse
                own = root.startswith(f"{{{BVA}}}")
                marks = {} if own else {"standard": cls.standard, "version": version}
                self._writers[cls, version] = plan.document(root, marks)
                self._roots[cls.message_type, version] = there
                self._bundled[there] = root
                types[there] = cls
        self.types: Mapping[str, type[Message]] = MappingProxyType(types)

    @classmethod
    def of(cls, folders: Iterable[ContractFolder]) -> MessageRegistry:
        """Make one that knows the further versions among some folders of contracts.

        Raises ContractFileError where the messages do not fit the schema of a version.
        """
        ours = {root: kind for root, kind in MESSAGE_TYPES.items() if kind.standard == BUNDLED.standard}
        return cls(dialects_of(folders, ours))

    def parse(self, element: etree._Element) -> Message:
        """Read the root element of a schema-valid document into its message class.

        Its namespace tells the version, which the frame keeps. Raises GatewayError X001.unknown-root for an
        element that is no message, X001 where the content does not fit all the same.
        """
        parser = self._parsers.get(element.tag)
        if parser is None:
            raise refuse(element, "a message", "another root element", code="X001.unknown-root")
        message: Message = parser(element)
        return message

    def write(self, message: Message) -> bytes:
        """``message`` as a document in exclusive canonical form, in the version that its frame names.

        Raises ValueError for characters that XML does not know, for points in time without zone, and for a
        version that is not known here.
        """
        frame = message.rahmen
        version = frame.version if isinstance(frame, Fachrahmen) else message.version
        writer = self._writers.get((type(message), version))
        if writer is None:
            raise ValueError(f"{message.message_type} is not known in version {version!r}")
        return writer(message)

    def build(self, message: Message) -> etree._Element:
        """The root element of ``message``. Raises ValueError as `write` does."""
        return read(self.write(message))

    def root(self, message_type: str, version: str) -> str:
        """The root element (Clark name) of a message in a version. Raises KeyError."""
        return self._roots[message_type, version]

    def bundled_root(self, root: Any) -> Any:
        """The root element that the bundled version has in the place of this one; itself for any other."""
        return self._bundled.get(root, root)


def in_version(message: Any, version: str) -> Any:
    """The same message of XAusländer, to be written in another version."""
    return replace(message, rahmen=replace(message.rahmen, version=version))


BUNDLED_MESSAGES: Final = MessageRegistry()
parse: Final = BUNDLED_MESSAGES.parse
write: Final = BUNDLED_MESSAGES.write
build: Final = BUNDLED_MESSAGES.build
