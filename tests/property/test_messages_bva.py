"""Records and documents of deliveries: canonical as written, read back equal, valid by their contract."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from gateway.trust.canonical import canonical_octets, read_canonical
from messages import bva
from messages.errors import GatewayError
from messages.registry import parse, write
from tests.support.messages_bva import DOCUMENTS, MESSAGES
from tests.support.ring import scale
from tests.support.versions import BOTH, registry

OURS = settings(
    max_examples=scale(10, 1000),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=True,
)


def test_every_document_is_held_to_this() -> None:
    assert set(DOCUMENTS) == set(bva.DOCUMENTS)
    assert set(MESSAGES) == set(bva.MESSAGES)


@pytest.mark.parametrize("cls", [*MESSAGES, *DOCUMENTS], ids=lambda cls: cls.message_type)
def test_canonical_read_back_equal_and_valid(cls: type[Any]) -> None:
    strategy, reads, writes = (
        (MESSAGES[cls], parse, write) if cls in MESSAGES else (DOCUMENTS[cls], bva.parse, bva.write)
    )

    @OURS
    @given(message=strategy)
    def holds(message: Any) -> None:
        octets = writes(message)
        element = read_canonical(octets)
        assert canonical_octets(element) == octets
        assert reads(element) == message
        contract = registry().identify(element, BOTH)
        assert (contract.message_type, contract.version) == (cls.message_type, cls.version)
        assert registry().check(contract, element) == ()

    holds()


def test_a_digest_may_be_written_in_capitals() -> None:
    element = read_canonical(b'<d xmlns="urn:inge-gateway:bva:1">' + b"AB" * 32 + b"</d>")
    assert bva._parse_digest(element) == b"\xab" * 32


def test_what_is_no_document_of_a_delivery() -> None:
    with pytest.raises(GatewayError, match=r"X001\.unknown-root"):
        bva.parse(read_canonical(b"<a></a>"))
