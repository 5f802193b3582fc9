"""What a sender is told of deliveries that wait on this node for the core store, or that it refused."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

from gateway.answers_bva import finding
from gateway.clock import german_time
from messages import bva
from messages.errors import GatewayError
from store.acceptance.records import KeptDelivery, KeptState
from store.acceptance.store import AcceptanceStore
from store.errors import StoreUnavailable

_TOLD: Final = (KeptState.ACCEPTED, KeptState.REFUSED)
_log: Final = logging.getLogger("gateway.batch")


def kept_here(
    kept: AcceptanceStore | None, party_id: str, uuid: str | None, limit: int
) -> Sequence[KeptDelivery]:
    """Return deliveries of a party that wait here or were refused when drained, or the one of a manifest.

    Nothing where there is no acceptance store, or while it is away: what is in the core is told all the same.
    """
    if kept is None:
        return ()
    try:
        if uuid is None:
            return kept.listed(_TOLD, party_id=party_id, limit=limit)
        found = kept.find(party_id, uuid.lower())
    except StoreUnavailable as error:
        _log.error("the acceptance store is away: %s", error)
        return ()
    return () if found is None or found.state not in _TOLD else (found,)


def refusal_of(kept: KeptDelivery) -> GatewayError:
    """Return the refusal that a delivery met when it was drained."""
    return GatewayError(kept.code or "T200.unexpected", details=kept.details)


def state_of(kept: KeptDelivery) -> bva.Lieferstand:
    """Return how far such a delivery is, with its refusal."""
    arrived = kept.arrived
    refused = kept.state is KeptState.REFUSED
    return bva.Lieferstand(
        lieferschein_uuid=arrived.uuid,
        lieferung=bva.Lieferfolge(arrived.number, arrived.package, arrived.last),
        eingangszeitpunkt=german_time(arrived.received_at),
        zustand=bva.Lieferzustand.REFUSED if refused else bva.Lieferzustand.KEPT,
        anzahl_datensaetze=arrived.records,
        bearbeitet=0,
        fehler=finding(refusal_of(kept)) if refused else None,
    )
