"""Which handler does which kind of deferred work; a further kind comes in by a line here."""

from collections.abc import Callable, Mapping
from typing import Final

from gateway.deferred.base import WorkHandler, Workshop

_HANDLERS: Final[Mapping[str, Callable[[Workshop], WorkHandler]]] = {}
KINDS: Final = frozenset(_HANDLERS)


def handlers(workshop: Workshop) -> Mapping[str, WorkHandler]:
    """Return the handlers by kind."""
    return {kind: make(workshop) for kind, make in _HANDLERS.items()}
