"""Who sent a proven document, and whether it may speak here: the same questions at every door."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from gateway.parties import PartyDirectory
from gateway.settings import Settings
from gateway.trust.certificates import Validator, fingerprint_of, require_valid
from gateway.trust.documents import VerifiedDocument
from gateway.trust.wssecurity import demand_timestamp, refuse_str_transform
from messages.errors import GatewayError
from store.records import PartyRecord


@dataclass(frozen=True, slots=True)
class Recognised:
    """The certificate a document was signed with, and whom it speaks for, by kennung; never nobody."""

    fingerprint: str
    parties: Mapping[str, PartyRecord]


class Senders:
    """Recognises senders. Stateless but for the directory's memory; used by several threads at once."""

    def __init__(self, *, validator: Validator | None, parties: PartyDirectory, settings: Settings) -> None:
        """Without `validator` for documents whose certificates were judged when they arrived."""
        self._validator = validator
        self._parties = parties
        self._settings = settings

    def recognise(self, document: VerifiedDocument, at: datetime) -> Recognised:
        """Say for whom the signer of a document speaks.

        In: the document, the real instant of its arrival. Raises GatewayError T003.* where the certificate is
        not valid, T070.unknown-sender, T200.store-away where the register must be read and the store is away.
        """
        if self._validator is not None:
            require_valid(self._validator.check(document.certificate, at))
        fingerprint = fingerprint_of(document.certificate)
        parties = self._parties.parties_of(fingerprint, at)
        if not parties:
            raise GatewayError("T070.unknown-sender")
        return Recognised(fingerprint, parties)

    def speaker(
        self, document: VerifiedDocument, parties: Mapping[str, PartyRecord], kennung: str
    ) -> PartyRecord:
        """Return the party that a document names as its author, if it may speak here.

        In: the document, whom its signer speaks for, the named kennung. Raises GatewayError
        T070.foreign-authority, T070.party-locked, T070.environment, and those of a missing time stamp or a
        transform that the party may not use.
        """
        party = parties.get(kennung)
        if party is None:
            raise GatewayError("T070.foreign-authority")
        if party.locked:
            raise GatewayError("T070.party-locked")
        if party.environment != self._settings.environment:
            raise GatewayError("T070.environment")
        # A document that carries its signature in itself has no place for a time stamp.
        if party.require_timestamp and document.soap_version is not None:
            demand_timestamp(document)
        if not party.str_transform:
            refuse_str_transform(document)
        return party
