"""Certificates: every verdict, how long it is remembered, and what becomes of new revocation lists."""

import os
import shutil
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fixtures.pki.build import sign_crl
from gateway.trust.certificate_files import TrustFileError
from gateway.trust.certificate_path import Examiner
from gateway.trust.certificates import (
    CertificateVerdict,
    ListsOutdated,
    Validator,
    Verdict,
    require_valid,
)
from gateway.trust.signature_keys import certificate_from_der
from messages.errors import GatewayError
from tests.support.pki import PKI_TIME, shared_pki, shared_validator
from tests.support.ring import scale

DAY = timedelta(days=1)
DAMAGED = shared_validator()


@pytest.fixture(scope="module")
def validator() -> Validator:
    return shared_validator()


@pytest.mark.parametrize(
    "holder, verdict",
    [
        ("gateway", Verdict.VALID),
        ("abh1", Verdict.VALID),
        ("abh2", Verdict.VALID),
        ("abh3", Verdict.VALID),  # K10: brainpool all the way up
        ("pss", Verdict.VALID),
        ("content-only", Verdict.VALID),
        ("expired", Verdict.EXPIRED),
        ("not-yet-valid", Verdict.NOT_YET_VALID),
        ("revoked", Verdict.REVOKED),
        ("below-revoked", Verdict.REVOKED),
        ("encryption-only", Verdict.WRONG_USAGE),
        ("issuing", Verdict.WRONG_USAGE),
        ("root", Verdict.WRONG_USAGE),
        ("short-key", Verdict.WEAK),
        ("odd-curve", Verdict.WEAK),
        ("stranger", Verdict.UNTRUSTED),
        ("impostor", Verdict.UNTRUSTED),  # K02: trusted subject, signed by itself
        ("below-impostor", Verdict.UNTRUSTED),
        ("below-too-deep", Verdict.UNTRUSTED),
        ("below-unpublished", Verdict.UNTRUSTED),
    ],
)
def test_each_certificate_gets_its_verdict(validator: Validator, holder: str, verdict: Verdict) -> None:
    assert validator.check(shared_pki().certificate(holder), PKI_TIME).verdict is verdict


def test_an_algorithm_that_does_not_fit_the_key_is_refused_and_no_accident(validator: Validator) -> None:
    real = shared_pki().certificate("abh2")
    forged = resigned(real, ec.generate_private_key(ec.SECP256R1()), "sha256")
    assert forged.issuer == real.issuer
    assert validator.check(forged, PKI_TIME).verdict is Verdict.UNTRUSTED


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
@settings(max_examples=scale(150, 20_000), deadline=None)
@given(st.lists(st.tuples(st.integers(0, 700), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_damaged_certificate_gets_a_verdict_and_never_passes(damage: list[tuple[int, int]]) -> None:
    der = bytearray(shared_pki().certificate("abh2").public_bytes(Encoding.DER))
    whole = bytes(der)
    for position, octet in damage:
        der[position % len(der)] = octet
    assume(bytes(der) != whole)
    with suppress(GatewayError):
        certificate_from_der(bytes(der))
    try:
        certificate = x509.load_der_x509_certificate(bytes(der))
    except (ValueError, x509.InvalidVersion):
        return
    assert DAMAGED.check(certificate, PKI_TIME).verdict is not Verdict.VALID


@pytest.mark.parametrize(
    "verdict, code, retryable",
    [
        (Verdict.EXPIRED, "T000", False),
        (Verdict.REVOKED, "T001", False),
        (Verdict.NOT_YET_VALID, "T002.not-yet-valid", False),
        (Verdict.UNTRUSTED, "T002.untrusted", False),
        (Verdict.WRONG_USAGE, "T002.wrong-usage", False),
        (Verdict.WEAK, "T002", False),
        (Verdict.INDETERMINATE, "T002.indeterminate", True),
    ],
)
def test_each_verdict_has_its_code(verdict: Verdict, code: str, retryable: bool) -> None:
    with pytest.raises(GatewayError) as refused:
        require_valid(CertificateVerdict(verdict, "a reason"))
    assert (refused.value.code, refused.value.entry.retryable) == (code, retryable)


def test_a_valid_certificate_passes() -> None:
    require_valid(CertificateVerdict(Verdict.VALID, ""))
    assert {verdict for verdict in Verdict if verdict is not Verdict.VALID} == {
        Verdict.EXPIRED, Verdict.REVOKED, Verdict.NOT_YET_VALID, Verdict.UNTRUSTED, Verdict.WRONG_USAGE,
        Verdict.WEAK, Verdict.INDETERMINATE,
    }  # fmt: skip


def test_a_missing_list_is_indeterminate_where_lists_are_required() -> None:
    pki = shared_pki()
    only_roots = [path for path in pki.crls if path.name == "root.crl.pem"]
    strict = Validator.from_directories(pki.anchors, pki.intermediates, only_roots, require_crl=True)
    lax = Validator.from_directories(pki.anchors, pki.intermediates, only_roots, require_crl=False)
    assert strict.check(pki.certificate("abh1"), PKI_TIME).verdict is Verdict.INDETERMINATE
    assert lax.check(pki.certificate("abh1"), PKI_TIME).verdict is Verdict.VALID
    assert strict.check(pki.certificate("expired"), PKI_TIME).verdict is Verdict.EXPIRED
    assert strict.check(pki.certificate("stranger"), PKI_TIME).verdict is Verdict.UNTRUSTED


def test_a_list_at_hand_is_respected_even_if_another_is_missing() -> None:
    pki = shared_pki()
    only_issuing = [path for path in pki.crls if path.name == "issuing.crl.pem"]
    lax = Validator.from_directories(pki.anchors, pki.intermediates, only_issuing, require_crl=False)
    assert lax.check(pki.certificate("revoked"), PKI_TIME).verdict is Verdict.REVOKED
    assert lax.check(pki.certificate("abh1"), PKI_TIME).verdict is Verdict.VALID


def crl(revoked: dict[str, datetime], *, next_update: datetime, authority: str = "issuing") -> bytes:
    return sign_crl(
        shared_pki(), authority, revoked, last_update=PKI_TIME - timedelta(hours=1), next_update=next_update
    )


def with_issuing_crl(pem: bytes) -> Validator:
    pki = shared_pki()
    others = [path.read_bytes() for path in pki.crls if path.name != "issuing.crl.pem"]
    return Validator(
        [x509.load_pem_x509_certificate(path.read_bytes()) for path in pki.anchors],
        [x509.load_pem_x509_certificate(path.read_bytes()) for path in pki.intermediates],
        [x509.load_pem_x509_crl(content) for content in (*others, pem)],
        require_crl=True,
    )


def test_a_list_that_ran_out_is_indeterminate_although_the_verdict_was_remembered() -> None:
    validator = with_issuing_crl(crl({}, next_update=PKI_TIME + DAY))
    certificate = shared_pki().certificate("abh1")
    assert validator.check(certificate, PKI_TIME).verdict is Verdict.VALID
    assert validator.check(certificate, PKI_TIME + DAY).verdict is Verdict.VALID
    assert (
        validator.check(certificate, PKI_TIME + DAY + timedelta(seconds=1)).verdict is Verdict.INDETERMINATE
    )


def test_a_list_from_the_future_is_indeterminate() -> None:
    validator = with_issuing_crl(crl({}, next_update=PKI_TIME + DAY))
    assert validator.check(shared_pki().certificate("abh1"), PKI_TIME - timedelta(hours=2)).verdict is (
        Verdict.INDETERMINATE
    )


def test_readiness_asks_for_lists_only_where_they_are_required() -> None:
    pki = shared_pki()
    none = Validator.from_directories(pki.anchors, pki.intermediates, require_crl=False)
    none.require_current_lists(PKI_TIME)
    with pytest.raises(ListsOutdated):
        Validator.from_directories(pki.anchors, pki.intermediates, require_crl=True).require_current_lists(
            PKI_TIME
        )


def test_readiness_ends_with_the_first_issuers_list() -> None:
    validator = with_issuing_crl(crl({}, next_update=PKI_TIME + DAY))
    validator.require_current_lists(PKI_TIME + DAY)
    with pytest.raises(ListsOutdated):
        validator.require_current_lists(PKI_TIME + DAY + timedelta(seconds=1))


def test_a_list_signed_by_somebody_else_is_indeterminate() -> None:
    forged = x509.CertificateRevocationListBuilder(
        issuer_name=shared_pki().certificate("issuing").subject,
        last_update=PKI_TIME - DAY,
        next_update=PKI_TIME + DAY,
    ).sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    validator = with_issuing_crl(forged.public_bytes(Encoding.PEM))
    assert validator.check(shared_pki().certificate("revoked"), PKI_TIME).verdict is Verdict.INDETERMINATE


def test_expiry_ends_a_remembered_verdict() -> None:
    validator = with_issuing_crl(crl({}, next_update=PKI_TIME + 8000 * DAY))
    certificate = shared_pki().certificate("abh1")
    end = certificate.not_valid_after_utc
    assert validator.check(certificate, PKI_TIME).verdict is Verdict.VALID
    assert validator.check(certificate, end + timedelta(seconds=1)).verdict is not Verdict.VALID
    early = shared_pki().certificate("not-yet-valid")
    assert validator.check(early, PKI_TIME).verdict is Verdict.NOT_YET_VALID
    assert validator.check(early, early.not_valid_before_utc).verdict is Verdict.VALID


def test_a_verdict_is_remembered_as_long_as_nothing_can_change_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[datetime] = []
    examine = Examiner.examine

    def counting(self: Examiner, certificate: x509.Certificate, at: datetime) -> CertificateVerdict:
        asked.append(at)
        return examine(self, certificate, at)

    monkeypatch.setattr(Examiner, "examine", counting)
    validator = with_issuing_crl(crl({}, next_update=PKI_TIME + DAY))
    certificate = shared_pki().certificate("abh2")
    moments = [PKI_TIME + timedelta(seconds=seconds) for seconds in (0, 1, 59, 86_400, -1)]
    for moment in moments:
        assert validator.check(certificate, moment).verdict is Verdict.VALID
    assert asked == [moments[0], moments[4]]


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(hours=5)])
def test_a_revocation_that_is_listed_ahead_of_time_ends_a_remembered_verdict(ahead: timedelta) -> None:
    last_update = PKI_TIME - timedelta(hours=1)
    begins = last_update + ahead
    validator = with_issuing_crl(crl({"abh1": begins}, next_update=PKI_TIME + DAY))
    certificate = shared_pki().certificate("abh1")
    assert validator.check(certificate, begins).verdict is Verdict.VALID
    assert validator.check(certificate, begins + timedelta(seconds=1)).verdict is Verdict.REVOKED


@pytest.fixture
def crl_file(tmp_path: Path) -> Path:
    file = tmp_path / "issuing.crl.pem"
    file.write_bytes(crl({}, next_update=PKI_TIME + DAY))
    return file


def from_files(crl_file: Path) -> Validator:
    pki = shared_pki()
    others = [path for path in pki.crls if path.name != "issuing.crl.pem"]
    return Validator.from_directories(
        pki.anchors,
        pki.intermediates,
        [*others, crl_file.parent],
        require_crl=True,
        look_every=timedelta(seconds=5),
    )


def replace(file: Path, content: bytes) -> None:
    fresh = file.with_suffix(".new")
    fresh.write_bytes(content)
    os.replace(fresh, file)


def test_a_new_list_counts_without_a_restart(crl_file: Path) -> None:
    validator = from_files(crl_file)
    certificate = shared_pki().certificate("abh1")
    assert validator.check(certificate, PKI_TIME).verdict is Verdict.VALID
    replace(crl_file, crl({"abh1": PKI_TIME - timedelta(minutes=1)}, next_update=PKI_TIME + DAY))
    assert validator.check(certificate, PKI_TIME + timedelta(seconds=4)).verdict is Verdict.VALID
    assert validator.check(certificate, PKI_TIME + timedelta(seconds=5)).verdict is Verdict.REVOKED


def test_a_damaged_list_leaves_the_old_one_in_force_until_it_runs_out(
    crl_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    validator = from_files(crl_file)
    certificate = shared_pki().certificate("abh1")
    crl_file.write_bytes(b"half a list")
    assert validator.check(certificate, PKI_TIME + timedelta(seconds=10)).verdict is Verdict.VALID
    assert "issuing.crl.pem" in caplog.text
    assert validator.check(certificate, PKI_TIME + 2 * DAY).verdict is Verdict.INDETERMINATE
    replace(crl_file, crl({}, next_update=PKI_TIME + 9 * DAY))
    assert validator.check(certificate, PKI_TIME + 2 * DAY + timedelta(seconds=5)).verdict is Verdict.VALID


def test_folders_and_der_files_are_read(tmp_path: Path) -> None:
    pki = shared_pki()
    for folder, sources in (("anchors", pki.anchors), ("between", pki.intermediates), ("crls", pki.crls)):
        (tmp_path / folder).mkdir()
        for source in sources:
            shutil.copy(source, tmp_path / folder)
    der = pki.certificate("issuing").public_bytes(Encoding.DER)
    (tmp_path / "between" / "issuing.crt.pem").unlink()
    (tmp_path / "between" / "issuing.der").write_bytes(der)
    (tmp_path / "between" / "README").write_text("not a certificate")
    validator = Validator.from_directories(
        [tmp_path / "anchors"], [tmp_path / "between"], [tmp_path / "crls"], require_crl=True
    )
    assert validator.check(pki.certificate("abh1"), PKI_TIME).verdict is Verdict.VALID


def test_missing_and_wrong_files_are_told_at_start(tmp_path: Path) -> None:
    pki = shared_pki()
    with pytest.raises(TrustFileError, match=r"nowhere\.pem"):
        Validator.from_directories([tmp_path / "nowhere.pem"], require_crl=False)
    with pytest.raises(TrustFileError, match="no certificate revocation list"):
        Validator.from_directories(pki.anchors, [], pki.anchors[:1], require_crl=True)
    with pytest.raises(TrustFileError, match=r"no X\.509 certificate"):
        Validator.from_directories(pki.crls[:1], require_crl=True)
    with pytest.raises(ValueError, match="no trust anchors"):
        Validator.from_directories([tmp_path], require_crl=False)


def test_a_naive_time_is_refused(validator: Validator) -> None:
    with pytest.raises(ValueError, match="time zone"):
        validator.check(shared_pki().certificate("abh1"), datetime(2026, 3, 2))


def test_a_pinned_signer_is_held_to_its_own_dates() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = self_signed(key, PKI_TIME - DAY, PKI_TIME + DAY)
    validator = Validator([certificate], require_crl=False)
    assert validator.check(certificate, PKI_TIME).verdict is Verdict.VALID
    assert validator.check(certificate, PKI_TIME + 2 * DAY).verdict is Verdict.EXPIRED


@pytest.mark.parametrize(
    "key",
    [
        rsa.generate_private_key(public_exponent=3, key_size=2048),
        rsa.generate_private_key(public_exponent=65537, key_size=1024),
        ec.generate_private_key(ec.SECP224R1()),
    ],
    ids=["exponent-3", "rsa-1024", "secp224r1"],
)
def test_weak_keys_are_refused(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> None:
    certificate = self_signed(key, PKI_TIME - DAY, PKI_TIME + DAY)
    validator = Validator([certificate], require_crl=False)
    assert validator.check(certificate, PKI_TIME).verdict is Verdict.WEAK


def self_signed(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, start: datetime, end: datetime
) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Pinned")])
    return x509.CertificateBuilder(name, name, key.public_key(), 7, start, end).sign(key, hashes.SHA256())


@pytest.mark.parametrize("digest", ["sha1", "sha224"])
def test_a_chain_signed_with_a_weak_hash_is_refused(digest: str) -> None:
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root_name, name = (
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]) for text in ("Old Root", "Old Party")
    )
    start, end = PKI_TIME - DAY, PKI_TIME + DAY
    root = (
        x509.CertificateBuilder(root_name, root_name, root_key.public_key(), 1, start, end)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    good = x509.CertificateBuilder(root_name, name, key.public_key(), 2, start, end).sign(
        root_key, hashes.SHA256()
    )
    validator = Validator([root], require_crl=False)
    assert validator.check(good, PKI_TIME).verdict is Verdict.VALID
    assert validator.check(resigned(good, root_key, digest), PKI_TIME).verdict is Verdict.WEAK


def resigned(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey, digest: str) -> x509.Certificate:
    """Sign a certificate again with a hash that the certificate builder no longer offers."""
    decoded = asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))
    decoded["tbs_certificate"]["signature"] = {"algorithm": f"{digest}_ecdsa"}
    decoded["signature_algorithm"] = {"algorithm": f"{digest}_ecdsa"}
    algorithm = {"sha1": hashes.SHA1(), "sha224": hashes.SHA224(), "sha256": hashes.SHA256()}[digest]
    decoded["signature_value"] = key.sign(decoded["tbs_certificate"].dump(force=True), ec.ECDSA(algorithm))
    return x509.load_der_x509_certificate(decoded.dump(force=True))
