"""The skeleton of the envelope: version by namespace, and what must be understood."""

import pytest
from lxml import etree

from adapters.soap.envelope import (
    SOAP11_NS,
    SOAP12_NS,
    WSSE_NS,
    SoapVersion,
    check_understood,
    read_content_type,
    soap_version,
    version_of_media_type,
)
from messages.errors import GatewayError

NEXT = {"1.1": "http://schemas.xmlsoap.org/soap/actor/next", "1.2": f"{SOAP12_NS}/role/next"}
NAMESPACE = {"1.1": SOAP11_NS, "1.2": SOAP12_NS}
ROLE = {"1.1": "actor", "1.2": "role"}


def envelope(version: str, header: str = "") -> etree._Element:
    return etree.fromstring(
        f'<e:Envelope xmlns:e="{NAMESPACE[version]}" xmlns:q="{NAMESPACE[version]}" xmlns:wsse="{WSSE_NS}" '
        f'xmlns:wsa="http://www.w3.org/2005/08/addressing" xmlns:x="urn:x">'
        f"<q:Header>{header}</q:Header><e:Body/></e:Envelope>"
    )


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_the_namespace_tells_the_version(version: str) -> None:
    assert soap_version(envelope(version)) == version


@pytest.mark.parametrize(
    ("document", "code"),
    [('<e:Envelope xmlns:e="urn:other"/>', "T099.soap-version"), ("<Envelope/>", "T099.soap-version"),
     (f'<Body xmlns="{SOAP11_NS}"/>', "T099.not-soap")],
)  # fmt: skip
def test_anything_else_is_refused(document: str, code: str) -> None:
    with pytest.raises(GatewayError) as refused:
        soap_version(etree.fromstring(document))
    assert refused.value.code == code


@pytest.mark.parametrize("version", ["1.1", "1.2"])
@pytest.mark.parametrize(
    "header",
    [
        '<wsse:Security q:mustUnderstand="1"/>',
        '<wsse:Security q:mustUnderstand="true"/>',
        "<x:Any/>",
        '<x:Any q:mustUnderstand="0"/>',
        '<x:Any mustUnderstand="1"/>',
        '<x:Any q:mustUnderstand="1" q:{role}="urn:somebody-else"/>',
        '<!-- c --><x:Any q:mustUnderstand="false"/>',
    ],
)
def test_what_need_not_be_understood_passes(version: SoapVersion, header: str) -> None:
    check_understood(envelope(version, header.replace("{role}", ROLE[version])), version)


@pytest.mark.parametrize("version", ["1.1", "1.2"])
@pytest.mark.parametrize(
    "header",
    [
        '<x:Any q:mustUnderstand="1"/>',
        '<x:Any q:mustUnderstand=" true "/>',
        '<x:Security q:mustUnderstand="1"/>',
        '<x:Any q:mustUnderstand="1" q:{role}="{next}"/>',
        '<x:Any/><wsse:Security/><x:Any q:mustUnderstand="1"/>',
    ],
)
def test_what_must_be_understood_is_refused_without_an_echo(version: SoapVersion, header: str) -> None:
    filled = header.replace("{role}", ROLE[version]).replace("{next}", NEXT[version])
    with pytest.raises(GatewayError) as refused:
        check_understood(envelope(version, filled), version)
    assert refused.value.code == "T099.must-understand"
    assert "Any" not in refused.value.text_en


def test_a_common_standard_is_named() -> None:
    with pytest.raises(GatewayError) as refused:
        check_understood(envelope("1.1", '<wsa:ReplyTo q:mustUnderstand="1"/>'), "1.1")
    assert refused.value.details == {"header": "WS-Addressing"}


def test_content_types_as_the_stacks_write_them() -> None:
    seen = read_content_type('application/soap+xml;action="urn:a";charset=UTF-8')
    assert (seen.media_type, seen.charset, seen.action) == ("application/soap+xml", "UTF-8", "urn:a")
    seen = read_content_type("Text/XML; Charset=utf-8")
    assert (seen.media_type, seen.charset, seen.action) == ("text/xml", "utf-8", None)
    assert read_content_type(None).media_type == ""
    assert version_of_media_type("application/soap+xml") == "1.2"
    assert version_of_media_type("") == "1.1"
