"""Header blocks beside wsse:Security: what must be understood and is not, is refused before any proof."""

from datetime import UTC, datetime

import pytest

from gateway.trust import names
from messages.errors import GatewayError
from tests.support.signatures import prove

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
NEXT = {"1.1": "http://schemas.xmlsoap.org/soap/actor/next", "1.2": f"{names.SOAP12_NS}/role/next"}
NAMESPACE = {"1.1": names.SOAP11_NS, "1.2": names.SOAP12_NS}
ROLE = {"1.1": "actor", "1.2": "role"}


def refusal(version: str, header: str) -> GatewayError:
    filled = header.replace("{role}", ROLE[version]).replace("{next}", NEXT[version])
    envelope = (
        f'<e:Envelope xmlns:e="{NAMESPACE[version]}" xmlns:q="{NAMESPACE[version]}" '
        f'xmlns:wsse="{names.WSSE_NS}" xmlns:wsa="http://www.w3.org/2005/08/addressing" xmlns:x="urn:x">'
        f"<q:Header>{filled}</q:Header><e:Body/></e:Envelope>"
    )
    with pytest.raises(GatewayError) as refused:
        prove(envelope.encode(), NOW)
    return refused.value


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
def test_what_need_not_be_understood_passes(version: str, header: str) -> None:
    assert refusal(version, header).code == "T010.unsigned"


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
def test_what_must_be_understood_is_refused_without_an_echo(version: str, header: str) -> None:
    error = refusal(version, header)
    assert error.code == "T099.must-understand"
    assert "Any" not in error.text_en


def test_a_common_standard_is_named() -> None:
    assert refusal("1.1", '<wsa:ReplyTo q:mustUnderstand="1"/>').details == {"header": "WS-Addressing"}
