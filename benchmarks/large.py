"""`python -m benchmarks.large [--records N]`: deliveries of many records, through the door, by two workers.

On each engine: the file is taken in over HTTP, two workers decide it, both are killed in the middle and two
others go on, the result is fetched; then the core store is away for as long as an hour of deliveries fills,
and what was accepted meanwhile is caught up with. Rates are told beside those of the bare floor, two loops
side by side in the same run; memory is what the kernel counts.

Needs Linux (memory is read from /proc), the environment for development, about 15 GB in the folder for
temporary files and a machine that does nothing else, for hours; for the second engine the programs of
PostgreSQL 15+, without which its figures are left out. `--records 3000 --outage-minutes 1` tries it out.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Final

from adapters.cli.opening import opened_store
from adapters.config import load_config
from benchmarks.engines import ENGINES, measurable, save
from benchmarks.office import WORKERS, NotMeasured
from benchmarks.one_delivery import delivered
from benchmarks.outage import caught_up
from benchmarks.record_floor import Keep, postgresql_keep, side_by_side, sqlite_keep
from fixtures.demo.display import say
from fixtures.demo.place import Place, prepare
from fixtures.resettlers import records, write_file
from schemas.paths import bva_xsd
from store.acceptance.migrate import migrate_acceptance
from tests.support.postgres import PostgresCluster, own_cluster

RESULTS: Final = Path(__file__).parent / "results" / "large.json"
CHUNK: Final = 50
SEED: Final = 42
FLOOR_RECORDS: Final = 5_000
LEASE_SECONDS: Final = 10


def main() -> int:
    """Run the measurement and return the exit code: 1 if anything was lost or doubled, 2 if it broke off."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.large", description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000, help="of the one large delivery")
    parser.add_argument("--engine", action="append", choices=ENGINES, help="default: both")
    parser.add_argument("--outage-minutes", type=int, default=60, help="how long the store is away")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where the JSON goes")
    options = parser.parse_args()
    engines: dict[str, Any] = {}
    for engine in measurable(options.engine or ENGINES):
        try:
            engines[engine] = _measured(engine, options.records, options.outage_minutes)
        except NotMeasured as error:
            print(f"{engine} was not measured: {error}", file=sys.stderr)
            return 2
    save(options.output, engines, records=options.records, outage_minutes=options.outage_minutes)
    _table(engines)
    say(f"written to {options.output}")
    return 0 if all(figures["nothing_lost_or_doubled"] for figures in engines.values()) else 1


def _measured(engine: str, count: int, outage_minutes: int) -> dict[str, Any]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="inge-large-")))
        cluster = stack.enter_context(own_cluster()) if engine == "postgresql" else None
        stack.enter_context(_environment(cluster, folder))
        place = prepare(folder, scheduler_seconds=2)
        migrate_acceptance(os.environ["INGE_ACCEPTANCE__URL"])
        floor = _floor(place, cluster)
        say(f"{engine}: floor {floor:.0f} records/s; writing {count} records")
        file = folder / "records.xml"
        with file.open("wb") as out:
            write_file(out, records(SEED, count))
        store = stack.enter_context(opened_store(load_config(place.config)))
        figures = {"floor_records_per_second": round(floor), **delivered(place, store, file, count)}
        figures["ratio_to_floor"] = round(figures["records_per_second"] / floor, 2)
        file.unlink()
        if outage_minutes:
            figures["outage"] = caught_up(place, store, cluster, outage_minutes)
            figures["nothing_lost_or_doubled"] &= figures["outage"].pop("whole")
    return figures


@contextmanager
def _environment(cluster: PostgresCluster | None, folder: Path) -> Iterator[None]:
    """Set what all processes of the run are configured with beside the demo's file."""
    chosen = {
        "INGE_WORK__IN_SERVER": "0",
        "INGE_WORK__LEASE_SECONDS": str(LEASE_SECONDS),
        "INGE_BATCH__CHUNK_RECORDS": str(CHUNK),
        "INGE_ACCEPTANCE__URL": f"sqlite:///{folder}/acceptance.sqlite",
    }
    if cluster is not None:
        chosen["INGE_STORE__URL"] = cluster.url(cluster.create_database())
    os.environ.update(chosen)
    try:
        yield
    finally:
        for name in chosen:
            del os.environ[name]


def _floor(place: Place, cluster: PostgresCluster | None) -> float:
    def open_keep() -> Keep:
        if cluster is None:
            return sqlite_keep(place.folder / "floor.sqlite")
        return postgresql_keep(
            os.environ["INGE_STORE__URL"].replace("postgresql+psycopg://", "postgresql://")
        )

    source = records(SEED + 1, WORKERS * FLOOR_RECORDS)
    shares = [list(islice(source, FLOOR_RECORDS)) for _ in range(WORKERS)]
    return side_by_side(bva_xsd(), open_keep, shares, CHUNK)


def _table(engines: dict[str, Any]) -> None:
    say(f"\n{'':36}" + "".join(f"{engine:>14}" for engine in engines))
    for name in next(iter(engines.values()), {}):
        values = [figures[name] for figures in engines.values()]
        parts = [(name, values)]
        if isinstance(values[0], dict):
            parts = [(f"{name}, {part}", [value.get(part, "") for value in values]) for part in values[0]]
        for label, cells in parts:
            say(f"{label.replace('_', ' '):36}" + "".join(f"{cell!s:>14}" for cell in cells))


if __name__ == "__main__":
    sys.exit(main())
