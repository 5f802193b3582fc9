"""Millions of invented persons put straight into a store: as uneven as real names and birth dates are.

A few surnames and first names are common, most are rare, and of every eight persons one is said to be born on
a first of January. Nothing of it passes through the gateway: this only makes a store large.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import islice
from typing import Any, Final

from sqlalchemy import Table, insert, text

from fixtures.demo.display import say
from gateway.normalise import lock_key, name_key
from gateway.number import COUNTERS_PER_EPOCH, Numbers
from schemas.din91379 import search_form
from store.engine import Store
from store.schema import case_file, entitlement, person, person_search

_SYLLABLES: Final = tuple(first + vowel for first in "bdfghjklmnprstvz" for vowel in "aeiou")
_SURNAMES: Final = 60_000
_FIRST_NAMES: Final = 5_000
_FIRST_DAY: Final = date(1940, 1, 1).toordinal()
_DAYS: Final = 25_000
_NEW_YEAR: Final = 8
_AT_ONCE: Final = 20_000
# The gateway counts its epochs from 1: no number of this one is ever handed out.
_EPOCH: Final = 0
_DECIDED: Final = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Somebody:
    """One of the crowd; `birth` as ISO text."""

    id: int
    surname: str
    first_name: str
    birth: str
    gender: str


def crowd(seed: int) -> Iterator[Somebody]:
    """An endless row of persons, the same for the same seed."""
    rng = random.Random(seed)
    number = 0
    while True:
        number += 1
        # The third power: the commonest surname is that of one in forty.
        surname = _name(int(_SURNAMES * rng.random() ** 3), 3)
        first_name = _name(int(_FIRST_NAMES * rng.random() ** 2), 2)
        born = date.fromordinal(_FIRST_DAY + rng.randrange(_DAYS))
        if not rng.randrange(_NEW_YEAR):
            born = born.replace(month=1, day=1)
        yield Somebody(number, surname, first_name, born.isoformat(), rng.choice("mw"))


def fill(store: Store, numbers: Numbers, count: int, seed: int, details: Mapping[str, Any]) -> None:
    """Store so many persons, each with a case that has an entitlement and with its names in the search index.

    In: the personal data in full that every one of them is given, so that a row is as long as a real one.
    """
    everybody = islice(crowd(seed), count)
    done = 0
    while some := list(islice(everybody, _AT_ONCE)):
        with store.write() as connection:
            for table, rows in _rows(some, numbers, details):
                connection.execute(insert(table), rows)
        done += len(some)
        if done % (25 * _AT_ONCE) == 0 or done == count:
            say(f"{done} of {count} persons stored")
    with store.write() as connection:
        connection.execute(text("ANALYZE"))


def _rows(
    some: Sequence[Somebody], numbers: Numbers, details: Mapping[str, Any]
) -> Iterator[tuple[Table, list[dict[str, Any]]]]:
    yield person, [_person(each, details) for each in some]
    yield (
        case_file,
        [
            {
                "id": each.id,
                "person_id": each.id,
                "number": numbers.assign(_EPOCH, each.id % COUNTERS_PER_EPOCH),
                "state": "OPEN",
                "opened_on": _DECIDED.date(),
                "granted_units": 700,
            }
            for each in some
        ],
    )
    yield (
        entitlement,
        [
            {
                "case_id": each.id,
                "id": each.id,
                "art": "1a",
                "agency": "azr:090001",
                "agency_name": "Ausländerbehörde",
                "valid_from": _DECIDED.date(),
                "unlimited": True,
                "status": "CURRENT",
                "only_orientation": False,
                "only_language": False,
                "decided_at": _DECIDED,
            }
            for each in some
        ],
    )
    yield (
        person_search,
        [
            {"person_id": each.id, "kind": kind, "form": _form(name), "birth_year": int(each.birth[:4])}
            for each in some
            for kind, name in (("surname", each.surname), ("first", each.first_name))
        ],
    )


def _person(each: Somebody, details: Mapping[str, Any]) -> dict[str, Any]:
    surname = name_key(each.surname)
    return {
        "id": each.id,
        "lock_key": lock_key(surname, each.birth),
        "surname_key": surname,
        "first_name_key": name_key(each.first_name),
        "birth": each.birth,
        "gender": each.gender,
        "surname": each.surname,
        "first_name": each.first_name,
        "details": details,
        "deceased": False,
    }


@lru_cache(maxsize=_SURNAMES + _FIRST_NAMES)
def _name(rank: int, syllables: int) -> str:
    parts = []
    for _ in range(syllables):
        rank, place = divmod(rank, len(_SYLLABLES))
        parts.append(_SYLLABLES[place])
    return "".join(parts).capitalize()


@lru_cache(maxsize=_SURNAMES + _FIRST_NAMES)
def _form(name: str) -> str:
    return search_form(name)
