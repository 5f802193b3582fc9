"""Build a test PKI from its description: keys, certificates, CRLs, PKCS#12 files.

Serves the test kit, the demo and the tests. Nothing here is meant for real keys: they are made without a
token and all lie under one password that the description names.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from adapters.testkit.pki_spec import Authority, Holder, PkiSpec, Subscriber, read_spec
from gateway.trust.algorithms import SignatureMethod
from gateway.trust.keys import Pkcs12Key

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_CURVES: dict[str, type[ec.EllipticCurve]] = {
    "secp256r1": ec.SECP256R1,
    "secp384r1": ec.SECP384R1,
    "brainpoolP256r1": ec.BrainpoolP256R1,
    "brainpoolP384r1": ec.BrainpoolP384R1,
    "secp256k1": ec.SECP256K1,
}
_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
)
_DONE = "built"


@dataclass(frozen=True)
class Pki:
    """A built PKI: a folder with `<id>.crt.pem` and `<id>.p12`, of authorities also `<id>.crl.pem`."""

    directory: Path
    spec: PkiSpec

    @property
    def password(self) -> str:
        """Return the password of the PKCS#12 files."""
        return self.spec.password

    @property
    def anchors(self) -> tuple[Path, ...]:
        """Return the certificates a gateway should trust."""
        return tuple(self._file(a.id, "crt.pem") for a in self.spec.authorities.values() if a.trusted)

    @property
    def intermediates(self) -> tuple[Path, ...]:
        """Return the certificates of the authorities below the anchors that are not withheld."""
        return tuple(
            self._file(a.id, "crt.pem")
            for a in self.spec.authorities.values()
            if a.issuer != a.id and a.published
        )

    @property
    def crls(self) -> tuple[Path, ...]:
        """Return the revocation lists of anchors and intermediates."""
        return tuple(
            self._file(a.id, "crl.pem")
            for a in self.spec.authorities.values()
            if a.trusted or (a.issuer != a.id and a.published)
        )

    def p12(self, holder: str) -> Path:
        """Return the PKCS#12 file of an authority or subscriber."""
        return self._file(holder, "p12")

    def certificate(self, holder: str) -> x509.Certificate:
        """Return the certificate of an authority or subscriber. Raises KeyError for an unknown one."""
        if holder not in self._certificates:
            self._certificates[holder] = x509.load_pem_x509_certificate(
                self._file(holder, "crt.pem").read_bytes()
            )
        return self._certificates[holder]

    def key(self, holder: str, method: SignatureMethod | None = None) -> Pkcs12Key:
        """Return a signing key, read once per method. Raises KeyError for an unknown holder."""
        if (holder, method) not in self._keys:
            self._keys[holder, method] = Pkcs12Key.load(self.p12(holder), self.password, method=method)
        return self._keys[holder, method]

    @cached_property
    def _certificates(self) -> dict[str, x509.Certificate]:
        return {}

    @cached_property
    def _keys(self) -> dict[tuple[str, SignatureMethod | None], Pkcs12Key]:
        return {}

    def _file(self, holder: str, suffix: str) -> Path:
        if holder not in self.spec.authorities and holder not in self.spec.subscribers:
            raise KeyError(holder)
        return self.directory / f"{holder}.{suffix}"


def build_pki(
    spec_path: Path,
    directory: Path,
    now: datetime,
    *,
    new_serial: Callable[[], int] = x509.random_serial_number,
) -> Pki:
    """Build the described PKI into a folder, or return the one that is there already.

    In: the TOML description, the folder, the moment the periods count from (aware), the source of serial
    numbers. Out: the PKI. It appears complete or not at all, so that an interrupted run is simply repeated.
    Raises FileExistsError if the folder holds something else.
    """
    spec = read_spec(spec_path)
    if is_built(directory):
        return Pki(directory, spec)
    if directory.exists() and any(directory.iterdir()):
        raise FileExistsError(f"{directory} exists and is not a built PKI")
    directory.parent.mkdir(parents=True, exist_ok=True)
    workshop = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
    try:
        _Builder(spec, workshop, now, new_serial).build()
        os.replace(workshop, directory)
    except BaseException:
        shutil.rmtree(workshop)
        raise
    return Pki(directory, spec)


def is_built(directory: Path) -> bool:
    """Return whether a PKI was built into a folder."""
    return (directory / _DONE).exists()


class _Builder:
    def __init__(self, spec: PkiSpec, folder: Path, now: datetime, new_serial: Callable[[], int]) -> None:
        self.spec = spec
        self.folder = folder
        self.now = now.replace(microsecond=0)
        self.new_serial = new_serial
        self.keys: dict[str, PrivateKey] = {}
        self.certificates: dict[str, x509.Certificate] = {}

    def build(self) -> None:
        holders: Sequence[Holder] = (*self.spec.authorities.values(), *self.spec.subscribers.values())
        for holder in holders:
            self.keys[holder.id] = _new_key(holder.key)
            self.certificates[holder.id] = self._certify(holder)
            self._write(f"{holder.id}.crt.pem", pem(self.certificates[holder.id]))
        for authority in self.spec.authorities.values():
            self._write(f"{authority.id}.crl.pem", pem(self._revocation_list(authority, holders)))
        for holder in holders:
            self._write(f"{holder.id}.p12", self._bundle(holder))
        self._write(_DONE, b"")

    def _certify(self, holder: Holder) -> x509.Certificate:
        public_key = self.keys[holder.id].public_key()
        issuer_key = self.keys[holder.issuer]
        builder = (
            x509.CertificateBuilder()
            .subject_name(self._name(holder))
            .issuer_name(self._name(self._holder(holder.issuer)))
            .public_key(public_key)
            .serial_number(self.new_serial())
            .not_valid_before(self.now + timedelta(days=holder.from_day))
            .not_valid_after(self.now + timedelta(days=holder.to_day))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
            )
        )
        if isinstance(holder, Authority):
            constraints = x509.BasicConstraints(ca=True, path_length=holder.path_length)
            usage: tuple[str, ...] = ("key_cert_sign", "crl_sign")
        else:
            assert isinstance(holder, Subscriber)
            constraints = x509.BasicConstraints(ca=False, path_length=None)
            usage = holder.usage
        builder = builder.add_extension(constraints, critical=True).add_extension(
            _key_usage(usage), critical=True
        )
        issuer = self.spec.authorities.get(holder.issuer)
        return builder.sign(issuer_key, hashes.SHA256(), rsa_padding=rsa_padding(issuer, issuer_key))

    def _revocation_list(
        self, authority: Authority, holders: Sequence[Holder]
    ) -> x509.CertificateRevocationList:
        entries = [
            (self.certificates[holder.id].serial_number, self.now - timedelta(hours=2))
            for holder in holders
            if holder.revoked and holder.issuer == authority.id
        ]
        key = self.keys[authority.id]
        last_update = self.now - timedelta(hours=1)
        next_update = self.now + timedelta(days=authority.crl_days)
        return revocation_list(
            self._name(authority), key, rsa_padding(authority, key), entries, last_update, next_update
        )

    def _bundle(self, holder: Holder) -> bytes:
        issuer = self.spec.authorities.get(holder.issuer)
        chain = [] if issuer is None or issuer.issuer == issuer.id else [self.certificates[issuer.id]]
        return pkcs12.serialize_key_and_certificates(
            holder.id.encode(),
            self.keys[holder.id],
            self.certificates[holder.id],
            chain,
            serialization.BestAvailableEncryption(self.spec.password.encode()),
        )

    def _holder(self, name: str) -> Holder:
        return self.spec.authorities.get(name) or self.spec.subscribers[name]

    def _name(self, holder: Holder) -> x509.Name:
        return x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, self.spec.organization),
                x509.NameAttribute(NameOID.COMMON_NAME, holder.name),
            ]
        )

    def _write(self, name: str, content: bytes) -> None:
        path = self.folder / name
        path.write_bytes(content)
        if name.endswith(".p12"):
            path.chmod(0o600)


def _new_key(kind: str) -> PrivateKey:
    if kind.startswith("rsa"):
        return rsa.generate_private_key(public_exponent=65537, key_size=int(kind.removeprefix("rsa")))
    return ec.generate_private_key(_CURVES[kind]())


def rsa_padding(authority: Authority | None, key: PrivateKey) -> padding.PKCS1v15 | padding.PSS | None:
    """Return how an authority signs with its key; None for a key that is not RSA or an unknown authority."""
    if authority is None or not isinstance(key, rsa.RSAPrivateKey):
        return None
    if authority.padding == "pss":
        return padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=hashes.SHA256.digest_size)
    return padding.PKCS1v15()


def revocation_list(
    issuer: x509.Name,
    key: PrivateKey,
    crl_padding: padding.PKCS1v15 | padding.PSS | None,
    entries: Sequence[tuple[int, datetime]],
    last_update: datetime,
    next_update: datetime,
) -> x509.CertificateRevocationList:
    """Return a CRL of `issuer`; `entries` are serial numbers with the moments of revocation."""
    key_identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer)
        .last_update(last_update)
        .next_update(next_update)
        .add_extension(x509.CRLNumber(int(last_update.timestamp())), critical=False)
        .add_extension(key_identifier, critical=False)
    )
    for serial_number, moment in entries:
        entry = (
            x509.RevokedCertificateBuilder()
            .serial_number(serial_number)
            .revocation_date(moment)
            .add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), critical=False)
        )
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(key, hashes.SHA256(), rsa_padding=crl_padding)


def _key_usage(granted: Sequence[str]) -> x509.KeyUsage:
    return x509.KeyUsage(
        **{usage: usage in granted for usage in _USAGES}, encipher_only=False, decipher_only=False
    )


def pem(item: x509.Certificate | x509.CertificateRevocationList) -> bytes:
    """Return a certificate or a list in PEM."""
    return item.public_bytes(serialization.Encoding.PEM)
