"""`python -m benchmarks [--quick] [--output FILE]`: the gateway against the bare floor, one table, one file.

Floor and gateway take turns in several rounds of one run, so that a busy host slows both; what carries from
machine to machine is the ratio. CPU is user+system time of our own processes; the database server's own CPU
counts on neither side.
"""

import argparse
import multiprocessing
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from lxml import etree

from adapters.config import load_config
from adapters.config_secrets import load_signing_key
from adapters.server_core import build_core
from benchmarks.engines import ENGINES, measurable, save
from benchmarks.floor import BareLoop, Commit, FloorResult, postgresql_commit, sqlite_commit
from benchmarks.load import cpu_seconds, drive
from benchmarks.requests import RequestMaker
from benchmarks.stages import stage_times
from fixtures.demo.display import say
from fixtures.demo.place import Place, prepare
from fixtures.demo.server import running
from fixtures.persons import many_persons
from gateway.trust.keys import Pkcs12Key
from schemas.paths import xauslaender_xsd
from tests.support.postgres import own_cluster

RESULTS = Path(__file__).parent / "results" / "latest.json"
WORKERS = 2
CONNECTIONS = 8
STORE_VARIABLE = "INGE_STORE__URL"
ANSWER = (
    b'<a:answer xmlns:a="urn:inge-gateway:benchmark"><a:uuid>@UUID@</a:uuid>'
    + b"<a:field>some text of the usual length</a:field>" * 30
    + b"</a:answer>"
)


def main() -> int:
    """Run the benchmark and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer messages, under two minutes")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where the JSON goes")
    options = parser.parse_args()
    rounds, messages = (3, 400) if options.quick else (7, 2000)
    engines: dict[str, Any] = {}
    for engine in measurable(ENGINES):
        with tempfile.TemporaryDirectory(prefix="inge-bench-") as folder, _store(engine) as url:
            engines[engine] = _measure(Path(folder), engine, url, rounds, messages)
    save(options.output, engines, quick=options.quick, rounds=rounds, messages_per_round=messages)
    _table(engines)
    say(f"written to {options.output}")
    return 0


@contextmanager
def _store(engine: str) -> Iterator[str | None]:
    """The gateway's store address, set for all processes of the run; None means the demo's own SQLite."""
    if engine == "sqlite":
        yield None
        return
    with own_cluster() as cluster:
        url = cluster.url(cluster.create_database())
        os.environ[STORE_VARIABLE] = url
        try:
            yield url
        finally:
            del os.environ[STORE_VARIABLE]


def _measure(folder: Path, engine: str, url: str | None, rounds: int, messages: int) -> dict[str, Any]:
    place = prepare(folder)
    key = Pkcs12Key.load(place.pki.p12("abh1"), place.pki.password)
    maker = RequestMaker(key, many_persons(1))
    loop, *side_by_side = _floors(place, url)
    stages = _stages(place, maker, max(100, messages // 4))
    ratios, floor_cpu, gateway_cpu, floor_rates, rates = [], [], [], [], []
    latencies: list[float] = []
    with running(place) as server:
        _post(place, maker.take(100))
        loop.run(maker.take(50))
        for number in range(rounds):
            _progress(engine, number, rounds)
            floor = loop.run(maker.take(messages))
            before = cpu_seconds(server.pid)
            load = _post(place, maker.take(messages))
            spent = (cpu_seconds(server.pid) - before) / messages
            floor_cpu.append(floor.cpu / floor.messages)
            gateway_cpu.append(spent)
            ratios.append(spent / floor_cpu[-1])
            rates.append(messages / load.wall)
            latencies.extend(load.latencies)
            floor_rates.append(_floor_rate(side_by_side, [maker.take(messages // 2) for _ in range(WORKERS)]))
    ordered = sorted(latencies)
    return {
        "cpu_ratio": round(statistics.median(ratios), 2),
        "rps_2_workers": round(statistics.median(rates)),
        "floor_rps": round(statistics.median(floor_rates)),
        "cpu_us_per_report": round(statistics.median(gateway_cpu) * 1e6),
        "floor_cpu_us_per_report": round(statistics.median(floor_cpu) * 1e6),
        "latency_ms": {
            name: round(ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000, 1)
            for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
        },
        "stages_us": stages,
    }


def _floors(place: Place, url: str | None) -> list[BareLoop]:
    """One bare loop for this process and one for each worker's counterpart, all on one bare database."""
    schema = etree.XMLSchema(etree.parse(str(xauslaender_xsd())))
    private = _rsa_key(place)

    def commit() -> Commit:
        if url is None:
            return sqlite_commit(place.folder / "floor.sqlite")
        return postgresql_commit(url.replace("postgresql+psycopg://", "postgresql://"))

    return [BareLoop(schema, private, ANSWER, commit) for _ in range(1 + WORKERS)]


def _rsa_key(place: Place) -> rsa.RSAPrivateKey:
    """The gateway's own key, bare."""
    private, _, _ = pkcs12.load_key_and_certificates(
        place.pki.p12("gateway").read_bytes(), place.pki.password.encode()
    )
    if not isinstance(private, rsa.RSAPrivateKey):
        raise TypeError("the demo gateway signs with RSA")
    return private


def _stages(place: Place, maker: RequestMaker, count: int) -> dict[str, float]:
    config = load_config(place.config)
    key = load_signing_key(config)
    core = build_core(config, key)
    try:
        return stage_times(core, key, maker.take(count))
    finally:
        core.store.close()


def _post(place: Place, requests: list[bytes]) -> Any:
    load = drive("127.0.0.1", place.port, "/soap", requests, CONNECTIONS)
    if set(load.statuses) != {200}:
        raise RuntimeError(f"not every report was answered: HTTP statuses {load.statuses}")
    return load


def _floor_rate(loops: list[BareLoop], shares: list[list[bytes]]) -> float:
    """Messages a second of the bare loops side by side, one process each."""
    context = multiprocessing.get_context("fork")
    results: multiprocessing.SimpleQueue[FloorResult] = context.SimpleQueue()
    processes = [
        context.Process(target=lambda loop=loop, share=share: results.put(loop.run(share)))
        for loop, share in zip(loops, shares, strict=True)
    ]
    for process in processes:
        process.start()
    done = [results.get() for _ in processes]
    for process in processes:
        process.join()
    return sum(result.messages for result in done) / max(result.wall for result in done)


def _progress(engine: str, number: int, rounds: int) -> None:
    say(f"{engine}: round {number + 1} of {rounds}")


def _table(engines: dict[str, Any]) -> None:
    say(f"\n{'':28}" + "".join(f"{engine:>14}" for engine in engines))
    rows: list[tuple[str, list[Any]]] = [
        (name, [figures[key] for figures in engines.values()])
        for name, key in (
            ("CPU ratio to the floor", "cpu_ratio"),
            ("CPU µs per report", "cpu_us_per_report"),
            ("CPU µs, floor", "floor_cpu_us_per_report"),
            ("reports/s, 2 workers", "rps_2_workers"),
            ("messages/s, floor, 2 proc.", "floor_rps"),
        )
    ]
    for group, unit in (("latency_ms", "ms"), ("stages_us", "µs")):
        for name in next(iter(engines.values()))[group]:
            rows.append((f"{name} {unit}", [figures[group][name] for figures in engines.values()]))
    for name, values in rows:
        say(f"{name:28}" + "".join(f"{value:>14}" for value in values))


if __name__ == "__main__":
    sys.exit(main())
