"""Which handler answers which request to the service."""

from gateway.handlers.table import SERVED
from gateway.service.checking import CheckHandler
from gateway.service.post import ConfirmHandler, FetchHandler
from gateway.service.status import StatusHandler
from gateway.serving import ServiceHandlers
from gateway.settings import Settings
from gateway.trust.admission import Limits
from messages.registry import BUNDLED_MESSAGES, MessageRegistry
from messages.service import BestaetigeNachrichten, HoleNachrichten, PruefeNachricht, StatusAbfrage
from schemas.registry import SchemaRegistry
from store.engine import Store


def service_handlers(
    store: Store,
    registry: SchemaRegistry,
    settings: Settings,
    limits: Limits,
    messages: MessageRegistry = BUNDLED_MESSAGES,
) -> ServiceHandlers:
    """Make the handlers of all operations. In: `limits` are the caps on a document to be checked."""
    incoming = frozenset(root for root, kind in messages.types.items() if kind in SERVED)
    return {
        HoleNachrichten.root: FetchHandler(settings),
        BestaetigeNachrichten.root: ConfirmHandler(),
        StatusAbfrage.root: StatusHandler(store, settings),
        PruefeNachricht.root: CheckHandler(registry, settings, limits, incoming),
    }
