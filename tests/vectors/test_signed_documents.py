"""Documents that carry their signature: against two other implementations, and against cheats."""

import copy
import random
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from lxml import etree
from signxml import DigestAlgorithm, SignatureConfiguration, XMLSigner, XMLVerifier
from signxml import SignatureMethod as SignxmlMethod
from signxml.exceptions import SignXMLException

from fixtures.attacks.forge import child
from gateway.trust import names
from gateway.trust.algorithms import CanonicalizationMethod, SignatureMethod
from gateway.trust.canonical import CanonicalBytes
from gateway.trust.signed_document import sign_document
from messages.errors import GatewayError
from tests.support.documents import DOCUMENT, canonical, proven, signed
from tests.support.pki import shared_pki
from tests.support.ring import scale
from tests.vectors.test_signature_differential import METHODS, XMLSEC_METHODS, private_pem, xmlsec1

__all__ = ["xmlsec1"]
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


def by_method(holder: str, method: SignatureMethod) -> bytes:
    return sign_document(DOCUMENT, key=shared_pki().key(holder, method))


def signxml_accepts(raw: bytes, holder: str) -> bool:
    try:
        XMLVerifier().verify(
            etree.fromstring(raw),
            x509_cert=shared_pki().certificate(holder),
            expect_config=SignatureConfiguration(location="./", verification_time=NOW),
        )
    except (SignXMLException, etree.LxmlError, ValueError):
        return False
    return True


def run_xmlsec1(
    command: str, mode: list[str], raw: bytes, folder: Path
) -> subprocess.CompletedProcess[bytes]:
    file = folder / "document.xml"
    file.write_bytes(raw)
    return subprocess.run([command, *mode, str(file)], capture_output=True, check=False, timeout=60)


def test_a_proven_document_is_what_was_signed() -> None:
    document = proven(signed())
    assert document.canonical == canonical()
    assert document.element.find(f".//{names.DS_SIGNATURE}") is None
    assert document.certificate == shared_pki().certificate("abh1")
    assert document.soap_version is None


def test_canonical_bytes_are_signed_without_a_second_look() -> None:
    assert sign_document(CanonicalBytes(canonical()), key=shared_pki().key("abh1")) == signed()


@pytest.mark.parametrize(("holder", "method"), METHODS)
def test_signxml_verifies_what_we_sign(holder: str, method: SignatureMethod) -> None:
    raw = by_method(holder, method)
    assert signxml_accepts(raw, holder)
    assert not signxml_accepts(raw.replace(b"M\xc3\xbcller", b"Miller"), holder)
    assert proven(raw).canonical == canonical()


@pytest.mark.parametrize(("holder", "method"), XMLSEC_METHODS)
def test_xmlsec1_verifies_what_we_sign(
    holder: str, method: SignatureMethod, xmlsec1: str, tmp_path: Path
) -> None:
    certificate = tmp_path / "certificate.pem"
    certificate.write_bytes(shared_pki().certificate(holder).public_bytes(serialization.Encoding.PEM))
    mode = ["--verify", "--pubkey-cert-pem", str(certificate)]
    raw = by_method(holder, method)
    assert run_xmlsec1(xmlsec1, mode, raw, tmp_path).returncode == 0
    assert run_xmlsec1(xmlsec1, mode, raw.replace(b"M\xc3\xbcller", b"Miller"), tmp_path).returncode != 0


@pytest.mark.parametrize("canonicalization", list(CanonicalizationMethod))
@pytest.mark.parametrize("digest", [DigestAlgorithm.SHA256, DigestAlgorithm.SHA512])
@pytest.mark.parametrize(("holder", "method"), METHODS)
def test_we_verify_what_signxml_signs(
    holder: str, method: SignatureMethod, digest: DigestAlgorithm, canonicalization: CanonicalizationMethod
) -> None:
    pem = shared_pki().certificate(holder).public_bytes(serialization.Encoding.PEM).decode()
    signer = XMLSigner(
        signature_algorithm=SignxmlMethod(method.value),
        digest_algorithm=digest,
        c14n_algorithm=canonicalization.value,
    )
    root = signer.sign(etree.fromstring(DOCUMENT), key=private_pem(holder), cert=pem)
    assert proven(etree.tostring(root)).canonical == canonical()


@pytest.mark.parametrize("text_after", ["", "\n  ", "Text nach der Signatur"])
@pytest.mark.parametrize("uri", ["", "#whole"])
@pytest.mark.parametrize(("holder", "method"), XMLSEC_METHODS)
def test_we_verify_what_xmlsec1_signs(
    holder: str, method: SignatureMethod, uri: str, text_after: str, xmlsec1: str, tmp_path: Path
) -> None:
    root = etree.fromstring(by_method(holder, method))
    signature = child(root, names.DS_SIGNATURE)
    signature.tail = text_after
    child(signature, names.DS_REFERENCE).set("URI", uri)
    for name in (names.DS_DIGEST_VALUE, names.DS_SIGNATURE_VALUE):
        child(signature, name).text = None
    (tmp_path / "key.pem").write_bytes(private_pem(holder))
    ids = ["--id-attr:Id", "urn:example:schein:schein"]
    mode = ["--sign", "--privkey-pem", str(tmp_path / "key.pem"), *ids]
    done = run_xmlsec1(xmlsec1, mode, etree.tostring(root), tmp_path)
    assert done.returncode == 0, done.stderr
    document = proven(done.stdout)
    expected = DOCUMENT.replace(b"</x:schein>", text_after.encode() + b"</x:schein>")
    assert document.canonical == canonical(expected)


# ---- who would cheat --------------------------------------------------------------------------------------


def _second_signature(root: etree._Element) -> None:
    root.append(copy.deepcopy(child(root, names.DS_SIGNATURE)))


def _signature_deeper(root: etree._Element) -> None:
    root[0].append(child(root, names.DS_SIGNATURE))


def _signature_first(root: etree._Element) -> None:
    root.insert(0, child(root, names.DS_SIGNATURE))


def _without_signature(root: etree._Element) -> None:
    root.remove(child(root, names.DS_SIGNATURE))


def _other_content(root: etree._Element) -> None:
    root[0].text = "18"


def _more_content(root: etree._Element) -> None:
    etree.SubElement(root, "mehr")
    root.append(child(root, names.DS_SIGNATURE))


def _text_behind(root: etree._Element) -> None:
    child(root, names.DS_SIGNATURE).tail = "mehr"


def _a_comment(root: etree._Element) -> None:
    root[0].append(etree.Comment("1"))


def _another_part_only(root: etree._Element) -> None:
    root[0].set("Id", "part")
    child(root, names.DS_REFERENCE).set("URI", "#part")


def _no_uri(root: etree._Element) -> None:
    del child(root, names.DS_REFERENCE).attrib["URI"]


def _far_away(root: etree._Element) -> None:
    child(root, names.DS_REFERENCE).set("URI", "http://192.0.2.1/schein.xml")


def _not_enveloped(root: etree._Element) -> None:
    transforms = child(root, names.DS_TRANSFORMS)
    transforms.remove(transforms[0])


def _xpath(root: etree._Element) -> None:
    child(root, names.DS_TRANSFORM).set("Algorithm", "http://www.w3.org/TR/1999/REC-xpath-19991116")


def _twice_enveloped(root: etree._Element) -> None:
    transforms = child(root, names.DS_TRANSFORMS)
    transforms.insert(0, copy.deepcopy(transforms[0]))


def _two_references(root: etree._Element) -> None:
    info = child(root, names.DS_SIGNED_INFO)
    info.append(copy.deepcopy(child(info, names.DS_REFERENCE)))


def _object_inside(root: etree._Element) -> None:
    etree.SubElement(child(root, names.DS_SIGNATURE), f"{{{names.DS_NS}}}Object")


def _key_value(root: etree._Element) -> None:
    info = child(root, names.DS_KEY_INFO)
    info.remove(info[0])
    etree.SubElement(info, f"{{{names.DS_NS}}}KeyValue")


def _no_key(root: etree._Element) -> None:
    child(root, names.DS_SIGNATURE).remove(child(root, names.DS_KEY_INFO))


def _two_certificates(root: etree._Element) -> None:
    data = child(root, names.DS_X509_DATA)
    data.append(copy.deepcopy(data[0]))


def _another_certificate(root: etree._Element) -> None:
    other = etree.fromstring(signed("abh2"))
    child(root, names.DS_X509_CERTIFICATE).text = child(other, names.DS_X509_CERTIFICATE).text


CHEATS: list[tuple[Callable[[etree._Element], None], str]] = [
    (_second_signature, "T011.several-signatures"),
    (_signature_deeper, "T011.wrapped"),
    (_signature_first, "T011.wrapped"),
    (_without_signature, "T010.document-unsigned"),
    (_other_content, "T011.digest"),
    (_more_content, "T011.digest"),
    (_text_behind, "T011.digest"),
    (_a_comment, "X001.comment"),
    (_another_part_only, "T011.reference"),
    (_no_uri, "T011.reference"),
    (_far_away, "T011.external-reference"),
    (_not_enveloped, "T011.reference"),
    (_xpath, "T011.transform"),
    (_twice_enveloped, "T011.transform"),
    (_two_references, "T011.reference"),
    (_object_inside, "T011.structure"),
    (_key_value, "T011.key-info"),
    (_no_key, "T003"),
    (_two_certificates, "T011.key-info"),
    (_another_certificate, "T011.algorithm"),
]


@pytest.mark.parametrize(("cheat", "code"), CHEATS, ids=[cheat.__name__ for cheat, _ in CHEATS])
def test_what_is_not_what_was_signed_is_refused(cheat: Callable[[etree._Element], None], code: str) -> None:
    root = etree.fromstring(signed())
    cheat(root)
    with pytest.raises(GatewayError) as refused:
        proven(etree.tostring(root))
    assert refused.value.code.startswith(code)


def test_a_signed_document_within_another_proves_nothing() -> None:
    wrapper = etree.fromstring(b"<huelle><inhalt/></huelle>")
    wrapper[0].append(etree.fromstring(signed()))
    with pytest.raises(GatewayError, match=r"T011\.wrapped"):
        proven(etree.tostring(wrapper))


def test_what_is_signed_already_is_not_signed_again() -> None:
    with pytest.raises(ValueError, match="signed already"):
        sign_document(signed(), key=shared_pki().key("abh1"))
    with pytest.raises(ValueError, match="comment"):
        sign_document(b"<a><!-- b --></a>", key=shared_pki().key("abh1"))


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
def test_no_mutation_is_accepted_with_other_content() -> None:
    raw, chance = signed(), random.Random(20261126)
    accepted = 0
    reasons: list[str] = []
    for _ in range(scale(400, 20_000)):
        place = chance.randrange(len(raw))
        mutated = raw[:place] + bytes([chance.choice(b'aZ0 <>"&#=/\xc3')]) + raw[place + 1 :]
        try:
            document = proven(mutated)
        except GatewayError as refusal:
            reasons.append(refusal.text_de)
        else:
            accepted += 1
            assert document.canonical == canonical()
    assert all(reasons)
    assert len(reasons) > accepted > 0
