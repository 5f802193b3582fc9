"""The example files are what their builder says, are valid, and are read back as the typed message."""

from dataclasses import astuple
from datetime import date
from functools import cache

import pytest
from lxml import etree

from fixtures.messages import FOLDER, examples, load, render
from messages.bva import Ergebnis200004, Zaehlung
from messages.registry import MESSAGE_TYPES, parse
from schemas.registry import SchemaRegistry

NAMES = sorted(examples())


@cache
def registry() -> SchemaRegistry:
    return SchemaRegistry.load()


def test_every_message_type_has_an_example_and_no_file_is_left_over() -> None:
    assert {type(message) for message in examples().values()} == set(MESSAGE_TYPES.values())
    assert {path.stem for path in FOLDER.glob("*.xml")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_file_is_current(name: str) -> None:
    assert load(name) == render(examples()[name])


@pytest.mark.parametrize("name", NAMES)
def test_file_is_valid_and_read_back(name: str) -> None:
    element = etree.fromstring(load(name))
    contract = registry().identify(element, date(2026, 11, 24))
    assert registry().check(contract, element) == ()
    assert parse(element) == examples()[name]


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("200004-")])
def test_a_result_tells_its_ending_by_the_name_of_its_last_element(name: str) -> None:
    element = etree.fromstring(load(name))
    ending = etree.QName(element[-1]).localname
    result = parse(element)
    assert isinstance(result, Ergebnis200004)
    assert (result.ending, name) == (ending, f"200004-{ending}")
    counted = Zaehlung.of([ending, ending])
    assert (getattr(counted, ending), sum(astuple(counted))) == (2, 2)
    with pytest.raises(ValueError, match="nothing of the contract"):
        Zaehlung.of([ending, "neu"])
