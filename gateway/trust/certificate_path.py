"""One examination of one certificate: a path to an anchor, its revocation, and what a signer must be.

The path is validated by pyhanko-certvalidator (RFC 5280 §6.1, §6.3), which knows brainpool and RSA-PSS.
Indirect CRLs (of another authority than the issuer) are not used.
"""

from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, TypeVar

from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko_certvalidator.context import ValidationContext
from pyhanko_certvalidator.errors import (
    CRLNoMatchesError,
    CRLValidationError,
    DisallowedAlgorithmError,
    ExpiredError,
    NotYetValidError,
    PathBuildingError,
    RevokedError,
    ValidationError,
)
from pyhanko_certvalidator.policy_decl import (
    NO_REVOCATION,
    CertRevTrustPolicy,
    DisallowWeakAlgorithmsPolicy,
)
from pyhanko_certvalidator.revinfo.validate_crl import verify_crl
from pyhanko_certvalidator.sig_validate import DefaultSignatureValidator
from pyhanko_certvalidator.validate import async_validate_path

from gateway.trust.keys import MINIMUM_RSA_BITS

_Result = TypeVar("_Result")


class Verdict(StrEnum):
    """What became of a certificate."""

    VALID = "valid"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    REVOKED = "revoked"
    UNTRUSTED = "untrusted"
    """No path to an anchor, or one that breaks a rule."""
    WRONG_USAGE = "wrong-usage"
    """Not meant for signing."""
    WEAK = "weak"
    """A key or signature algorithm on the path is no longer good enough, or never was."""
    INDETERMINATE = "indeterminate"
    """All is well, but revocation cannot be established: no list, or only one that ran out."""


@dataclass(frozen=True, slots=True)
class CertificateVerdict:
    """A verdict with its reason, in English, for operators; names no holder."""

    verdict: Verdict
    reason: str


class Rejected(Exception):
    """One path was examined and failed."""

    def __init__(self, verdict: Verdict, reason: str) -> None:
        super().__init__(reason)
        self.outcome = CertificateVerdict(verdict, reason)


_PRECEDENCE: Final = (
    Verdict.REVOKED,
    Verdict.EXPIRED,
    Verdict.NOT_YET_VALID,
    Verdict.WRONG_USAGE,
    Verdict.WEAK,
    Verdict.INDETERMINATE,
    Verdict.UNTRUSTED,
)
"""Which failure to report if several paths fail differently: the one that says most about the certificate."""

MAXIMUM_RSA_BITS: Final = 8192
"""Verifying costs CPU by the square of the size; longer keys only serve to burn it."""
MINIMUM_RSA_EXPONENT: Final = 65537
"""Above 2^16 (BSI TR-02102-1). Small exponents allowed forgeries where padding was checked badly."""
CURVES: Final = frozenset(
    {"secp256r1", "secp384r1", "secp521r1", "brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1"}
)
_UNDECODABLE: Final = (
    ValueError,
    TypeError,
    NotImplementedError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What the two libraries raise for certificates that no sound authority issues."""
_WEAK_HASHES: Final = frozenset({"md2", "md5", "sha1", "sha224"})
_ALGORITHMS: Final = DisallowWeakAlgorithmsPolicy(
    weak_hash_algos=_WEAK_HASHES,
    weak_signature_algos=frozenset({"dsa"}),
    rsa_key_size_threshold=MINIMUM_RSA_BITS,
)


class _StrictSignatures:
    """The library's check of a signature, failing in one way whatever is wrong.

    The library asserts that the key is of the kind the algorithm names. Anybody can make a certificate where
    it is not.
    """

    _library: Final = DefaultSignatureValidator()

    def validate_signature(self, *args: Any, **kwargs: Any) -> None:
        try:
            self._library.validate_signature(*args, **kwargs)
        except (AssertionError, AttributeError, TypeError, ValueError, UnsupportedAlgorithm) as error:
            raise InvalidSignature from error


class Examiner:
    """Anchors, intermediates and revocation lists in the form the path validation wants; immutable.

    Not for use by two threads at once: the ASN.1 objects below decode themselves on demand.
    """

    def __init__(
        self,
        anchors: Sequence[x509.Certificate],
        intermediates: Sequence[x509.Certificate],
        crls: Sequence[x509.CertificateRevocationList],
        *,
        require_crl: bool,
    ) -> None:
        self._anchors = [_decoded(certificate) for certificate in anchors]
        self._intermediates = [_decoded(certificate) for certificate in intermediates]
        # A list that nobody should have signed that way proves nothing, so it counts as missing.
        self._crls = [
            asn1_crl.CertificateList.load(crl.public_bytes(Encoding.DER))
            for crl in crls
            if crl.signature_hash_algorithm is not None
            and crl.signature_hash_algorithm.name not in _WEAK_HASHES
        ]
        self._require_crl = require_crl

    def examine(self, certificate: x509.Certificate, at: datetime) -> CertificateVerdict:
        """Examine a signer's certificate as of `at` (aware). Never raises for what a certificate may hold."""
        try:
            context = self._context(at, ())
            subject = _decoded(certificate)
            paths = _run(context.path_builder.async_build_paths(subject))
        except PathBuildingError:
            return CertificateVerdict(Verdict.UNTRUSTED, "no path leads to a trust anchor")
        except _UNDECODABLE:
            return CertificateVerdict(Verdict.UNTRUSTED, "the certificate cannot be decoded")
        failures = []
        for path in paths:
            try:
                self._examine_path(path, certificate, at)
            except Rejected as failure:
                failures.append(failure.outcome)
            except _UNDECODABLE:
                failures.append(CertificateVerdict(Verdict.UNTRUSTED, "a certificate cannot be decoded"))
            else:
                return CertificateVerdict(Verdict.VALID, "")
        return min(failures, key=lambda outcome: _PRECEDENCE.index(outcome.verdict))

    def _examine_path(self, path: Any, certificate: x509.Certificate, at: datetime) -> None:
        context = self._context(at, ())
        try:
            _run(async_validate_path(context, path))
        except (ExpiredError, NotYetValidError) as error:
            raise _out_of_time(certificate, at) from error
        except DisallowedAlgorithmError as error:
            raise Rejected(Verdict.WEAK, "a signature on the path uses a weak algorithm or key") from error
        except ValidationError as error:
            raise Rejected(Verdict.UNTRUSTED, "the path breaks a rule of RFC 5280 §6.1") from error
        if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
            # Only a signer that is itself an anchor gets here: RFC 5280 looks at no date of an anchor.
            raise _out_of_time(certificate, at)
        for member in path:
            _require_strength(x509.load_der_x509_certificate(member.dump()))
        _require_signer(certificate)
        for member in [*path][1:]:
            self._require_unrevoked(member, path, at)

    def _require_unrevoked(self, member: Any, path: Any, at: datetime) -> None:
        # The library also takes the list of any authority below the issuer as one of the issuer. Only the
        # issuer's own lists are shown to it, so that a neighbour's does not hide that one is missing.
        lists = [crl for crl in self._crls if crl.issuer == member.issuer]
        try:
            _run(verify_crl(member, path, self._context(at, lists)))
        except RevokedError as error:
            raise Rejected(Verdict.REVOKED, "a certificate on the path is on a revocation list") from error
        except CRLNoMatchesError as error:
            if self._require_crl:
                raise Rejected(
                    Verdict.INDETERMINATE, "an issuer on the path has no revocation list here"
                ) from error
        except CRLValidationError as error:
            if self._require_crl:
                raise Rejected(
                    Verdict.INDETERMINATE, "the revocation list of an issuer on the path cannot be used"
                ) from error

    def _context(self, at: datetime, crls: Sequence[Any]) -> Any:
        return ValidationContext(
            trust_roots=self._anchors,
            other_certs=self._intermediates,
            crls=crls,
            moment=at,
            allow_fetching=False,
            revinfo_policy=CertRevTrustPolicy(NO_REVOCATION),
            algorithm_usage_policy=_ALGORITHMS,
            time_tolerance=timedelta(0),
            signature_validator=_StrictSignatures(),
        )


def _out_of_time(certificate: x509.Certificate, at: datetime) -> Rejected:
    if at > certificate.not_valid_after_utc:
        return Rejected(Verdict.EXPIRED, "the certificate has expired")
    if at < certificate.not_valid_before_utc:
        return Rejected(Verdict.NOT_YET_VALID, "the certificate is not valid yet")
    return Rejected(Verdict.UNTRUSTED, "an issuer on the path is not valid at this time")


def _require_strength(certificate: x509.Certificate) -> None:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        if not MINIMUM_RSA_BITS <= key.key_size <= MAXIMUM_RSA_BITS:
            raise Rejected(Verdict.WEAK, f"an RSA key on the path has {key.key_size} bits")
        if key.public_numbers().e < MINIMUM_RSA_EXPONENT:
            raise Rejected(Verdict.WEAK, "an RSA key on the path has a small exponent")
    elif isinstance(key, ec.EllipticCurvePublicKey):
        if key.curve.name not in CURVES:
            raise Rejected(Verdict.WEAK, f"a key on the path is on the curve {key.curve.name}")
    else:
        raise Rejected(Verdict.WEAK, "a key on the path is of a kind not used for signing")


def _require_signer(certificate: x509.Certificate) -> None:
    """Hold RFC 5280 §4.2.1.3: without the extension every usage is allowed."""
    for extension in certificate.extensions:
        value = extension.value
        if isinstance(value, x509.KeyUsage) and not (value.digital_signature or value.content_commitment):
            raise Rejected(Verdict.WRONG_USAGE, "the key usage allows neither signatures nor commitments")
        if isinstance(value, x509.BasicConstraints) and value.ca:
            raise Rejected(Verdict.WRONG_USAGE, "the certificate is that of a certification authority")


def _decoded(certificate: x509.Certificate) -> Any:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))


def _run(coroutine: Coroutine[Any, Any, _Result]) -> _Result:
    """Run a coroutine of the library to its end, here and now, whether or not this thread has an event loop.

    Without fetchers the library awaits nothing but its own functions, so that one step reaches the end.
    """
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: _Result = done.value
        return result
    coroutine.close()
    raise RuntimeError("path validation wants to wait for something outside the process")
