"""What draining does where the core store refuses: a refusal counts once its journal has it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import pytest
from sqlalchemy import text, update

from fixtures.resettlers import records
from gateway import journaling
from gateway.batch.draining import Drained
from store.acceptance.records import KeptState
from store.engine import Store
from store.errors import StoreUnavailable
from store.records import JournalEntry, JournalKind
from store.schema import journal, party
from tests.support.away import AwayCore, furnished, kept_by, numbered
from tests.support.batch_http import records_file
from tests.support.given import BVA
from tests.support.outage import bring_back, take_away

NO_REFUSALS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "sqlite": (
            "CREATE TRIGGER no_refusals BEFORE INSERT ON journal WHEN NEW.kind = 'refused'"
            " BEGIN SELECT RAISE(ABORT, 'no refusals'); END",
        ),
        "postgresql": (
            "CREATE FUNCTION no_refusals() RETURNS trigger LANGUAGE plpgsql"
            " AS 'BEGIN RAISE EXCEPTION ''no refusals''; END'",
            "CREATE TRIGGER no_refusals BEFORE INSERT ON journal FOR EACH ROW"
            " WHEN (NEW.kind = 'refused') EXECUTE FUNCTION no_refusals()",
        ),
    }
)
REFUSALS_AGAIN: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "sqlite": ("DROP TRIGGER no_refusals",),
        "postgresql": ("DROP TRIGGER no_refusals ON journal", "DROP FUNCTION no_refusals()"),
    }
)


@pytest.fixture
def core(store: Store, tmp_path: Path) -> Iterator[AwayCore]:
    made = furnished(store, tmp_path)
    yield made
    made.kept.close()


@pytest.fixture
def refusable(core: AwayCore, tmp_path: Path) -> str:
    """A delivery that was accepted here, whose sender was locked since."""
    file = records_file(tmp_path / "records.xml", records(3, 2)).read_bytes()
    taken = kept_by(core, tmp_path, numbered(core, file, 2, 1), file)
    with core.store.write() as connection:
        connection.execute(update(party).where(party.c.kennung == BVA.kennung).values(locked=True))
    return taken.uuid


def run(store: Store, statements: Mapping[str, tuple[str, ...]]) -> None:
    with store.write() as connection:
        for statement in statements[store.dialect]:
            connection.execute(text(statement))


def refusals(core: AwayCore) -> list[str | None]:
    with core.store.read() as reader:
        found = reader.connection.execute(journal.select().where(journal.c.kind == JournalKind.REFUSED))
        return [row.code for row in found]


def test_a_refusal_that_cannot_be_journaled_is_tried_again(core: AwayCore, refusable: str) -> None:
    run(core.store, NO_REFUSALS)
    assert core.drain() == {Drained.WAITING: 1}
    (waiting,) = core.kept.listed()
    assert waiting.arrived.uuid == refusable
    assert (waiting.state, waiting.code, waiting.attempts) == (KeptState.ACCEPTED, "T200.unexpected", 1)
    run(core.store, REFUSALS_AGAIN)
    assert refusals(core) == []
    core.clock.advance(minutes=1)
    assert core.drain() == {Drained.REFUSED: 1}
    assert refusals(core) == ["T070.party-locked"]


# The cluster is there for all tests.
@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_a_store_that_goes_away_in_between_hears_of_it_again(
    core: AwayCore, refusable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = str(core.store.engine.url)
    refused = journaling.refused

    def away(*arguments: Any, **named: Any) -> JournalEntry:
        take_away(url, None)
        return refused(*arguments, **named)

    with monkeypatch.context() as patched:
        patched.setattr(journaling, "refused", away)
        with pytest.raises(StoreUnavailable):
            core.drain()
    bring_back(url, None)
    (waiting,) = core.kept.listed()
    assert waiting.arrived.uuid == refusable
    assert (waiting.state, waiting.code, waiting.holder) == (KeptState.ACCEPTED, "T200.store-away", None)
    core.clock.advance(seconds=5)
    assert core.drain() == {Drained.REFUSED: 1}
    assert refusals(core) == ["T070.party-locked"]
