"""Every message class: what is built is read back equal, and is valid by its contract."""

from datetime import date
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from messages.registry import MESSAGE_TYPES, build, parse
from schemas.registry import SchemaRegistry
from tests.support.messages import MESSAGES as REPORTS
from tests.support.messages_information import MESSAGES as INFORMATION
from tests.support.ring import scale

ON = date(2026, 11, 24)
MESSAGES = {**REPORTS, **INFORMATION}


@cache
def registry() -> SchemaRegistry:
    return SchemaRegistry.load()


def test_every_message_class_is_held_to_this() -> None:
    assert set(MESSAGES) == set(MESSAGE_TYPES.values())


@pytest.mark.parametrize("cls", MESSAGES, ids=lambda cls: cls.message_type)
def test_read_back_equal_and_valid(cls: type[Any]) -> None:
    @settings(
        max_examples=scale(30, 1000),
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
        derandomize=True,
    )
    @given(message=MESSAGES[cls])
    def holds(message: Any) -> None:
        wire = etree.tostring(build(message), encoding="UTF-8")
        element = etree.fromstring(wire)
        assert parse(element) == message
        contract = registry().identify(element, ON)
        assert contract.message_type == cls.message_type
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
