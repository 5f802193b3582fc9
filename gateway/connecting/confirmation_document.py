"""The confirmation of a connection as a document, before it is signed."""

from gateway.clock import german_day
from gateway.connecting.steps import ConnectError, Desk
from messages.anbindung import (
    Anbindungsbestaetigung,
    AngebundeneBehoerde,
    Nachrichtenart,
    Produkt,
    PruefendeStelle,
    Vergleich,
    Zielstelle,
    write_bestaetigung,
)
from messages.errors import GatewayError
from messages.violations import kept_contract
from messages.writing import read
from schemas.registry import SchemaRegistry
from store.records import PartyRecord
from store.records_connection import Confirmation, StoredComparison


def confirmation_document(
    desk: Desk,
    confirmation: Confirmation,
    kept: StoredComparison,
    party: PartyRecord,
    registry: SchemaRegistry,
    meant_for: str,
) -> bytes:
    """Return a confirmation in exclusive canonical form.

    In: the comparison it rests on, the authority, the contracts, the kennung of the productive gateway that
    may take it. Raises ConnectError for what nobody could import: names may hold letters that the contract
    does not know.
    """
    settings = desk.settings
    document = write_bestaetigung(
        Anbindungsbestaetigung(
            bestaetigung_uuid=confirmation.uuid,
            pruefende_stelle=PruefendeStelle(settings.kennung, settings.name, settings.environment),
            bestimmt_fuer=Zielstelle(meant_for),
            behoerde=AngebundeneBehoerde(party.kennung, party.name, party.agency_type),
            produkt=Produkt(confirmation.maker, confirmation.product, confirmation.product_version),
            nachrichtenarten=tuple(
                Nachrichtenart(pair.message_type, pair.version) for pair in sorted(confirmation.scope)
            ),
            vergleich=Vergleich(kept.at, kept.actor, kept.counts["equal"], kept.digest.hex()),
            bestaetigt_am=confirmation.confirmed_at,
            bestaetigt_durch=confirmation.confirmed_by,
            einspielen_bis=confirmation.import_until,
        )
    )
    try:
        kept_contract(registry, read(document), german_day(desk.clock.now()))
    except GatewayError as error:
        raise ConnectError(f"the confirmation cannot be written: {error}") from error
    return document
