"""Our signatures against two other implementations: signxml and the xmlsec1 command, in both directions.

xmlsec1 1.2 knows no RSASSA-PSS, so PSS is held against signxml only.
"""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from lxml import etree
from signxml import DigestAlgorithm, SignatureConfiguration, XMLSigner, XMLVerifier
from signxml import SignatureMethod as SignxmlMethod
from signxml.exceptions import SignXMLException

from fixtures.attacks.forge import child, take_apart
from gateway.trust import names
from gateway.trust.algorithms import CanonicalizationMethod, DigestMethod, SignatureMethod
from gateway.trust.wssecurity import seal_envelope
from messages.errors import GatewayError
from tests.support.pki import shared_pki
from tests.support.ring import scale
from tests.support.signatures import prove
from tests.support.tools import find_tool

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
DOCUMENT = (
    '<x:report xmlns:x="urn:example:report" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:t="urn:example:types"><id>0b0f3f4e-6a0c-4a55-9c5e-b3a7cf6b1f00</id>\n'
    '<name xsi:type="t:name" note="&lt;&quot;&#9;>">Müller &amp; Žižka\r\n&#13;</name><x:empty/></x:report>'
).encode()
METHODS = [
    ("abh1", SignatureMethod.RSA_SHA256),
    ("abh1", SignatureMethod.RSA_SHA384),
    ("abh1", SignatureMethod.RSA_SHA512),
    ("abh1", SignatureMethod.RSA_PSS_SHA256),
    ("abh1", SignatureMethod.RSA_PSS_SHA384),
    ("abh1", SignatureMethod.RSA_PSS_SHA512),
    ("abh2", SignatureMethod.ECDSA_SHA256),
    ("abh2", SignatureMethod.ECDSA_SHA384),
    ("abh2", SignatureMethod.ECDSA_SHA512),
    ("abh3", SignatureMethod.ECDSA_SHA256),
]
XMLSEC_METHODS = [(holder, method) for holder, method in METHODS if "PSS" not in method.name]
_ID_ELEMENTS = (
    f"{names.SOAP11_NS}:Body",
    f"{names.SOAP12_NS}:Body",
    f"{names.WSU_NS}:Timestamp",
    f"{names.WSSE11_NS}:SignatureConfirmation",
)


@pytest.fixture(scope="session")
def xmlsec1() -> str:
    """The xmlsec1 command; a machine that must have it fails without."""
    return find_tool("xmlsec1")


def sealed(
    holder: str, method: SignatureMethod, soap_version: str = "1.1", confirm: bytes | None = None
) -> bytes:
    """Return an envelope sealed by us."""
    key = shared_pki().key(holder, method)
    return seal_envelope(DOCUMENT, key=key, soap_version=soap_version, now=NOW, confirm=confirm)


def private_pem(holder: str) -> bytes:
    """Return the private key of a holder as unencrypted PEM."""
    pki = shared_pki()
    content = pkcs12.load_pkcs12(pki.p12(holder).read_bytes(), pki.password.encode())
    assert content.key is not None
    return content.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def signxml_accepts(raw: bytes, holder: str) -> bool:
    """Tell whether signxml verifies the one signature with the certificate of the holder."""
    expected = SignatureConfiguration(
        location="./*/*/",
        expect_references=True,
        verification_time=NOW,
        ignore_ambiguous_key_info=True,
    )
    try:
        XMLVerifier().verify(
            etree.fromstring(raw),
            x509_cert=shared_pki().certificate(holder),
            id_attribute="Id",
            expect_config=expected,
            validate_schema=False,
        )
    except (SignXMLException, etree.LxmlError, ValueError):
        return False
    return True


def run_xmlsec1(
    command: str, mode: list[str], raw: bytes, folder: Path
) -> subprocess.CompletedProcess[bytes]:
    """Run the command on a message."""
    message = folder / "message.xml"
    message.write_bytes(raw)
    ids = [argument for element in _ID_ELEMENTS for argument in ("--id-attr:Id", element)]
    return subprocess.run([command, *mode, *ids, str(message)], capture_output=True, check=False, timeout=60)


def xmlsec1_accepts(command: str, raw: bytes, holder: str, folder: Path) -> bool:
    """Tell whether xmlsec1 verifies the signature with the certificate of the holder."""
    certificate = folder / "certificate.pem"
    certificate.write_bytes(shared_pki().certificate(holder).public_bytes(serialization.Encoding.PEM))
    mode = ["--verify", "--pubkey-cert-pem", str(certificate)]
    return run_xmlsec1(command, mode, raw, folder).returncode == 0


@pytest.mark.parametrize("soap_version", ["1.1", "1.2"])
@pytest.mark.parametrize("confirm", [None, b"value"])
@pytest.mark.parametrize(("holder", "method"), METHODS)
def test_signxml_verifies_what_we_sign(
    holder: str, method: SignatureMethod, soap_version: str, confirm: bytes | None
) -> None:
    raw = sealed(holder, method, soap_version, confirm)
    assert signxml_accepts(raw, holder)
    assert not signxml_accepts(raw.replace(b"M\xc3\xbcller", b"Miller"), holder)
    assert prove(raw, NOW).document.certificate == shared_pki().certificate(holder)


@pytest.mark.parametrize("soap_version", ["1.1", "1.2"])
@pytest.mark.parametrize(("holder", "method"), XMLSEC_METHODS)
def test_xmlsec1_verifies_what_we_sign(
    holder: str, method: SignatureMethod, soap_version: str, xmlsec1: str, tmp_path: Path
) -> None:
    raw = sealed(holder, method, soap_version, b"value")
    assert xmlsec1_accepts(xmlsec1, raw, holder, tmp_path)
    assert not xmlsec1_accepts(xmlsec1, raw.replace(b"M\xc3\xbcller", b"Miller"), holder, tmp_path)


@pytest.mark.parametrize("canonicalization", list(CanonicalizationMethod))
@pytest.mark.parametrize("digest", list(DigestMethod))
@pytest.mark.parametrize(("holder", "method"), METHODS)
def test_we_verify_what_signxml_signs(
    holder: str, method: SignatureMethod, digest: DigestMethod, canonicalization: CanonicalizationMethod
) -> None:
    parts = take_apart(sealed(holder, method))
    key_info = child(parts.signature, names.DS_KEY_INFO)
    uris = [str(reference.get("URI")) for reference in parts.references]
    placeholder = etree.Element(names.DS_SIGNATURE, Id="placeholder")
    parts.security.replace(parts.signature, placeholder)
    signer = XMLSigner(
        signature_algorithm=SignxmlMethod(method.value),
        digest_algorithm=DigestAlgorithm(digest.value),
        c14n_algorithm=canonicalization.value,
    )
    signed = signer.sign(
        parts.envelope,
        key=private_pem(holder),
        key_info=key_info,
        reference_uri=uris,
        id_attribute="Id",
    )
    proof = prove(etree.tostring(signed), NOW)
    assert proof.document.certificate == shared_pki().certificate(holder)
    assert proof.document.element.findtext("id") == "0b0f3f4e-6a0c-4a55-9c5e-b3a7cf6b1f00"


@pytest.mark.parametrize("digest", list(DigestMethod))
@pytest.mark.parametrize("canonicalization", list(CanonicalizationMethod))
@pytest.mark.parametrize(("holder", "method"), XMLSEC_METHODS)
def test_we_verify_what_xmlsec1_signs(
    holder: str,
    method: SignatureMethod,
    digest: DigestMethod,
    canonicalization: CanonicalizationMethod,
    xmlsec1: str,
    tmp_path: Path,
) -> None:
    parts = take_apart(sealed(holder, method))
    child(parts.signed_info, names.DS_CANONICALIZATION_METHOD).set("Algorithm", canonicalization)
    for reference in parts.references:
        child(reference, names.DS_TRANSFORM).set("Algorithm", canonicalization)
        child(reference, names.DS_DIGEST_METHOD).set("Algorithm", digest)
        child(reference, names.DS_DIGEST_VALUE).text = None
    child(parts.signature, names.DS_SIGNATURE_VALUE).text = None
    (tmp_path / "key.pem").write_bytes(private_pem(holder))
    mode = ["--sign", "--privkey-pem", str(tmp_path / "key.pem")]
    done = run_xmlsec1(xmlsec1, mode, parts.octets(), tmp_path)
    assert done.returncode == 0, done.stderr
    proof = prove(done.stdout, NOW)
    assert proof.document.certificate == shared_pki().certificate(holder)


def test_inclusive_namespaces_give_the_octets_xmlsec1_digests(xmlsec1: str, tmp_path: Path) -> None:
    parts = take_apart(sealed("abh1", SignatureMethod.RSA_SHA256))
    for step in [
        child(parts.signed_info, names.DS_CANONICALIZATION_METHOD),
        *parts.signature.iter(names.DS_TRANSFORM),
    ]:
        etree.SubElement(step, names.EC_INCLUSIVE_NAMESPACES, PrefixList="wsse soap t #default")
    (tmp_path / "key.pem").write_bytes(private_pem("abh1"))
    mode = ["--sign", "--privkey-pem", str(tmp_path / "key.pem")]
    done = run_xmlsec1(xmlsec1, mode, parts.octets(), tmp_path)
    assert done.returncode == 0, done.stderr
    assert (
        prove(done.stdout, NOW).document.canonical
        == prove(sealed("abh1", SignatureMethod.RSA_SHA256), NOW).document.canonical
    )


def _flip(raw: bytes, chance: random.Random) -> bytes:
    position = chance.randrange(len(raw))
    return raw[:position] + bytes([chance.choice(b'aZ0 <>"&#=/\x00\xc3')]) + raw[position + 1 :]


def _cut(raw: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(raw))
    return raw[:start] + raw[start + chance.randrange(1, 40) :]


def _double(raw: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(raw))
    piece = raw[start : start + chance.randrange(1, 200)]
    return raw[:start] + piece + raw[start:]


def _drop_element(raw: bytes, chance: random.Random) -> bytes:
    root = etree.fromstring(raw)
    element = chance.choice(list(root.iter("*"))[1:])
    parent = element.getparent()
    assert parent is not None
    parent.remove(element)
    return etree.tostring(root)


def _move_element(raw: bytes, chance: random.Random) -> bytes:
    root = etree.fromstring(raw)
    elements = list(root.iter("*"))
    element = chance.choice(elements[1:])
    target = chance.choice(
        [other for other in elements if element not in other.iterancestors() and other is not element]
    )
    target.append(element)
    return etree.tostring(root)


_MUTATIONS: list[Callable[[bytes, random.Random], bytes]] = [
    _flip,
    _cut,
    _double,
    _drop_element,
    _move_element,
]


def test_what_we_accept_of_mutated_messages_signxml_accepts_and_what_we_reject_has_a_reason() -> None:
    raw = sealed("abh1", SignatureMethod.RSA_SHA256)
    original = prove(raw, NOW).document.canonical
    chance = random.Random(20261124)
    accepted = 0
    reasons: list[str] = []
    for _ in range(scale(400, 20_000)):
        mutated = chance.choice(_MUTATIONS)(raw, chance)
        try:
            proof = prove(mutated, NOW)
        except GatewayError as refusal:
            reasons.append(refusal.text_de)
            reasons.append(refusal.text_en)
        else:
            accepted += 1
            assert proof.document.canonical == original
            assert signxml_accepts(mutated, "abh1")
    assert all(reasons)
    assert len(reasons) > accepted > 0
