"""The signature core: algorithms, keys, transforms, references."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from fixtures.attacks.forge import Parts, child, sign_again, take_apart
from gateway.trust import names
from gateway.trust.algorithms import (
    MGF1,
    RSA_PSS_WITH_PARAMETERS,
    CanonicalizationMethod,
    DigestMethod,
    SignatureMethod,
)
from gateway.trust.identifiers import index_ids
from gateway.trust.policy import REFUSED_ALGORITHMS, SETTINGS, SignaturePolicy, SoapPolicy
from gateway.trust.wssecurity import seal_envelope
from messages.errors import GatewayError
from tests.support.pki import shared_pki
from tests.support.signatures import prove

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
DOCUMENT = b'<x:report xmlns:x="urn:example:report"><id>4711</id></x:report>'


def parts_of(holder: str = "abh1", method: SignatureMethod | None = None) -> Parts:
    key = shared_pki().key(holder, method)
    return take_apart(seal_envelope(DOCUMENT, key=key, soap_version="1.1", now=NOW))


def refusal(raw: bytes, policy: SignaturePolicy | None = None) -> GatewayError:
    with pytest.raises(GatewayError) as refused:
        prove(raw, NOW, policy=SoapPolicy(signature=policy or SignaturePolicy()))
    return refused.value


def with_certificate(parts: Parts, certificate: x509.Certificate) -> Parts:
    token = child(parts.security, names.WSSE_BINARY_SECURITY_TOKEN)
    token.text = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
    return parts


def certificate_of(
    public: rsa.RSAPublicKey | ec.EllipticCurvePublicKey,
) -> x509.Certificate:
    name = x509.Name.from_rfc4514_string("CN=Test")
    issuer = ec.generate_private_key(ec.SECP256R1())
    return x509.CertificateBuilder(name, name, public, 1, NOW, NOW + timedelta(days=1)).sign(
        issuer, hashes.SHA256()
    )


# ---- algorithms ------------------------------------------------------------------------------------


@pytest.mark.parametrize("uri", REFUSED_ALGORITHMS)
@pytest.mark.parametrize("place", [names.DS_SIGNATURE_METHOD, names.DS_DIGEST_METHOD])
def test_known_bad_algorithms_are_refused_by_name_with_reason_and_setting(uri: str, place: str) -> None:
    parts = parts_of()
    child(parts.signed_info, place).set("Algorithm", uri)
    error = refusal(parts.octets())
    assert error.code == "T011.algorithm"
    assert error.details["reason"] == REFUSED_ALGORITHMS[uri].reason
    for text in (error.text_de, error.text_en):
        assert REFUSED_ALGORITHMS[uri].name in text
        assert "zeep" in text


@pytest.mark.parametrize("uri", ["urn:example:Mustermann", "", SignatureMethod.RSA_SHA256])
def test_an_unknown_algorithm_is_not_echoed(uri: str) -> None:
    parts = parts_of()
    child(parts.signed_info, names.DS_DIGEST_METHOD).set("Algorithm", uri)
    error = refusal(parts.octets())
    assert error.code == "T011.algorithm"
    assert "Mustermann" not in str(error)


def test_every_setting_names_something() -> None:
    assert all(SETTINGS.values())
    assert all(entry.name and entry.reason for entry in REFUSED_ALGORITHMS.values())


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        (SignaturePolicy(signature_methods=frozenset({SignatureMethod.RSA_SHA512})), "T011.algorithm"),
        (SignaturePolicy(digest_methods=frozenset({DigestMethod.SHA512})), "T011.algorithm"),
        (SignaturePolicy(canonicalizations=frozenset({CanonicalizationMethod.INCLUSIVE})),
         "T011.canonicalization"),
        (SignaturePolicy(max_references=1), "T011.reference-count"),
        (SignaturePolicy(min_rsa_bits=3072), "T010.weak-key"),
        (SignaturePolicy(max_rsa_bits=1024 + 512), "T003.key-type"),
        (SignaturePolicy(min_rsa_exponent=65539), "T003.key-type"),
    ],
)  # fmt: skip
def test_the_policy_is_what_is_applied(policy: SignaturePolicy, code: str) -> None:
    raw = parts_of().octets()
    assert prove(raw, NOW)
    assert refusal(raw, policy).code == code


def _pss(digest: str, mask: str | None, salt: str | None, trailer: str | None = None) -> str:
    mask_function = (
        f'<p:MaskGenerationFunction Algorithm="{MGF1}"><ds:DigestMethod Algorithm="{mask}"/>'
        "</p:MaskGenerationFunction>"
        if mask
        else ""
    )
    return (
        f'<p:RSAPSSParams xmlns:p="{names.PSS_NS}" xmlns:ds="{names.DS_NS}">'
        f'<ds:DigestMethod Algorithm="{digest}"/>{mask_function}'
        + (f"<p:SaltLength>{salt}</p:SaltLength>" if salt else "")
        + (f"<p:TrailerField>{trailer}</p:TrailerField>" if trailer else "")
        + "</p:RSAPSSParams>"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("method", "parameters", "accepted"),
    [
        (SignatureMethod.RSA_PSS_SHA256, None, True),
        (SignatureMethod.RSA_PSS_SHA256, _pss(DigestMethod.SHA256, None, None), True),
        (SignatureMethod.RSA_PSS_SHA256, _pss(DigestMethod.SHA256, DigestMethod.SHA256, "32", "1"), True),
        (SignatureMethod.RSA_PSS_SHA512, _pss(DigestMethod.SHA512, DigestMethod.SHA512, "64"), True),
        (SignatureMethod.RSA_PSS_SHA512, _pss(DigestMethod.SHA512, None, "64"), False),
        (SignatureMethod.RSA_PSS_SHA256, _pss(DigestMethod.SHA256, DigestMethod.SHA512, "32"), False),
        (SignatureMethod.RSA_PSS_SHA256, _pss(DigestMethod.SHA256, DigestMethod.SHA256, "20"), False),
        (SignatureMethod.RSA_PSS_SHA256, _pss(DigestMethod.SHA256, DigestMethod.SHA256, "32", "2"), False),
        (SignatureMethod.RSA_PSS_SHA256, _pss(f"{names.DS_NS}sha1", None, None), False),
    ],
)
def test_pss_parameters_name_one_of_the_fixed_sets(
    method: SignatureMethod, parameters: str | None, accepted: bool
) -> None:
    parts = parts_of(method=method)
    element = child(parts.signed_info, names.DS_SIGNATURE_METHOD)
    element.set("Algorithm", RSA_PSS_WITH_PARAMETERS)
    if parameters is not None:
        element.append(etree.fromstring(parameters))
    digest = hashlib.sha512 if method is SignatureMethod.RSA_PSS_SHA512 else hashlib.sha256
    key = shared_pki().key("abh1", method)
    raw = sign_again(parts, key, digest=lambda octets: digest(octets).digest()).octets()
    if accepted:
        assert prove(raw, NOW).document.canonical == DOCUMENT
    else:
        assert refusal(raw).code == "T011.algorithm"


# ---- keys and values -------------------------------------------------------------------------------


@pytest.mark.parametrize(("holder", "method"), [("abh1", "ECDSA_SHA256"), ("abh2", "RSA_SHA256")])
def test_the_method_must_belong_to_the_key(holder: str, method: str) -> None:
    parts = parts_of(holder)
    child(parts.signed_info, names.DS_SIGNATURE_METHOD).set("Algorithm", SignatureMethod[method])
    assert refusal(parts.octets()).code == "T011.algorithm"


@pytest.mark.parametrize(("holder", "code"), [("short-key", "T010.weak-key"), ("odd-curve", "T003.key-type")])
def test_weak_and_odd_keys_are_refused(holder: str, code: str) -> None:
    parts = with_certificate(parts_of(), shared_pki().certificate(holder))
    assert refusal(parts.octets()).code == code


def test_small_exponents_are_refused() -> None:
    key = rsa.generate_private_key(public_exponent=3, key_size=2048)
    parts = with_certificate(parts_of(), certificate_of(key.public_key()))
    raw = sign_again(
        parts,
        shared_pki().key("abh1"),
        sign=lambda octets: key.sign(octets, padding.PKCS1v15(), hashes.SHA256()),
    ).octets()
    assert refusal(raw).code == "T003.key-type"


def test_the_certificate_named_must_be_the_signers() -> None:
    parts = with_certificate(parts_of(), shared_pki().certificate("gateway"))
    assert refusal(parts.octets()).code == "T011.signature-value"


def _ecdsa(value: Callable[[bytes], bytes]) -> bytes:
    key = shared_pki().key("abh2")
    return sign_again(parts_of("abh2"), key, sign=lambda octets: value(key.sign(octets))).octets()


def _as_der(value: bytes) -> bytes:
    half = len(value) // 2
    return encode_dss_signature(int.from_bytes(value[:half], "big"), int.from_bytes(value[half:], "big"))


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (_as_der, "T011.der-ecdsa"),
        (lambda value: bytes(64), "T011.signature-value"),
        (lambda value: bytes(32) + value[32:], "T011.signature-value"),
        (lambda value: value[:32] + bytes(32), "T011.signature-value"),
        (lambda value: b"\xff" * 64, "T011.signature-value"),
        (lambda value: value[:-1], "T011.signature-value"),
        (lambda value: bytes(2) + value[:32] + bytes(2) + value[32:], "T011.signature-value"),
        (lambda value: b"", "T011.signature-value"),
        (lambda value: value[32:] + value[:32], "T011.signature-value"),
    ],
)
def test_ecdsa_values_have_one_form(value: Callable[[bytes], bytes], code: str) -> None:
    assert prove(_ecdsa(lambda same: same), NOW)
    error = refusal(_ecdsa(value))
    assert error.code == code
    if code == "T011.der-ecdsa":
        assert "RSA" in error.text_de


@pytest.mark.parametrize("text", ["", "AAAA", "not base64!", "AA=A", "A" * 5000])
def test_broken_values_are_refused(text: str) -> None:
    parts = parts_of()
    child(parts.signature, names.DS_SIGNATURE_VALUE).text = text
    assert refusal(parts.octets()).code in {"T011.signature-value", "T011.structure"}


def test_a_changed_part_is_named() -> None:
    raw = parts_of().octets().replace(b"4711", b"4712")
    assert dict(refusal(raw).details) == {"part": "soap:Body"}


# ---- structure, references, transforms -----------------------------------------------------------------


def _set_uri(uri: str | None) -> Callable[[Parts], None]:
    def change(parts: Parts) -> None:
        reference = parts.references[0]
        if uri is None:
            del reference.attrib["URI"]
        else:
            reference.set("URI", uri)

    return change


def _algorithm(tag: str, uri: str) -> Callable[[Parts], None]:
    return lambda parts: child(parts.signed_info, tag).set("Algorithm", uri)


def _many_prefixes(parts: Parts) -> None:
    transform = child(parts.signed_info, names.DS_TRANSFORM)
    etree.SubElement(
        transform, names.EC_INCLUSIVE_NAMESPACES, PrefixList=" ".join(f"p{n}" for n in range(17))
    )


def _no_transforms(parts: Parts) -> None:
    parts.references[0].remove(child(parts.references[0], names.DS_TRANSFORMS))


def _twice(parts: Parts) -> None:
    parts.references[1].set("URI", str(parts.references[0].get("URI")))


def _second_signed_info(parts: Parts) -> None:
    parts.signature.insert(1, etree.Element(names.DS_SIGNED_INFO))


def _second_value(parts: Parts) -> None:
    parts.signature.insert(2, etree.Element(names.DS_SIGNATURE_VALUE))


def _second_digest(parts: Parts) -> None:
    etree.SubElement(parts.references[0], names.DS_DIGEST_VALUE)


def _manifest(parts: Parts) -> None:
    parts.references[0].set("Type", f"{names.DS_NS}Manifest")


def _hmac_length(parts: Parts) -> None:
    etree.SubElement(
        child(parts.signed_info, names.DS_SIGNATURE_METHOD), f"{{{names.DS_NS}}}HMACOutputLength"
    )


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_set_uri(None), "T011.reference"),
        (_set_uri(""), "T011.reference"),
        (_set_uri("#"), "T011.reference"),
        (_set_uri("#xpointer(/)"), "T011.reference"),
        (_set_uri("file:///etc/passwd"), "T011.external-reference"),
        (_set_uri("http://127.0.0.1/x"), "T011.external-reference"),
        (_set_uri("cid:part"), "T011.external-reference"),
        (_set_uri("#nowhere"), "T011.missing-id"),
        (_algorithm(names.DS_CANONICALIZATION_METHOD, "http://www.w3.org/2001/10/xml-exc-c14n#WithComments"),
         "T011.canonicalization"),
        (_algorithm(names.DS_CANONICALIZATION_METHOD, ""), "T011.canonicalization"),
        (_algorithm(names.DS_TRANSFORM, "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments"),
         "T011.transform"),
        (_algorithm(names.DS_TRANSFORM, "http://www.w3.org/2000/09/xmldsig#enveloped-signature"),
         "T011.transform"),
        (_many_prefixes, "T011.structure"),
        (_no_transforms, "T011.structure"),
        (_twice, "T011.reference"),
        (_second_signed_info, "T011.structure"),
        (_second_value, "T011.structure"),
        (_second_digest, "T011.structure"),
        (_manifest, "T011.structure"),
        (_hmac_length, "T011.structure"),
    ],
)  # fmt: skip
def test_only_one_structure_is_accepted(change: Callable[[Parts], None], code: str) -> None:
    parts = parts_of()
    change(parts)
    assert refusal(parts.octets()).code == code


def test_enveloped_signature_before_c14n_changes_nothing() -> None:
    parts = parts_of()
    transforms = child(parts.references[0], names.DS_TRANSFORMS)
    enveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
    transforms.insert(0, etree.Element(names.DS_TRANSFORM, Algorithm=enveloped))
    raw = sign_again(parts, shared_pki().key("abh1")).octets()
    assert prove(raw, NOW).document.canonical == DOCUMENT


def test_ids_are_found_under_every_spelling_and_once() -> None:
    root = etree.fromstring(
        f'<a xmlns:u="{names.WSU_NS}" xmlns:f="urn:f" Id="1" no="1"><b u:Id="2"/><c ID="3"/><d id="4"/>'
        '<e xml:id="x5"/><g f:Id="6" hid="1"/></a>'
    )
    ids = index_ids(root)
    assert {value: element.tag for value, element in ids.items()} == {
        "1": "a", "2": "b", "3": "c", "4": "d", "x5": "e"
    }  # fmt: skip
    root[4].set("Id", "6")
    with pytest.raises(GatewayError) as refused:
        index_ids(root)
    assert refused.value.code == "T011.duplicate-id"
