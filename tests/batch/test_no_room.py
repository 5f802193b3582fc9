"""An acceptance store that holds as much as it may: who comes then hears so, and nothing else changes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fixtures.resettlers import records
from gateway.batch.accepting import BELIEVED_AWAY
from gateway.batch.draining import Drained
from gateway.batch.taking import Opened
from gateway.results import Refusal
from messages.bva import Eingangszustand
from messages.errors import CATALOGUE
from store.acceptance.migrate import migrate_acceptance
from store.acceptance.records import KeptState, Limits
from tests.support.away import AwayCore, furnished, numbered
from tests.support.batch import ROUTE
from tests.support.batch_http import Office, delivering, records_file, refusal
from tests.support.cli import inge
from tests.support.outage import store_away
from tests.support.stores import fresh_sqlite, open_test_store
from tests.support.waiting import wait_until

COUNT = 300
NO_ROOM = "T200.no-room"


@pytest.fixture
def core(tmp_path: Path, sqlite_template: Path, acceptance_url: str) -> Iterator[AwayCore]:
    """A core whose acceptance store has room for two deliveries of `COUNT` records, and part of a third."""
    store = open_test_store(fresh_sqlite(tmp_path, sqlite_template))
    made = furnished(store, tmp_path, acceptance_url=acceptance_url, limits=Limits(200_000, 0))
    yield made
    made.kept.close()
    store.close()


@pytest.fixture
def file(tmp_path: Path) -> bytes:
    return records_file(tmp_path / "records.xml", records(3, COUNT)).read_bytes()


def test_who_does_not_fit_hears_so_and_fits_when_something_was_drained(core: AwayCore, file: bytes) -> None:
    manifests = [numbered(core, file, COUNT, number) for number in range(1, 20)]
    told = []
    with store_away(str(core.store.engine.url), None):
        for manifest in manifests:
            outcome = core.handed_in(manifest, file)
            if isinstance(outcome, Refusal):
                assert outcome.error.code == NO_ROOM
                break
            told.append(outcome.receipt)
        assert 1 < len(told) < 19
        room = core.kept.room()
        assert 0 < room.taken <= room.limits.at_most
        # Who has a receipt gets it again.
        assert [core.accepted(each, file)[0].receipt for each in manifests[: len(told)]] == told
    assert len(core.kept.listed()) == len(told)
    # The core is back, but what has to go in first is still here: this one would have to wait too.
    assert core.turned_away(manifests[len(told)], file) == NO_ROOM
    assert core.drain() == {Drained.DRAINED: len(told)}
    assert core.kept.room().taken == 0
    assert {each.state for each in core.kept.listed()} == {KeptState.DRAINED}
    taken, receipt = core.accepted(manifests[len(told)], file)
    assert (taken.repeated, receipt.zustand) == (False, Eingangszustand.ACCEPTED)


def test_who_comes_when_nothing_fits_hears_so_before_it_sends_the_file(core: AwayCore, file: bytes) -> None:
    with store_away(str(core.store.engine.url), None):
        core.accepted(numbered(core, file, COUNT, 1), file)
        manifest = numbered(core, file, COUNT, 2)
        assert isinstance(core.taking.open(manifest, ROUTE), Opened)
        core.kept._limits = Limits(core.kept.room().taken, 0)
        refusal = core.taking.open(manifest, ROUTE)
    assert isinstance(refusal, Refusal)
    assert refusal.error.code == NO_ROOM
    assert refusal.party is not None
    entry = CATALOGUE[NO_ROOM]
    assert (entry.retryable, refusal.error.retry_after) == (True, 300)


def test_a_gateway_tells_its_operator_and_its_senders(tmp_path: Path, sqlite_template: Path) -> None:
    url = fresh_sqlite(tmp_path, sqlite_template)
    acceptance: dict[str, Any] = {"url": f"sqlite:///{tmp_path}/acceptance.db", "registry_every_seconds": 0.2}
    migrate_acceptance(acceptance["url"])
    # More than any disk has, so that what lies on it plays no part.
    acceptance["free_bytes"] = 1 << 60
    sections: dict[str, dict[str, Any]] = {"acceptance": acceptance, "http": {"workers": 1}}
    with delivering(tmp_path, url, **sections) as gateway:
        office = Office(gateway)
        file = records_file(tmp_path / "records.xml", records(3, 3))
        manifest = office.next_manifest(file)
        wait_until((tmp_path / "heads.jsonl.registry").exists)
        with store_away(url, None):
            response = office.post([("manifest", manifest), ("records", file.read_bytes())])
            status, fehler, signed = refusal(response)
            assert (status, fehler.code, signed) == (503, NO_ROOM, True)
            assert response.headers["Retry-After"] == "300"
            assert gateway.get("/readyz/batch").status_code == 503
            metrics = gateway.get("/metrics").text
            assert "inge_acceptance_full 1.0" in metrics
            assert "inge_acceptance_bytes 0.0" in metrics
            assert "inge_acceptance_max_bytes 8.589934592e+09" in metrics
            shown = inge("acceptance", "show", "--config", gateway.config)
            assert (shown.code, "its disk is full" in shown.out) == (1, True)
            room = inge("acceptance", "show", "--config", gateway.config, "--json").json["room"]
            assert (room["taken"], room["stay_free"], room["is_full"]) == (0, 1 << 60, True)
            asks_again = time.monotonic() + BELIEVED_AWAY
        # Its limits are none of the core store's.
        wait_until(lambda: time.monotonic() > asks_again)
        wait_until(lambda: gateway.get("/readyz/batch").status_code == 200)
        assert office.deliver(manifest, file).zustand is Eingangszustand.ACCEPTED
