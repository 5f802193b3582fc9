"""The requests to the service itself: what is built is read back equal, and is valid by its contract."""

from datetime import date
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from lxml import etree

from messages.service import ANSWERS, REQUESTS, build, parse
from schemas.registry import SchemaRegistry
from tests.support.ring import scale
from tests.support.service import SERVICE

ON = date(2026, 11, 24)


@cache
def registry() -> SchemaRegistry:
    return SchemaRegistry.load()


def test_every_class_is_held_to_this() -> None:
    assert set(SERVICE) == {*REQUESTS, *ANSWERS}


@pytest.mark.parametrize("cls", SERVICE, ids=lambda cls: cls.kind)
def test_read_back_equal_and_valid(cls: type[Any]) -> None:
    @settings(
        max_examples=scale(30, 1000),
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
        derandomize=True,
    )
    @given(message=SERVICE[cls])
    def holds(message: Any) -> None:
        wire = etree.tostring(build(message), encoding="UTF-8")
        element = etree.fromstring(wire)
        assert parse(element) == message
        contract = registry().identify(element, ON)
        assert contract.message_type == cls.kind
        assert registry().check(contract, element) == ()

    holds()
