"""The parties as they are in the store, held in memory for at most two seconds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from gateway.clock import Clock
from gateway.held import MAX_AGE, Held
from gateway.trust.certificates import fingerprint_of
from store.records import PartyRecord


class PartySource(Protocol):
    """What the directory reads the parties from."""

    def __call__(self) -> Iterable[PartyRecord]:
        """Return all parties with their certificates. Raises StoreUnavailable."""


@dataclass(frozen=True, slots=True)
class _Speaker:
    """A party, and from when until when a certificate speaks for it."""

    party: PartyRecord
    since: datetime | None
    until: datetime | None

    def speaks(self, at: datetime) -> bool:
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)


@dataclass(frozen=True, slots=True)
class _Indices:
    by_issuer_serial: dict[tuple[bytes, int], x509.Certificate] = field(default_factory=dict)
    by_ski: dict[bytes, list[x509.Certificate]] = field(default_factory=dict)
    by_sha1: dict[bytes, x509.Certificate] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Snapshot:
    speakers: Mapping[str, tuple[_Speaker, ...]]
    indices: _Indices
    parties: Mapping[str, PartyRecord]

    def usable(self, certificate: x509.Certificate, at: datetime) -> bool:
        """Tell whether a certificate is within its validity and speaks for somebody at a moment."""
        fingerprint = fingerprint_of(certificate)
        return certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc and any(
            speaker.speaks(at) for speaker in self.speakers.get(fingerprint, ())
        )


class PartyDirectory:
    """Finds certificates and the parties they speak for (n:m: a data centre signs for many authorities).

    Fulfils `gateway.trust.wssecurity.CertificateDirectory`. Every method raises GatewayError T200.store-away
    when the registry must be read anew and the store is away. May be used by several threads at once.
    """

    def __init__(self, source: PartySource, clock: Clock, *, max_age: timedelta = MAX_AGE) -> None:
        self._source = source
        self._clock = clock
        self._parsed: dict[str, x509.Certificate] = {}
        self._indices = _Indices()
        self._registry = Held(self._read, clock, max_age)

    def by_issuer_serial(self, issuer: x509.Name, serial: int) -> x509.Certificate | None:
        """Return the registered certificate with this issuer and serial number."""
        return self._registry.current().indices.by_issuer_serial.get((issuer.public_bytes(), serial))

    def by_ski(self, ski: bytes) -> x509.Certificate | None:
        """Return the registered certificate with this subject key identifier.

        A certificate renewed with the same key has the same identifier: of several the latest counts that
        may be used now, else the latest.
        """
        registry = self._registry.current()
        latest_first = registry.indices.by_ski.get(ski, [])
        if len(latest_first) > 1:
            now = self._clock.now()
            for certificate in latest_first:
                if registry.usable(certificate, now):
                    return certificate
        return latest_first[0] if latest_first else None

    def by_thumbprint_sha1(self, thumbprint: bytes) -> x509.Certificate | None:
        """Return the registered certificate whose DER form has this SHA-1 hash."""
        return self._registry.current().indices.by_sha1.get(thumbprint)

    def parties_of(self, fingerprint: str, at: datetime) -> Mapping[str, PartyRecord]:
        """Return, by kennung, the parties for which a certificate (SHA-256, hex) speaks at a moment."""
        speakers = self._registry.current().speakers.get(fingerprint, ())
        return {each.party.kennung: each.party for each in speakers if each.speaks(at)}

    def party(self, kennung: str) -> PartyRecord | None:
        """Return the party of a kennung, locked or not."""
        return self._registry.current().parties.get(kennung)

    def refresh(self) -> None:
        """Read the registry if what is held is too old."""
        self._registry.current()

    def _read(self) -> _Snapshot:
        parties: dict[str, PartyRecord] = {}
        speakers: dict[str, list[_Speaker]] = {}
        parsed: dict[str, x509.Certificate] = {}
        for party in self._source():
            parties[party.kennung] = party
            for link in party.certificates:
                speakers.setdefault(link.fingerprint, []).append(
                    _Speaker(party, link.valid_from, link.valid_until)
                )
                if link.fingerprint not in parsed:
                    known = self._parsed.get(link.fingerprint)
                    parsed[link.fingerprint] = known or x509.load_der_x509_certificate(link.der)
        if parsed.keys() != self._parsed.keys():
            self._indices = _index(parsed.values())
        self._parsed = parsed
        frozen = {fingerprint: tuple(found) for fingerprint, found in speakers.items()}
        return _Snapshot(frozen, self._indices, parties)


def _index(certificates: Iterable[x509.Certificate]) -> _Indices:
    indices = _Indices()
    for certificate in certificates:
        issuer_serial = (certificate.issuer.public_bytes(), certificate.serial_number)
        indices.by_issuer_serial[issuer_serial] = certificate
        indices.by_ski.setdefault(_subject_key_identifier(certificate), []).append(certificate)
        indices.by_sha1[certificate.fingerprint(hashes.SHA1())] = certificate  # noqa: S303 - a name, no proof
    for same_key in indices.by_ski.values():
        same_key.sort(key=lambda certificate: certificate.not_valid_before_utc, reverse=True)
    return indices


def _subject_key_identifier(certificate: x509.Certificate) -> bytes:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except x509.ExtensionNotFound:
        # RFC 5280 §4.2.1.2 (1): what foreign stacks compute where the certificate does not say.
        return x509.SubjectKeyIdentifier.from_public_key(certificate.public_key()).digest
    return extension.value.digest
