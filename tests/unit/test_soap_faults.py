"""Faults: the right code for every refusal, our element in the detail, readable without a schema."""

import pytest
from lxml import etree

from adapters.soap.contract import SERVICE_NS
from adapters.soap.envelope import SOAP11_NS, SOAP12_NS, WSSE_NS, SoapVersion
from adapters.soap.faults import build_fault, fault_code, plain_envelope
from messages.errors import CATALOGUE, GatewayError

FEHLER = f'<d:fehler xmlns:d="{SERVICE_NS}"><d:code>x</d:code></d:fehler>'.encode()
NAMESPACES: dict[SoapVersion, str] = {"1.1": SOAP11_NS, "1.2": SOAP12_NS}
WSSE_CODES = {
    "UnsupportedSecurityToken", "UnsupportedAlgorithm", "InvalidSecurity", "InvalidSecurityToken",
    "FailedAuthentication", "FailedCheck", "SecurityTokenUnavailable", "MessageExpired",
}  # fmt: skip


def qname(element: etree._Element | None) -> str:
    assert element is not None
    assert element.text is not None
    prefix, _, local = element.text.partition(":")
    return f"{{{element.nsmap[prefix]}}}{local}"


@pytest.mark.parametrize("code", CATALOGUE)
def test_every_code_of_the_catalogue_makes_a_sound_fault(code: str) -> None:
    error = GatewayError(code)
    fault = etree.fromstring(build_fault(error, FEHLER, "1.1"))
    assert [child.tag for child in fault] == ["faultcode", "faultstring", "detail"]
    found = etree.QName(qname(fault[0]))
    if found.namespace == WSSE_NS:
        assert found.localname in WSSE_CODES
    else:
        assert found.namespace == SOAP11_NS
        assert found.localname in {"Client", "Server", "MustUnderstand", "VersionMismatch"}
    assert fault[1].text == f"{code}: {error.text_de}"
    assert [child.tag for child in fault[2]] == [f"{{{SERVICE_NS}}}fehler"]


@pytest.mark.parametrize("code", CATALOGUE)
def test_the_same_in_soap_12(code: str) -> None:
    fault = etree.fromstring(build_fault(GatewayError(code), FEHLER, "1.2"))
    names = {"e": SOAP12_NS, "d": SERVICE_NS}
    value = fault.find("e:Code/e:Value", names)
    allowed = {"Sender", "Receiver", "MustUnderstand", "VersionMismatch"}
    assert etree.QName(qname(value)).localname in allowed
    sub = fault.find("e:Code/e:Subcode/e:Value", names)
    assert (sub is not None) == fault_code(code).startswith("wsse:")
    if sub is not None:
        assert etree.QName(qname(sub)).namespace == WSSE_NS
    lang = "{http://www.w3.org/XML/1998/namespace}lang"
    assert [text.get(lang) for text in fault.iterfind("e:Reason/e:Text", names)] == ["de", "en"]
    assert fault.find("e:Detail/d:fehler", names) is not None


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("T011.broken", "wsse:FailedCheck"),
        ("T011.stale-timestamp", "wsse:MessageExpired"),
        ("T011.algorithm", "wsse:UnsupportedAlgorithm"),
        ("T010.unsigned", "wsse:InvalidSecurity"),
        ("T070.unknown-sender", "wsse:FailedAuthentication"),
        ("T070.foreign-authority", "Client"),
        ("T099.must-understand", "MustUnderstand"),
        ("T099.soap-version", "VersionMismatch"),
        ("T099.too-slow", "Server"),
        ("T200.busy", "Server"),
        ("X001", "Client"),
    ],
)
def test_chosen_codes(code: str, expected: str) -> None:
    assert fault_code(code) == expected


def test_markup_in_a_text_stays_text() -> None:
    error = GatewayError("T099.content-type", details={"found": "<b>&amp;"})
    for version in NAMESPACES:
        assert b"&lt;b&gt;&amp;amp;" in build_fault(error, FEHLER, version)


def test_an_unsigned_envelope_has_the_fault_as_its_only_content() -> None:
    for version, namespace in NAMESPACES.items():
        envelope = plain_envelope(build_fault(GatewayError("X000"), FEHLER, version), version)
        root = etree.fromstring(envelope)
        assert [child.tag for child in root] == [f"{{{namespace}}}Body"]
        assert [child.tag for child in root[0]] == [f"{{{namespace}}}Fault"]
