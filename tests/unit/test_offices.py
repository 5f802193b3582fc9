"""The office directory: who is competent, how the answer names it, and when it is read."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest

from fixtures.persons import entitlement
from gateway.offices import OfficeFinder, contact_of
from messages.errors import GatewayError
from messages.values import Name
from store.engine import Store
from store.errors import StoreUnavailable
from store.records import OfficeRecord, PostcodeRange
from tests.support.core import ABH1, ABH2, NOW, OFFICES, Core, StandingClock, new_uuid, settings
from tests.support.furnishing import furnish
from tests.support.pki import shared_pki

NORTH = OfficeRecord("north", "Regionalstelle Nord", {"name": "Frau Nord", "phone": "+49 40 1"})
SOUTH = OfficeRecord("south", "Regionalstelle Süd", {"email": "sued@example.org"})
RANGES = [PostcodeRange("80000", "84999", "south"), PostcodeRange("20000", "20999", "north")]


class Source:
    """A directory that counts how often it is read."""

    def __init__(self) -> None:
        self.reads = 0
        self.away = False

    def __call__(self) -> tuple[list[OfficeRecord], list[PostcodeRange]]:
        self.reads += 1
        if self.away:
            raise StoreUnavailable("gone")
        return [NORTH, SOUTH], RANGES


@pytest.mark.parametrize(
    ("postcode", "found"),
    [
        ("19999", None),
        ("20000", NORTH),
        ("20999", NORTH),
        ("21000", None),
        ("80000", SOUTH),
        ("84999", SOUTH),
        ("85000", None),
    ],
)
def test_postcodes_at_the_ends_of_the_ranges(postcode: str, found: OfficeRecord | None) -> None:
    clock = StandingClock()
    assert OfficeFinder(Source(), clock, None).find(postcode) == found
    assert OfficeFinder(Source(), clock, "unknown").find(postcode) == found
    assert OfficeFinder(Source(), clock, "south").find(postcode) == (found or SOUTH)


def test_the_directory_is_read_at_most_every_two_seconds() -> None:
    source, clock = Source(), StandingClock()
    finder = OfficeFinder(source, clock, None)
    for _ in range(3):
        assert finder.find("20000") == NORTH
    assert source.reads == 1
    clock.advance(seconds=2)
    finder.find("20000")
    assert source.reads == 2
    source.away = True
    clock.time -= timedelta(seconds=10)
    with pytest.raises(GatewayError) as caught:
        finder.find("20000")
    assert caught.value.code == "T200.store-away"


def test_the_contact_is_named_as_the_directory_names_it() -> None:
    own = settings().reachability
    assert contact_of(NORTH, own).familienname == Name("Frau Nord")
    assert contact_of(SOUTH, own).familienname == Name("Regionalstelle Süd")
    assert contact_of(None, own).familienname is None


def test_nothing_else_is_read_while_persons_are_locked(store: Store) -> None:
    furnish(store, shared_pki())
    core = Core(store, shared_pki())
    open_units, reads = [0], [0]
    unit_of_work, read = store.unit_of_work, store.read

    @contextmanager
    def watched_unit(*args: Any, **options: Any) -> Iterator[Any]:
        with unit_of_work(*args, **options) as work:
            open_units[0] += 1
            try:
                yield work
            finally:
                open_units[0] -= 1

    @contextmanager
    def watched_read(*args: Any, **options: Any) -> Iterator[Any]:
        assert not open_units[0]
        reads[0] += 1
        with read(*args, **options) as reader:
            yield reader

    with patch.object(store, "unit_of_work", watched_unit), patch.object(store, "read", watched_read):
        core.answer(entitlement(ABH1, new_uuid(), NOW))
        parked, body = core.answer(entitlement(ABH2, new_uuid(), NOW), "abh2")
    assert parked.message_type == "070004"
    assert reads[0]
    assert body.rahmen.ansprechpartner.familienname.text in OFFICES.read_text(encoding="utf-8")
