"""Numbers of deliveries at the edge of what a contract and a store can hold, on both engines."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from fixtures.resettlers import records
from gateway.results import Refusal
from messages import bva
from messages.bva import LARGEST_NUMBER, Lieferfolge
from messages.errors import GatewayError
from store.engine import Store
from tests.support.away import AwayCore, furnished, numbered
from tests.support.batch_http import prepared_for_deliveries, records_file
from tests.support.cli import inge
from tests.support.given import BVA
from tests.support.outage import store_away
from tests.support.stores import fresh_sqlite, open_test_store

COUNT = 2
ROOT = "/bva:BVABAMF.Lieferschein.200001/bva:lieferung"
TOO_LARGE = {
    Lieferfolge(LARGEST_NUMBER + 1, 1, True): f"{ROOT}/bva:laufende.nummer.der.lieferung",
    Lieferfolge(2**63, 1, True): f"{ROOT}/bva:laufende.nummer.der.lieferung",
    Lieferfolge(10**40, 1, True): f"{ROOT}/bva:laufende.nummer.der.lieferung",
    Lieferfolge(1, LARGEST_NUMBER + 1, True): f"{ROOT}/bva:paketnummer",
    Lieferfolge(1, 2**31, True): f"{ROOT}/bva:paketnummer",
}


@pytest.fixture
def file(tmp_path: Path) -> bytes:
    return records_file(tmp_path / "records.xml", records(3, COUNT)).read_bytes()


def refused(core: AwayCore, file: bytes, place: Lieferfolge) -> tuple[str, str | None]:
    refusal = core.handed_in(numbered(core, file, COUNT, 1, lieferung=place), file)
    assert isinstance(refusal, Refusal), refusal
    return refusal.error.code, refusal.error.path


def test_a_number_that_no_contract_allows_is_told_with_its_place(
    store: Store, tmp_path: Path, file: bytes
) -> None:
    core = furnished(store, tmp_path)
    for place, path in TOO_LARGE.items():
        assert refused(core, file, place) == ("X001", path), place
    largest = Lieferfolge(LARGEST_NUMBER, LARGEST_NUMBER, True)
    assert refused(core, file, largest) == ("S999.delivery-gap", None)
    core.kept.close()


def test_so_it_is_while_the_core_store_is_away(
    tmp_path: Path, sqlite_template: Path, acceptance_url: str, file: bytes
) -> None:
    url = fresh_sqlite(tmp_path, sqlite_template)
    core = furnished(open_test_store(url), tmp_path, acceptance_url=acceptance_url)
    with store_away(url, None):
        for place, path in TOO_LARGE.items():
            assert refused(core, file, place) == ("X001", path), place
        assert core.kept.listed() == []
        # The largest that is allowed fits, also behind what waits.
        for number in (1, LARGEST_NUMBER):
            core.accepted(numbered(core, file, COUNT, number), file)
        largest = Lieferfolge(LARGEST_NUMBER, LARGEST_NUMBER, True)
        core.accepted(numbered(core, file, COUNT, 1, lieferung=largest), file)
    core.kept.close()
    core.store.close()


@pytest.mark.parametrize("number", [0, -1, LARGEST_NUMBER + 1, 2**63])
@pytest.mark.parametrize("element", ["laufende.nummer.der.lieferung", "paketnummer"])
def test_no_such_number_is_read_whatever_the_contract_says(
    store: Store, tmp_path: Path, element: str, number: int
) -> None:
    """A further version of the contract could forget the bound; what the stores can hold stays the same."""
    core = furnished(store, tmp_path)
    core.kept.close()
    manifest = core.manifest(b"", COUNT)
    changed = bva.write(manifest).replace(f"{element}>1<".encode(), f"{element}>{number}<".encode())
    assert changed != bva.write(manifest)
    with pytest.raises(GatewayError) as caught:
        bva.parse(etree.fromstring(changed))
    assert caught.value.code == "X001"
    assert str(caught.value.path).endswith(f"/bva:{element}")


def test_an_operator_cannot_ask_for_one(tmp_path: Path, sqlite_template: Path) -> None:
    gateway = prepared_for_deliveries(tmp_path, fresh_sqlite(tmp_path, sqlite_template))
    gateway.write_configuration()

    def expect(*place: int) -> int:
        operator = ("--as", "operator", "--config", str(gateway.config))
        return inge("batch", "expect", BVA.kennung, *map(str, place), *operator).code

    assert [expect(LARGEST_NUMBER + 1), expect(1, LARGEST_NUMBER + 1), expect(2**63)] == [2, 2, 2]
    assert expect(LARGEST_NUMBER, LARGEST_NUMBER) == 0
