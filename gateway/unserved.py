"""Messages of the standard that this release does not serve: their senders are told so, not "unknown"."""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Final

from lxml import etree

from messages.errors import GatewayError
from messages.registry import MessageRegistry
from schemas.violations import path_of

_CODES: Final = {"incoming": "V000.message-not-served", "outgoing": "T070.direction"}


def load_unserved() -> Mapping[str, str]:
    """Return the code of the refusal by root element (Clark name)."""
    text = files("gateway.rules").joinpath("unserved.toml").read_text(encoding="utf-8")
    return {
        f"{{{namespace}}}{name}": code
        for namespace, directions in tomllib.loads(text).items()
        for direction, code in _CODES.items()
        for name in directions[direction]
    }


_UNSERVED: Final = load_unserved()


def require_served(element: etree._Element, messages: MessageRegistry) -> None:
    """Refuse a message of the standard that is not served, in any version.

    Raises GatewayError, naming its number.
    """
    code = _UNSERVED.get(messages.bundled_root(element.tag))
    if code is not None:
        number = element.tag.rpartition(".")[2]
        raise GatewayError(code, path=path_of(element), details={"message_type": number})
