"""What a signature must be like to be believed: policies as data, each field with its reason."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import resources
from typing import Final

from gateway.trust.algorithms import CanonicalizationMethod, DigestMethod, SignatureMethod


@dataclass(frozen=True, slots=True, kw_only=True)
class SignaturePolicy:
    """Rules for one XML signature, whatever message it stands in."""

    signature_methods: frozenset[SignatureMethod] = frozenset(SignatureMethod)
    """BSI TR-02102-1 and XMLDSig 1.1: RSA and ECDSA over SHA-2. Everything else is refused by name; the
    reasons stand in `refusals.toml`."""
    digest_methods: frozenset[DigestMethod] = frozenset(DigestMethod)
    """SHA-2 only: a collision in a digest is a forged document."""
    canonicalizations: frozenset[CanonicalizationMethod] = frozenset(CanonicalizationMethod)
    """Without comments: what a reader does not see must not be signed. Inclusive C14N only comes from
    explicit settings of Java stacks; it is safe because the digested octets are what is parsed afterwards."""
    str_transform: bool = False
    """The STR-Transform signs a token through its reference. Few stacks write it, so it is off by default."""
    max_references: int = 8
    """Each reference costs a canonicalisation. Real stacks sign two to four parts."""
    min_rsa_bits: int = 2048
    """Shorter moduli can be factored (BSI TR-02102-1 §2.3); certificates of 2048 bits live on."""
    max_rsa_bits: int = 8192
    """Verification time grows with the square of the size, and the sender picks the key."""
    min_rsa_exponent: int = 65537
    """Small exponents let padding errors become forgeries (FIPS 186-5 §A.1.1)."""
    max_rsa_exponent_bits: int = 64
    """Verification time grows with the exponent; OpenSSL has the same limit for large moduli."""
    curves: frozenset[str] = frozenset({"secp256r1", "secp384r1", "brainpoolP256r1", "brainpoolP384r1"})
    """Named curves of BSI TR-02102-1 that the Verwaltungs-PKI issues certificates for."""
    max_prefixes: int = 16
    """Entries of an InclusiveNamespaces list; each is looked up at every element."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoapPolicy:
    """Rules for a signed SOAP message (WS-Security 1.1, X.509 token profile)."""

    signature: SignaturePolicy = field(default_factory=SignaturePolicy)
    """The rules of its XML signature."""
    max_age: timedelta = timedelta(minutes=5)
    """A captured message is worthless after that even if its own Expires is generous; all stacks known
    live with five minutes."""
    max_future: timedelta = timedelta(seconds=60)
    """Clocks differ, but a stamp from the future would stay fresh for longer than agreed (WSS4J draws the
    same line)."""
    signed_headers: frozenset[str] = frozenset()
    """Clark names of further header blocks that may be signed: what nobody reads must not pass as proven. A
    client knows those of its gateway; the gateway expects none."""
    require_timestamp: bool = False
    """zeep sends none by default; the message UUID protects against repetition in any case. For parties
    known only after the proof use `wssecurity.demand_timestamp`."""


@dataclass(frozen=True, slots=True)
class RefusedAlgorithm:
    """An algorithm we know and do not accept."""

    name: str
    reason: str


def _load() -> tuple[Mapping[str, RefusedAlgorithm], Mapping[str, str]]:
    data = tomllib.loads(resources.files(__package__).joinpath("refusals.toml").read_text("utf-8"))
    refused = {entry["uri"]: RefusedAlgorithm(entry["name"], entry["reason"]) for entry in data["refused"]}
    return refused, data["settings"]


_LOADED: Final = _load()

REFUSED_ALGORITHMS: Final = _LOADED[0]
"""By URI: algorithms refused under every policy, with the written reason."""
SETTINGS: Final = _LOADED[1]
"""By kind of refusal: what to set in which client so that the next message passes."""
