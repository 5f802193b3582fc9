"""`inge worker` and `inge work`, and what the metrics tell of the rows."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from adapters.cli.console import REFUSED
from adapters.config import load_config
from adapters.observability_metrics import Metrics
from adapters.observability_work import WorkMetrics
from gateway.deferred import handlers as table
from gateway.deferred.base import Workshop
from store.engine import Store
from store.records import JournalEntry, JournalKind
from store.records_work import WorkRow
from store.unit import UnitOfWork
from tests.support.cli import inge, lay_out
from tests.support.core import NOW, StandingClock
from tests.support.pki import shared_pki
from tests.support.reference import PROJECT
from tests.support.stores import open_test_store
from tests.support.waiting import Waiting

KIND = "of-a-test"


class Handler:
    """Fails for odd subjects."""

    def __init__(self, workshop: Workshop) -> None:
        self._store = workshop.store

    def do(self, row: WorkRow) -> None:
        if row.subject is not None and row.subject % 2:
            raise ValueError("Şahin")
        with self._store.unit_of_work() as work:
            work.finish(row)
            work.commit()

    def discard(self, work: UnitOfWork, row: WorkRow, actor: str) -> None:
        work.add_journal(JournalEntry(JournalKind.CLERK, NOW, facts={"work": row.id, "actor": actor}))


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A migrated gateway whose rows are dead after the first attempt."""
    path = lay_out(tmp_path, shared_pki())
    with path.open("a", encoding="utf-8") as file:
        file.write("\n[work]\nattempts = 1\npoll_seconds = 0.05\n")
    assert inge("migrate", "--config", path).code == 0
    monkeypatch.setitem(table._HANDLERS, KIND, Handler)
    # It would bind the loggers of this process to a stream that a test has put away.
    monkeypatch.setattr("adapters.observability_logs.configure_logs", lambda *_: None)
    return path


@pytest.fixture(autouse=True)
def same_signals() -> Iterator[None]:
    """Leave this process to its own handlers of signals."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def enqueue(config: Path, *subjects: int) -> list[int]:
    store = open_test_store(load_config(config).store.url)
    now = datetime.now(UTC)
    with store.unit_of_work() as work:
        ids = [work.enqueue(KIND, now, subject=each, facts={"of": each}) for each in subjects]
        work.commit()
    store.close()
    return ids


def test_a_dead_row_is_found_looked_at_tried_again_and_given_up(config: Path) -> None:
    first, second, third = enqueue(config, 0, 1, 2)
    ran = inge("worker", "--once", "--config", config, "--json")
    assert ran.json == {"done": 2, "dead": 1}, ran.err
    listed = inge("work", "list", "--config", config, "--json").json
    assert [(row["id"], row["state"]) for row in listed["rows"]] == [(second, "DEAD")]
    assert [(each["kind"], each["state"], each["rows"]) for each in listed["counts"]] == [(KIND, "DEAD", 1)]
    assert f"{KIND} DEAD: 1" in inge("work", "list", "--state", "dead", "--config", config).out
    shown = inge("work", "show", str(second), "--config", config)
    assert "last_error: ValueError" in shown.out
    assert "Şahin" not in shown.out + ran.err

    assert inge("work", "retry", str(second), "--config", config).code != 0
    for what in ("retry", "discard"):
        nobody = inge("work", what, str(second), "--as", " ", "--config", config)
        assert (nobody.code, "who acts?" in nobody.err) == (REFUSED, True)
    assert inge("work", "retry", str(second), "--as", "m.muster", "--config", config).code == 0
    assert inge("work", "list", "--state", "ready", "--config", config, "--json").json["rows"] != []
    assert inge("worker", "--once", "--config", config, "--json").json == {"dead": 1}
    ran = inge("work", "discard", str(second), "--as", "m.muster", "--config", config)
    assert "given up" in ran.out
    assert inge("work", "list", "--config", config).out.strip() == "nothing"

    for command in (("show",), ("retry", "--as", "x"), ("discard", "--as", "x")):
        ran = inge("work", command[0], str(first), *command[1:], "--config", config)
        assert ran.code == REFUSED
        assert str(first) in ran.err
    assert third > first


def started_worker(config: Path) -> subprocess.Popen[str]:
    """A worker as an operator starts it."""
    code = "from adapters.cli.main import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", code, "worker", "--config", str(config)],
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_worker_may_start_before_its_store_is_there(config: Path, wait_until: Waiting) -> None:
    file = Path(load_config(config).store.url.removeprefix("sqlite:///"))
    away = file.rename(file.with_name("away.db"))
    process = started_worker(config)
    try:
        assert process.stderr is not None
        assert "the store has no file" in process.stderr.readline()
        away.rename(file)
        wait_until(lambda: str(file) in open_files(process.pid))
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 0


def open_files(pid: int) -> set[str]:
    """The files that a process has open."""
    found = set()
    for each in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found.add(os.readlink(each))
    return found


def test_a_worker_that_is_told_to_stop_ends_in_order(config: Path) -> None:
    process = started_worker(config)
    try:
        # Of a kind that only this test knows; the next release's rows look like this to a worker of today.
        enqueue(config, 0)
        while not catches_sigterm(process.pid):
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert (process.returncode, err) == (0, "")
    (row,) = inge("work", "list", "--config", config, "--json").json["rows"]
    assert (row["state"], row["attempts"]) == ("READY", 0)


def catches_sigterm(pid: int) -> bool:
    """Tell whether a process handles it by now."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    mask = int(next(line for line in status.splitlines() if line.startswith("SigCgt")).split()[1], 16)
    return bool(mask >> (signal.SIGTERM - 1) & 1)


def test_metrics_tell_what_is_dead_and_how_long_the_oldest_row_waits(store: Store) -> None:
    with store.unit_of_work() as work:
        for wait in (5, 40):
            work.enqueue(KIND, NOW - timedelta(seconds=wait))
        work.commit()
    with store.unit_of_work() as work:
        row = work.take_work([KIND], "a", now=NOW, lease_until=NOW, attempts=1)
        assert row is not None
        work.fail_work(row, code="x", place="y", retry_at=None)
        work.commit()
    told = samples(Metrics([WorkMetrics(store, StandingClock())]))
    assert told["inge_work_rows", KIND, "DEAD"] == 1
    assert told["inge_work_rows", KIND, "READY"] == 1
    assert told["inge_work_oldest_seconds", KIND, "READY"] == 5
    # An alarm needs a nought, not nothing.
    for kind in table.KINDS:
        assert told["inge_work_rows", kind, "DEAD"] == 0


def test_metrics_are_told_while_the_store_is_away(tmp_path: Path) -> None:
    away = open_test_store(f"sqlite:///{tmp_path}/none.db")
    metrics = Metrics([WorkMetrics(away, StandingClock())])
    metrics.busy.labels("soap").inc()
    assert b'inge_busy_total{door="soap"} 1.0' in metrics.exposition()
    assert samples(metrics) == {}


def samples(metrics: Metrics) -> dict[tuple[str, str, str], float]:
    return {
        (sample.name, sample.labels["kind"], sample.labels["state"]): sample.value
        for family in text_string_to_metric_families(metrics.exposition().decode())
        for sample in family.samples
        if sample.name.startswith("inge_work_")
    }
