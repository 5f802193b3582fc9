"""Whether a certificate may sign for its holder now: path, validity, usage, strength, revocation.

Processing time decides about validity; what a message claims about its time of signing does not count. An
authority that is an anchor is trusted until the operator removes it (RFC 5280 §6.1.1 d): its own dates are
not looked at. Nor are extended key usages, which the administrations' PKIs fill differently. Revocation is
read from CRL files that the operator keeps fresh; nothing is fetched over the network.
"""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Final, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from gateway.trust.certificate_files import (
    Snapshot,
    TrustFileError,
    read_certificates,
    read_revocation_lists,
    take_snapshot,
)
from gateway.trust.certificate_path import CertificateVerdict, Examiner, Verdict
from messages.errors import GatewayError

__all__ = ["CertificateVerdict", "TrustFileError", "Validator", "Verdict", "fingerprint_of", "require_valid"]

_log: Final = logging.getLogger(__name__)

_ALWAYS: Final = datetime.max.replace(tzinfo=UTC)

_KNOWN_AT_MOST: Final = 4096
"""Verdicts remembered at a time: more than there are partners, little enough for a flood of strangers."""


@dataclass(frozen=True, slots=True)
class _Remembered:
    outcome: CertificateVerdict
    since: datetime
    until: datetime


class ListsOutdated(Exception):
    """Revocation lists that are required have run out, or there is none."""


@lru_cache(maxsize=_KNOWN_AT_MOST)
def fingerprint_of(certificate: x509.Certificate) -> str:
    """Return the SHA-256 hash of a certificate's DER form (hex), computed once per certificate."""
    return certificate.fingerprint(hashes.SHA256()).hex()


class Validator:
    """Judges certificates; may be used by several threads at once.

    A verdict costs as much as several messages, so it is remembered: until a certificate or a revocation
    list begins or ends to be valid, a listed revocation begins, or the CRL files change. Nothing else
    can make it another.
    """

    def __init__(
        self,
        anchors: Sequence[x509.Certificate],
        intermediates: Sequence[x509.Certificate] = (),
        crls: Sequence[x509.CertificateRevocationList] = (),
        *,
        require_crl: bool,
    ) -> None:
        """Take the trusted certificates, those between, and the revocation lists.

        With `require_crl` every issuer on a path must have a valid list here, or the verdict is
        INDETERMINATE; without it a list is respected if there is one. Raises ValueError without any anchor.
        """
        if not anchors:
            raise ValueError("no trust anchors: every certificate would be refused")
        self._anchors = tuple(anchors)
        self._intermediates = tuple(intermediates)
        self._require_crl = require_crl
        self._lock = threading.Lock()
        self._crl_places: tuple[Path, ...] = ()
        self._look_every = timedelta(0)
        self._snapshot: Snapshot = ()
        self._looked_at = datetime.min.replace(tzinfo=UTC)
        self._take_crls(crls)

    @classmethod
    def from_directories(
        cls,
        anchors: Sequence[Path],
        intermediates: Sequence[Path] = (),
        crls: Sequence[Path] = (),
        *,
        require_crl: bool,
        look_every: timedelta = timedelta(seconds=5),
    ) -> Self:
        """Read files or folders of certificates and CRLs, PEM or DER.

        CRL files are looked at again every `look_every` and read anew when they changed; certificates are
        read once. Raises TrustFileError for a missing or unreadable file, ValueError without any anchor.
        """
        snapshot = take_snapshot(crls)
        validator = cls(
            read_certificates(anchors),
            read_certificates(intermediates),
            read_revocation_lists(crls),
            require_crl=require_crl,
        )
        validator._crl_places = tuple(crls)
        validator._look_every = look_every
        validator._snapshot = snapshot
        return validator

    def check(self, certificate: x509.Certificate, at: datetime) -> CertificateVerdict:
        """Judge a signer's certificate as of `at` (aware, the time of processing).

        Out: the verdict with its reason; a remembered one if it is still good. Raises ValueError for a naive
        time.
        """
        if at.tzinfo is None:
            raise ValueError("the time of processing needs a time zone")
        if self._crl_places and not self._looked_at <= at < self._looked_at + self._look_every:
            self._look_for_crls(at)
        fingerprint = fingerprint_of(certificate)
        remembered = self._known.get(fingerprint)
        if remembered is not None and remembered.since <= at < remembered.until:
            return remembered.outcome
        with self._lock:
            outcome = self._examiner.examine(certificate, at)
            if len(self._known) >= _KNOWN_AT_MOST:
                self._known.clear()
            self._known[fingerprint] = _Remembered(outcome, at, self._good_until(certificate, at))
        return outcome

    def require_current_lists(self, at: datetime) -> None:
        """Tell for readiness whether revocation can be judged at all where it must be.

        Raises ListsOutdated if revocation lists are required and there is none, or if all lists of an issuer
        have run out: its certificates would be refused as indeterminate.
        """
        if not self._require_crl:
            return
        if self._crl_places and not self._looked_at <= at < self._looked_at + self._look_every:
            self._look_for_crls(at)
        current: dict[bytes, bool] = {}
        for crl in self._crls:
            issuer = crl.issuer.public_bytes()
            usable = crl.last_update_utc <= at and (crl.next_update_utc is None or at <= crl.next_update_utc)
            current[issuer] = current.get(issuer, False) or usable
        if not current or not all(current.values()):
            raise ListsOutdated(f"{list(current.values()).count(False)} of {len(current)} issuers")

    def _good_until(self, certificate: x509.Certificate, at: datetime) -> datetime:
        limits = (
            certificate.not_valid_before_utc,
            certificate.not_valid_after_utc + timedelta.resolution,
            *self._turning_points,
        )
        return min((limit for limit in limits if limit > at), default=_ALWAYS)

    def _look_for_crls(self, at: datetime) -> None:
        with self._lock:
            self._looked_at = at
            try:
                snapshot = take_snapshot(self._crl_places)
                if snapshot != self._snapshot:
                    self._take_crls(read_revocation_lists(self._crl_places))
                    self._snapshot = snapshot
            except TrustFileError as error:
                # The lists at hand stay in force and run out by themselves, which makes it INDETERMINATE.
                _log.warning("revocation lists not renewed: %s", error)

    def _take_crls(self, crls: Sequence[x509.CertificateRevocationList]) -> None:
        self._crls = tuple(crls)
        self._examiner = Examiner(self._anchors, self._intermediates, crls, require_crl=self._require_crl)
        turning_points: list[datetime] = []
        for certificate in self._intermediates:
            turning_points.append(certificate.not_valid_before_utc)
            turning_points.append(certificate.not_valid_after_utc + timedelta.resolution)
        for crl in crls:
            turning_points.append(crl.last_update_utc)
            if crl.next_update_utc is not None:
                turning_points.append(crl.next_update_utc + timedelta.resolution)
            # A revocation counts from its date on, which a list may name ahead of time.
            listed = (entry.revocation_date_utc for entry in crl)
            turning_points += {day + timedelta.resolution for day in listed if day >= crl.last_update_utc}
        self._turning_points = tuple(turning_points)
        self._known: dict[str, _Remembered] = {}


_CODES: Final = {
    Verdict.EXPIRED: "T000",
    Verdict.REVOKED: "T001",
    Verdict.NOT_YET_VALID: "T002.not-yet-valid",
    Verdict.UNTRUSTED: "T002.untrusted",
    Verdict.WRONG_USAGE: "T002.wrong-usage",
    Verdict.WEAK: "T002",
    Verdict.INDETERMINATE: "T002.indeterminate",
}


def require_valid(outcome: CertificateVerdict) -> None:
    """Pass a valid certificate. Raises GatewayError: T000 expired, T001 revoked, T002.* for the rest.

    Of the latter only T002.indeterminate may be repeated later with success.
    """
    if outcome.verdict is not Verdict.VALID:
        raise GatewayError(_CODES[outcome.verdict])
