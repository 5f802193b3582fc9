"""Where in a document the thing stands that a refusal is about."""

from collections.abc import Mapping
from typing import Any, Final

from lxml import etree

from gateway.permission import AUTHOR, MESSAGE_UUID, READER, TYPE
from messages.errors import GatewayError
from messages.namespaces import DIENST
from schemas.violations import line_of, path_of

_ROOT: Final = "."
_OWN: Final = f"{{{DIENST}}}"
# Several ways are tried in turn: messages of the standard, then requests to the service. What speaks against
# the whole document stands at its root.
_PLACES: Final[Mapping[str, tuple[str, ...]]] = {
    "00057": (".//{*}bamfkennziffer",),
    "S100": (MESSAGE_UUID,),
    "S999.missing-trigger": (_ROOT,),
    "S999.request-replayed": (f"{_OWN}anfrageUUID",),
    "S999.test-attribute": (_ROOT,),
    "S999.type-mismatch": (TYPE,),
    "S999.unknown-delivery": (f"{_OWN}nachrichtId",),
    "S999.uuid-reused": (MESSAGE_UUID,),
    "T070.author-differs": (AUTHOR,),
    "T070.direction": (_ROOT,),
    "T070.foreign-authority": (AUTHOR, f"{_OWN}kennung"),
    "T070.not-connected": (TYPE,),
    "T070.type-not-allowed": (TYPE,),
    "T070.version-not-confirmed": (_ROOT,),
    "T080": (READER,),
}


def at(error: GatewayError, node: Any) -> GatewayError:
    """Return the same error with the place of an element."""
    return GatewayError(error.code, path=path_of(node), line=line_of(node), details=error.details)


def placed(error: GatewayError, root: etree._Element) -> GatewayError:
    """Return the error with the place in a document that it is about.

    In: the root of the document. Out: the same error where it has a place already, or is about none: what is
    away, the sender, the envelope.
    """
    places = () if error.path is not None else _PLACES.get(error.code, ())
    for place in places:
        node = root.find(place)
        if node is not None:
            return at(error, node)
    return at(error, root) if places else error
