"""The parties as they are in the store, held in memory for at most two seconds."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from gateway.clock import Clock
from messages.errors import GatewayError
from store.errors import StoreUnavailable
from store.records import PartyRecord

MAX_AGE = timedelta(seconds=2)
"""How long a change of the registry may stay unseen."""

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


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
    by_ski: dict[bytes, x509.Certificate] = field(default_factory=dict)
    by_sha1: dict[bytes, x509.Certificate] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Snapshot:
    read_at: datetime
    speakers: Mapping[str, tuple[_Speaker, ...]]
    indices: _Indices


class PartyDirectory:
    """Finds certificates and the parties they speak for (n:m: a data centre signs for many authorities).

    Fulfils `gateway.trust.wssecurity.CertificateDirectory`. Every method raises GatewayError T200.store-away
    when the registry must be read anew and the store is away. May be used by several threads at once.
    """

    def __init__(self, source: PartySource, clock: Clock, *, max_age: timedelta = MAX_AGE) -> None:
        self._source = source
        self._clock = clock
        self._max_age = max_age
        self._lock = threading.Lock()
        self._parsed: dict[str, x509.Certificate] = {}
        self._indices = _Indices()
        self._snapshot = _Snapshot(_LONG_AGO, {}, self._indices)

    def by_issuer_serial(self, issuer: x509.Name, serial: int) -> x509.Certificate | None:
        """Return the registered certificate with this issuer and serial number."""
        return self._current().indices.by_issuer_serial.get((issuer.public_bytes(), serial))

    def by_ski(self, ski: bytes) -> x509.Certificate | None:
        """Return the registered certificate with this subject key identifier."""
        return self._current().indices.by_ski.get(ski)

    def by_thumbprint_sha1(self, thumbprint: bytes) -> x509.Certificate | None:
        """Return the registered certificate whose DER form has this SHA-1 hash."""
        return self._current().indices.by_sha1.get(thumbprint)

    def parties_of(self, fingerprint: str, at: datetime) -> Mapping[str, PartyRecord]:
        """Return, by kennung, the parties for which a certificate (SHA-256, hex) speaks at a moment."""
        speakers = self._current().speakers.get(fingerprint, ())
        return {each.party.kennung: each.party for each in speakers if each.speaks(at)}

    def _current(self) -> _Snapshot:
        now = self._clock.now()
        snapshot = self._snapshot
        if _fresh(snapshot, now, self._max_age):
            return snapshot
        with self._lock:
            if not _fresh(self._snapshot, now, self._max_age):
                try:
                    self._snapshot = self._read(now)
                except StoreUnavailable as error:
                    raise GatewayError("T200.store-away") from error
            return self._snapshot

    def _read(self, now: datetime) -> _Snapshot:
        speakers: dict[str, list[_Speaker]] = {}
        parsed: dict[str, x509.Certificate] = {}
        for party in self._source():
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
        return _Snapshot(now, frozen, self._indices)


def _fresh(snapshot: _Snapshot, now: datetime, max_age: timedelta) -> bool:
    # A clock that was set back must not keep an old state alive.
    return snapshot.read_at <= now < snapshot.read_at + max_age


def _index(certificates: Iterable[x509.Certificate]) -> _Indices:
    indices = _Indices()
    for certificate in certificates:
        issuer_serial = (certificate.issuer.public_bytes(), certificate.serial_number)
        indices.by_issuer_serial[issuer_serial] = certificate
        indices.by_ski[_subject_key_identifier(certificate)] = certificate
        indices.by_sha1[certificate.fingerprint(hashes.SHA1())] = certificate  # noqa: S303 - a name, no proof
    return indices


def _subject_key_identifier(certificate: x509.Certificate) -> bytes:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except x509.ExtensionNotFound:
        # RFC 5280 §4.2.1.2 (1): what foreign stacks compute where the certificate does not say.
        return x509.SubjectKeyIdentifier.from_public_key(certificate.public_key()).digest
    return extension.value.digest
