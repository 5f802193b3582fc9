"""`inge testkit install`: the agencies of a kit in a test environment, and never in a productive one."""

import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA256

from adapters.cli.console import REFUSED
from adapters.testkit.kit import KIT_FILE, Kit, lay_keys
from adapters.testkit.parties import all_parties
from store.engine import Store
from store.parties import add_party, lock_party, show_party
from store.records import PartyRecord
from tests.support.cli import Ran, inge
from tests.support.core import NOW
from tests.support.server import Gateway, prepared
from tests.support.stores import open_test_store


@pytest.fixture
def gateway(store_url: str, tmp_path: Path) -> Gateway:
    made = prepared(tmp_path, store_url)
    made.write_configuration()
    return made


@pytest.fixture
def opened(store_url: str) -> Iterator[Store]:
    store = open_test_store(store_url)
    yield store
    store.close()


def install(gateway: Gateway, kit: Kit) -> Ran:
    gateway.write_configuration()
    return inge("testkit", "install", kit.folder, "--config", gateway.config, "--json")


def certificates(store: Store, kennung: str) -> set[str]:
    with store.write() as connection:
        return {each.fingerprint for each in show_party(connection, kennung).certificates}


def test_every_agency_may_send_with_its_certificates(gateway: Gateway, kit: Kit, opened: Store) -> None:
    ran = install(gateway, kit)
    assert ran.code == 0, ran.err
    assert ran.json["registered"] == [party.kennung for party in all_parties().values()]
    for party in all_parties().values():
        expected = {kit.pki.certificate(key).fingerprint(SHA256()).hex() for key in party.keys}
        assert certificates(opened, party.kennung) == expected
    with opened.write() as connection:
        assert {"070001", "070022"} <= show_party(connection, "azr:990001").allowed_types
        assert "080001" in show_party(connection, "dbs:990101").allowed_types


def test_what_is_left_to_the_operator_is_told_until_it_is_done(gateway: Gateway, kit: Kit) -> None:
    todo = "\n".join(install(gateway, kit).json["still_to_do"])
    assert str(kit.anchor) in todo
    assert str(kit.revocations) in todo
    trust = gateway.settings["trust"]
    trust["anchors"] = (*trust["anchors"], kit.anchor)
    trust["crls"] = (*trust["crls"], kit.revocations)
    gateway.settings["rules"] = {"notify_replaced": False}
    (left,) = install(gateway, kit).json["still_to_do"]
    assert "notify_replaced" in left


def test_a_kit_made_anew_replaces_the_keys_and_nothing_else(
    gateway: Gateway, kit: Kit, opened: Store, tmp_path: Path
) -> None:
    trust = gateway.settings["trust"]
    trust["crls"] = (*trust["crls"], kit.revocations)
    assert install(gateway, kit).code == 0
    with opened.write() as connection:
        lock_party(connection, "azr:990002", locked=True)
    lay_keys(tmp_path / "anew", datetime.now(UTC))
    shutil.copy(kit.folder / KIT_FILE, tmp_path / "anew")
    anew = Kit.load(tmp_path / "anew")
    ran = install(gateway, anew)
    assert ran.code == 0, ran.err
    # The list of the kit before is by an authority of the same name, and of no use to this one.
    assert str(anew.revocations) in "\n".join(ran.json["still_to_do"])
    assert certificates(opened, "dbs:990101") == {anew.pki.certificate("tgs1").fingerprint(SHA256()).hex()}
    with opened.write() as connection:
        assert show_party(connection, "azr:990002").locked


def test_an_agency_that_is_locked_meanwhile_stays_locked(gateway: Gateway, kit: Kit, opened: Store) -> None:
    assert install(gateway, kit).code == 0
    with ThreadPoolExecutor(1) as pool:
        with opened.write() as connection:
            lock_party(connection, "azr:990002", locked=True)
            installing = pool.submit(install, gateway, kit)
            # Long enough for the command to come as far as it can.
            time.sleep(2)
        assert installing.result().code == 0
    with opened.write() as connection:
        assert show_party(connection, "azr:990002").locked


def test_a_productive_environment_refuses(gateway: Gateway, kit: Kit, opened: Store) -> None:
    gateway.settings["environment"]["name"] = "productive"
    ran = install(gateway, kit)
    assert (ran.code, "productive" in ran.err) == (REFUSED, True)
    with opened.read() as reader:
        assert not {party.kennung for party in all_parties().values()} & {
            each.kennung for each in reader.parties()
        }


def test_no_productive_gateway_starts_that_trusts_a_kit(gateway: Gateway, kit: Kit) -> None:
    trust = gateway.settings["trust"]
    trust["anchors"] = (*trust["anchors"], kit.anchor)
    gateway.write_configuration()
    assert inge("config", "check", "--config", gateway.config).code == 0
    gateway.settings["environment"]["name"] = "productive"
    gateway.write_configuration()
    ran = inge("config", "check", "--config", gateway.config)
    assert (ran.code, "trust.anchors: holds the root of a test kit" in ran.out) == (REFUSED, True)


def test_a_kit_for_another_gateway_is_refused(gateway: Gateway, kit: Kit) -> None:
    gateway.settings["gateway"]["kennung"] = "dbs:000999"
    ran = install(gateway, kit)
    assert ran.code == REFUSED
    assert "--reader dbs:000999" in ran.err


def test_a_kennung_that_is_somebody_elses_is_left_alone(gateway: Gateway, kit: Kit, opened: Store) -> None:
    theirs = PartyRecord(
        kennung="dbs:990102",
        name="Wirkliches Jobcenter",
        environment="test",
        agency_type="TGS",
        allowed_types=frozenset({"080001"}),
    )
    with opened.write() as connection:
        add_party(connection, theirs, NOW)
    ran = install(gateway, kit)
    assert (ran.code, "Wirkliches Jobcenter" in ran.err) == (REFUSED, True)
    with opened.write() as connection:
        assert show_party(connection, "dbs:990102") == theirs
        with pytest.raises(LookupError):
            show_party(connection, "azr:990001")
