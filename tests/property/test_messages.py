"""Every message class: what is built is read back equal, and is valid by its contract."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from messages.registry import MESSAGE_TYPES, build, in_version
from tests.support.messages import MESSAGES as REPORTS
from tests.support.messages_bva import MESSAGES as RECORDS
from tests.support.messages_information import MESSAGES as INFORMATION
from tests.support.ring import scale
from tests.support.versions import BOTH, NEW, OLD, registry, versions

MESSAGES = {**REPORTS, **INFORMATION}


def test_every_message_class_is_held_to_this() -> None:
    """Records of deliveries are held to as much in tests/property/test_messages_bva.py."""
    assert {*MESSAGES, *RECORDS} == set(MESSAGE_TYPES.values())


@pytest.mark.parametrize(
    ("cls", "version"),
    [
        pytest.param(cls, version, id=f"{version}-{cls.message_type}")
        for cls in MESSAGES
        for version in ((OLD, NEW) if cls.standard == "XAusländer" else (cls.version,))
    ],
)
def test_read_back_equal_and_valid(cls: type[Any], version: str) -> None:
    @settings(
        max_examples=scale(10, 1000),
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
        derandomize=True,
    )
    @given(message=MESSAGES[cls])
    def holds(message: Any) -> None:
        if cls.standard == "XAusländer":
            message = in_version(message, version)
        wire = etree.tostring(versions().build(message), encoding="UTF-8")
        element = etree.fromstring(wire)
        assert versions().parse(element) == message
        contract = registry().identify(element, BOTH)
        assert (contract.message_type, contract.version) == (cls.message_type, version)
        assert registry().check(contract, element) == ()

    holds()


@pytest.mark.parametrize("cls", MESSAGES, ids=lambda cls: cls.message_type)
def test_no_default_namespace_and_one_prefix(cls: type[Any]) -> None:
    @settings(
        max_examples=scale(3, 50),
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
        derandomize=True,
    )
    @given(data=st.data())
    def holds(data: st.DataObject) -> None:
        element = build(data.draw(MESSAGES[cls]))
        assert set(element.nsmap) == {"xirts" if cls.message_type == "0010" else "xauslaender"}
        assert all(child.nsmap == element.nsmap for child in element.iter())

    holds()
