"""One large delivery: taken in, decided by two workers, gone on with after both were killed, fetched."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from benchmarks.office import NotMeasured, client_of, expect_all_working, tally, workers
from benchmarks.watching import watched, with_children
from fixtures.demo.display import say
from fixtures.demo.place import Place
from fixtures.demo.server import running
from store.deliveries import find_deliveries, progress_of
from store.engine import Store
from store.records_batch import Delivery


def delivered(place: Place, store: Store, file: Path, count: int) -> dict[str, Any]:
    """Deliver the file and have it worked off; its workers are killed in the middle."""
    client = client_of(place)
    begin = time.perf_counter()
    manifest = client.manifest(file, 1)
    surveyed = time.perf_counter() - begin
    with running(place) as server, watched(lambda: with_children(server.pid)) as door:
        door.phase = "take-in"
        begin = time.perf_counter()
        receipt = client.deliver(manifest, file)
        taken = time.perf_counter() - begin
        say(f"taken in with {count / taken:.0f} records/s")
        with store.read() as reader:
            (delivery,) = find_deliveries(reader.connection, receipt.lieferschein_uuid)
        with workers(place) as first:
            before = _work(store, place, delivery, first, until=count // 2)
            for process in first:
                process.kill()
        say(f"{before.rate:.0f} records/s; both workers killed in the middle")
        with workers(place) as second:
            after = _work(store, place, delivery, second, until=count)
            (state,) = client.state(receipt.lieferschein_uuid).lieferungen
            while not state.ergebnisse:
                expect_all_working(second, place)
                time.sleep(0.5)
                (state,) = client.state(receipt.lieferschein_uuid).lieferungen
        door.phase = "result"
        begin = time.perf_counter()
        result = client.fetch(state.ergebnisse[0].ergebnisschein_uuid, place.folder / "results")
        fetched = time.perf_counter() - begin
    told = result.note.anzahl
    found = tally(store)
    whole = found.records == count == sum(astuple(told)) and found.numbers == found.cases == told.angenommen
    return {
        "survey_records_per_second": round(count / surveyed),
        "take_in_records_per_second": round(count / taken),
        "records_per_second": round(before.rate),
        "records_per_second_after_the_crash": round(after.rate),
        "result_records_per_second": round(count / fetched),
        "worker_mib": {name: round(size) for name, size in (before.memory | after.memory).items()},
        "server_mib": {name: round(size) for name, size in door.peaks.items()},
        "accepted": told.angenommen,
        "parked": told.zurueckgestellt,
        "nothing_lost_or_doubled": whole,
    }


@dataclass(frozen=True, slots=True)
class _Worked:
    """Records a second, from the first that was seen to be done, and the workers' MiB at each tenth."""

    rate: float
    memory: dict[str, float]


def _work(
    store: Store,
    place: Place,
    delivery: Delivery,
    processes: Sequence[subprocess.Popen[bytes]],
    until: int,
) -> _Worked:
    """Wait until so many records of a delivery are done. Raises NotMeasured."""
    began = since = None
    with watched(lambda: [process.pid for process in processes]) as memory:
        while True:
            with store.read() as reader:
                done = progress_of(reader.connection, [delivery.id])[delivery.id].records_done
            began = done if began is None else began
            if since is None and done > began:
                # Loading the program is not what is measured.
                since, began = time.perf_counter(), done
            phase = f"{10 * done // delivery.records * 10} %"
            if memory.phase != phase:
                memory.phase = phase
                say(f"  {done} of {delivery.records}")
            if done >= until:
                break
            expect_all_working(processes, place)
            time.sleep(0.5)
    if since is None:
        raise NotMeasured("too few records to measure anything")
    return _Worked((done - began) / (time.perf_counter() - since), memory.peaks)
