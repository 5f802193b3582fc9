"""`python -m benchmarks.many [--persons N]`: the duplicate test in a store as large as the country's.

On each engine the same is measured in an almost empty store and in one that holds millions of persons, whose
names and birth dates are as uneven as real ones: the search for a key as a unit of work does it, and whole
reports through the door in one process, half of them about persons that are stored. What carries from machine
to machine is how much slower the full store is.

Needs about 10 GB in the folder for temporary files and half an hour; for the second engine the programs of
PostgreSQL 15+, without which its figures are left out. `--persons 50000` tries it out.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import date
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any, Final

from adapters.config import load_config
from adapters.config_secrets import load_signing_key
from adapters.server_core import Core, build_core
from benchmarks.crowd import Somebody, crowd, fill
from benchmarks.engines import ENGINES, measurable, save
from benchmarks.requests import RequestMaker
from benchmarks.stages import answered
from fixtures.demo.display import say
from fixtures.demo.place import Place, prepare
from fixtures.persons import Person, many_persons, person
from gateway.normalise import lock_key, name_key
from gateway.trust.keys import Pkcs12Key, SigningKey
from messages.values import PartialDate
from store.engine import Store
from store.schema import person as person_table
from tests.support.postgres import own_cluster

RESULTS: Final = Path(__file__).parent / "results" / "many.json"
STORE_VARIABLE: Final = "INGE_STORE__URL"
SEED: Final = 7
WARM_UP: Final = 50
SEARCHES: Final = 5_000
REPORTS: Final = 1_000
SHARES: Final = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))


def main() -> int:
    """Run the measurement and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.many", description=__doc__)
    parser.add_argument("--persons", type=int, default=4_500_000, help="in the full store")
    parser.add_argument("--engine", action="append", choices=ENGINES, help="default: both")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where the JSON goes")
    options = parser.parse_args()
    engines: dict[str, Any] = {}
    for engine in measurable(options.engine or ENGINES):
        engines[engine] = _measured(engine, options.persons)
        # What one engine took half an hour for is not lost with the other.
        save(options.output, engines, persons=options.persons)
    _table(engines)
    say(f"written to {options.output}")
    return 0


def _measured(engine: str, persons: int) -> dict[str, Any]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="inge-many-")))
        if engine == "postgresql":
            cluster = stack.enter_context(own_cluster())
            os.environ[STORE_VARIABLE] = cluster.url(cluster.create_database())
            stack.callback(os.environ.pop, STORE_VARIABLE)
        place = prepare(folder)
        config = load_config(place.config)
        key = load_signing_key(config)
        core = build_core(config, key)
        stack.callback(core.store.close)
        office = _Office(place, core, key)
        say(f"{engine}: an almost empty store")
        empty = office.measured(persons=WARM_UP, since=0)
        say(f"{engine}: filling it")
        fill(core.store, core.pipeline.tools.numbers, persons, SEED, office.details())
        full = office.measured(persons=persons, since=REPORTS)
    slower = {what: round(full[what]["p99"] / empty[what]["p99"], 2) for what in full}
    return {"empty_ms": empty, "full_ms": full, "p99_full_to_empty": slower}


class _Office:
    """An authority that reports, and what searching costs the gateway."""

    def __init__(self, place: Place, core: Core, key: SigningKey) -> None:
        self._core = core
        self._key = key
        self._sender = Pkcs12Key.load(place.pki.p12("abh1"), place.pki.password)
        # The first one who is stored tells how long the details of a person are.
        self._reported(RequestMaker(self._sender, many_persons(SEED)).take(WARM_UP))

    def details(self) -> Any:
        """The personal data in full of somebody who was reported."""
        with self._core.store.read() as reader:
            row = reader.connection.execute(person_table.select().limit(1)).one()
        return row.details

    def measured(self, persons: int, since: int) -> dict[str, Any]:
        """Milliseconds of searches and reports. In: how many of the crowd are stored, passed over."""
        stored = list(islice(crowd(SEED), since, min(persons, since + SEARCHES)))
        strangers = list(islice(crowd(SEED + 1), since, since + SEARCHES))
        both = [one for pair in zip(_round(stored, SEARCHES), strangers, strict=False) for one in pair]
        self._reported(RequestMaker(self._sender, map(_reported, strangers[:WARM_UP])).take(WARM_UP))
        reports = RequestMaker(self._sender, map(_reported, both[2 * WARM_UP :])).take(REPORTS)
        return {
            "search": _shares(_searched(self._core.store, both)),
            "report": _shares(self._reported(reports)),
        }

    def _reported(self, requests: list[bytes]) -> list[float]:
        return [sum(answered(self._core, self._key, request)) / 1000 for request in requests]


def _round(some: list[Somebody], count: int) -> Iterator[Somebody]:
    for number in range(count):
        yield some[number % len(some)]


def _searched(store: Store, persons: Iterable[Somebody]) -> list[float]:
    times = []
    for each in persons:
        key = lock_key(name_key(each.surname), each.birth)
        begin = perf_counter()
        with store.unit_of_work() as work:
            work.lock_persons([key])
            work.persons_by_lock_key(key)
        times.append((perf_counter() - begin) * 1000)
    return times


def _reported(each: Somebody) -> Person:
    born = date.fromisoformat(each.birth)
    return person(
        each.first_name,
        each.surname,
        PartialDate(born.year, born.month, born.day),
        each.gender,
        azr="210101100084",
    )


def _shares(times: list[float]) -> dict[str, float]:
    ordered = sorted(times)
    last = len(ordered) - 1
    return {name: round(ordered[min(last, int(share * len(ordered)))], 2) for name, share in SHARES}


def _table(engines: dict[str, Any]) -> None:
    say(f"\n{'':32}" + "".join(f"{engine:>14}" for engine in engines))
    for what in ("search", "report"):
        for state in ("empty", "full"):
            for name, _ in SHARES:
                cells = [figures[f"{state}_ms"][what][name] for figures in engines.values()]
                say(f"{f'{what}, {state}, {name} ms':32}" + "".join(f"{cell:>14}" for cell in cells))
        cells = [figures["p99_full_to_empty"][what] for figures in engines.values()]
        say(f"{f'{what}, p99 full to empty':32}" + "".join(f"{cell:>14}" for cell in cells))


if __name__ == "__main__":
    sys.exit(main())
