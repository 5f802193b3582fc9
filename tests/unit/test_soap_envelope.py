"""The envelope: its version by namespace, and what the Content-Type says."""

import pytest
from lxml import etree

from adapters.soap.envelope import (
    SOAP11_NS,
    SOAP12_NS,
    read_content_type,
    soap_version,
    version_of_media_type,
)
from messages.errors import GatewayError

NAMESPACE = {"1.1": SOAP11_NS, "1.2": SOAP12_NS}


def envelope(version: str) -> etree._Element:
    return etree.fromstring(f'<e:Envelope xmlns:e="{NAMESPACE[version]}"><e:Body/></e:Envelope>')


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


def test_content_types_as_the_stacks_write_them() -> None:
    seen = read_content_type('application/soap+xml;action="urn:a";charset=UTF-8')
    assert (seen.media_type, seen.charset, seen.action) == ("application/soap+xml", "UTF-8", "urn:a")
    seen = read_content_type("Text/XML; Charset=utf-8")
    assert (seen.media_type, seen.charset, seen.action) == ("text/xml", "utf-8", None)
    assert read_content_type(None).media_type == ""
    assert version_of_media_type("application/soap+xml") == "1.2"
    assert version_of_media_type("") == "1.1"
