"""Changing a party while a confirmation of it is imported."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from store.confirmations import grant, lock_party_row
from store.parties import add_party, show_party
from store.records import PartyRecord
from tests.support.cli import inge
from tests.support.connecting import ENTITLEMENT, STANDARD
from tests.support.core import NOW
from tests.support.server import prepared
from tests.support.stores import open_test_store

KENNUNG = "azr:090077"


@pytest.mark.parametrize(
    "words", [("set", KENNUNG, "--name", "Neu"), ("confirm", KENNUNG, "26.11", "--withdraw")]
)
def test_a_change_of_a_party_keeps_what_is_imported_meanwhile(
    words: tuple[str, ...], store_url: str, tmp_path: Path
) -> None:
    gateway = prepared(tmp_path, store_url)
    gateway.settings["environment"]["name"] = "productive"
    gateway.write_configuration()
    store = open_test_store(store_url)
    party = PartyRecord(
        kennung=KENNUNG, name="Alt", environment="productive", agency_type="ABH", allowed_types=frozenset()
    )
    with store.write() as connection:
        add_party(connection, party, NOW)
    with ThreadPoolExecutor(1) as pool:
        with store.write() as connection:
            lock_party_row(connection, KENNUNG)
            grant(connection, KENNUNG, [ENTITLEMENT], "an import")
            changing = pool.submit(inge, "party", *words, "--config", gateway.config)
            # Long enough for the command to come as far as it can.
            time.sleep(1.5)
        ran = changing.result()
    assert ran.code == 0, ran.err
    with store.write() as connection:
        found = show_party(connection, KENNUNG)
    store.close()
    assert found.allowed_types == {ENTITLEMENT.message_type}
    assert found.versions == (frozenset() if "--withdraw" in words else {STANDARD})
