"""Recorded requests of foreign, unmodified clients: each gets its verdict, with the clock at its Created."""

import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509

from gateway.trust.policy import SignaturePolicy, SoapPolicy
from gateway.trust.wssecurity import SoapProof
from messages.errors import GatewayError
from tests.support.reference import reference_dir
from tests.support.signatures import prove

pytestmark = pytest.mark.conformance

VERIFIED = [
    "gsoap-bst-rsa-sha256-soap11",
    "jaxws-direct-rsa-sha256-soap12",
    "node-cert-soap11",
    "node-cert256-soap11",
    "node-certbst-soap11",
    "node-certwsu-soap12",
    "wss4j-direct-inclusivec14n-rsa-sha256-soap11",
    "wss4j-direct-nomustunderstand-declaration-soap11",
    "wss4j-direct-rsa-sha256-soap11",
    "wss4j-issuer-rsa-sha256-soap11",
    "wss4j-keyid-rsa-sha256-soap11",
    "wss4j-ski-ecdsa-sha256-soap12",
    "zeep-binary-ecdsa-sha256-soap11",
    "zeep-binary-notimestamp-soap11",
    "zeep-binary-rsa-sha256-soap11",
    "zeep-issuer-rsa-sha512-soap12",
    "zeep-username-and-binary-rsa-sha256-soap11",
]
THROUGH_TOKEN = "wss4j-str-rsa-sha256-soap11"
REFUSED = {
    # name: code, what the text must name as found, what it must name as the setting that mends it
    "zeep-binary-default-sha1-soap11": ("T011.algorithm", "rsa-sha1", "digest_method"),
    "wss4j-direct-default-sha1-soap11": ("T011.algorithm", "rsa-sha1", "setDigestAlgo"),
    "node045-certwsu-soap11": ("T011.algorithm", "rsa-sha1", "npm soap 1.13"),
    "node045-cert256-soap11": ("T011.algorithm", "SHA-1", "1.13"),
    "gsoap-bst-ecdsa-sha256-soap11": ("T011.der-ecdsa", "DER", "RSA"),
    "node-withtoken-soap11": ("T011.structure", "SecurityTokenReference", "WSSecurityCert"),
}
UNSIGNED = [
    "asmx-typed-unsecured-soap11",
    "gsoap-usernamedigest-soap11",
    "jaxws-usernametext-soap11",
    "node-typed-usernametext-soap11",
    "node-usernametext-soap11",
    "node-usernametextnonce-soap11",
    "php-usernametext-soap11",
    "strong-usernametext-soap12",
    "suds-usernametext-and-nonce-soap11",
    "wss4j-usernamedigest-soap11",
    "wss4j-usernametext-soap11",
    "zeep-usernamedigest-soap11",
    "zeep-usernametext-soap12",
]


@cache
def samples() -> Path:
    """Return the folder of the recorded messages, or skip."""
    return reference_dir("ws-security-samples")


def proof_of(name: str, policy: SoapPolicy | None = None) -> SoapProof:
    """Prove a recorded message at the moment its time stamp was made."""
    raw = (samples() / f"{name}.xml").read_bytes()
    stamp = re.search(rb"Timestamp.*?Created[^>]*>([^<]+)<", raw, re.DOTALL)
    now = datetime.fromisoformat(stamp[1].decode()) if stamp else datetime(2026, 11, 24, tzinfo=UTC)
    known = [
        x509.load_pem_x509_certificate(pem.read_bytes()) for pem in (samples() / "keys").glob("*.crt.pem")
    ]
    return prove(raw, now, policy=policy, known=known)


def test_every_recorded_message_has_its_verdict() -> None:
    recorded = {path.stem for path in samples().glob("*.xml")}
    assert recorded == {*VERIFIED, THROUGH_TOKEN, *REFUSED, *UNSIGNED}


@pytest.mark.parametrize("name", VERIFIED)
def test_signed_messages_verify(name: str) -> None:
    proof = proof_of(name)
    signer = "client-ec" if "ecdsa" in name else "client-rsa"
    expected = x509.load_pem_x509_certificate((samples() / "keys" / f"{signer}.crt.pem").read_bytes())
    assert proof.document.certificate == expected
    assert proof.document.element.tag == (
        "{http://www.osci.de/xauslaender2611}ABHBAMF.Teilnahmeberechtigung.070001"
    )
    assert proof.document.element.getroottree().getroot() is proof.document.element
    assert proof.soap_version == ("1.2" if name.endswith("soap12") else "1.1")
    assert (proof.timestamp is None) == ("notimestamp" in name)
    assert proof.username_token == ("username" in name)


def test_str_transform_verifies_only_with_its_switch_on() -> None:
    with pytest.raises(GatewayError) as refused:
        proof_of(THROUGH_TOKEN)
    assert refused.value.code == "T011.transform"
    assert "STR-Transform" in refused.value.text_en
    proof = proof_of(THROUGH_TOKEN, SoapPolicy(signature=SignaturePolicy(str_transform=True)))
    assert proof.document.str_transform


@pytest.mark.parametrize("name", REFUSED)
def test_refusals_name_the_reason_and_the_setting(name: str) -> None:
    code, found, setting = REFUSED[name]
    with pytest.raises(GatewayError) as refused:
        proof_of(name)
    assert refused.value.code == code
    for text in (refused.value.text_de, refused.value.text_en):
        assert found in text
        assert setting in text


@pytest.mark.parametrize("name", UNSIGNED)
def test_unsigned_messages_are_refused_as_unsigned(name: str) -> None:
    with pytest.raises(GatewayError) as refused:
        proof_of(name)
    assert refused.value.code == "T010.unsigned"
