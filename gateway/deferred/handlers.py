"""Which handler does which kind of deferred work; a further kind comes in by a line here."""

from collections.abc import Callable, Mapping
from typing import Final

from gateway.batch.chunks import ChunkHandler
from gateway.batch.results import FirstResult
from gateway.batch.signing import signer
from gateway.batch.work_kinds import CHUNK, RESULT
from gateway.deferred.base import WorkHandler, Workshop


def _first_result(workshop: Workshop) -> WorkHandler:
    return FirstResult(workshop.store, workshop.tools, signer(workshop.key, workshop.ecdsa_key))


_HANDLERS: Final[Mapping[str, Callable[[Workshop], WorkHandler]]] = {
    CHUNK: ChunkHandler,
    RESULT: _first_result,
}
KINDS: Final = frozenset(_HANDLERS)


def handlers(workshop: Workshop) -> Mapping[str, WorkHandler]:
    """Return the handlers by kind."""
    return {kind: make(workshop) for kind, make in _HANDLERS.items()}
