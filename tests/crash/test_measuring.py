"""A measurement that lost one of its workers measures nothing, and must say so instead of waiting."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from adapters.cli.opening import opened_store
from adapters.config import load_config
from benchmarks import outage
from benchmarks.office import NotMeasured, workers
from fixtures.demo.place import Place, prepare
from store.acceptance.migrate import migrate_acceptance


def test_an_outage_stops_when_a_worker_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    acceptance = f"sqlite:///{tmp_path}/acceptance.db"
    monkeypatch.setenv("INGE_ACCEPTANCE__URL", acceptance)
    monkeypatch.setenv("INGE_WORK__IN_SERVER", "0")
    migrate_acceptance(acceptance)
    place = prepare(tmp_path, scheduler_seconds=2)

    @contextmanager
    def one_ends(of: Place) -> Iterator[list[subprocess.Popen[bytes]]]:
        with workers(of) as processes:
            processes[1].kill()
            processes[1].wait()
            yield processes

    monkeypatch.setattr(outage, "workers", one_ends)
    with (
        opened_store(load_config(place.config)) as store,
        pytest.raises(NotMeasured, match="worker 2 of 2 ended by itself with -9"),
    ):
        outage.caught_up(place, store, None, minutes=1)
