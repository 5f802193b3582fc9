"""The commands for the acceptance store, on a gateway's configuration."""

from pathlib import Path
from typing import Any

import pytest

from adapters.cli.opening import opened_workshop
from adapters.config import load_config
from adapters.server_acceptance import build_acceptance
from adapters.server_batch import Away, build_batch_door
from adapters.server_core import build_validator
from fixtures.resettlers import records
from gateway.batch.taking import Opened, Taken
from gateway.senders import Senders
from tests.support.batch import ROUTE
from tests.support.batch_http import Office, prepared_for_deliveries, records_file
from tests.support.cli import Ran, inge
from tests.support.outage import store_away
from tests.support.server import Gateway
from tests.support.stores import fresh_sqlite


@pytest.fixture
def gateway(tmp_path: Path, sqlite_template: Path) -> Gateway:
    sections: dict[str, dict[str, Any]] = {"acceptance": {"url": "sqlite:///acceptance.db"}}
    made = prepared_for_deliveries(tmp_path, fresh_sqlite(tmp_path, sqlite_template), **sections)
    made.write_configuration()
    return made


def keep(gateway: Gateway, file: Path, number: int) -> None:
    """Accept a delivery as the server does, with the core store away."""
    config = load_config(gateway.config)
    manifest = Office(gateway).manifest(file, number)
    with opened_workshop(config) as workshop:
        tools = workshop.tools
        acceptance = build_acceptance(config, workshop.key, tools.settings, workshop.store, tools.real_clock)
        assert acceptance is not None
        validator = build_validator(config)
        away = Away(acceptance.kept, acceptance.senders(validator, tools.settings, tools.real_clock))
        senders = Senders(validator=validator, parties=tools.parties, settings=tools.settings)
        door = build_batch_door(config, workshop, senders, away=away)
        with store_away(gateway.store_url, None), file.open("rb") as opened_file:
            opened = door.taking.open(manifest, ROUTE)
            assert isinstance(opened, Opened)
            assert isinstance(door.taking.take(opened, opened_file), Taken)
        acceptance.kept.close()


def test_operators_see_what_waits_and_drain_it(gateway: Gateway, tmp_path: Path) -> None:
    def acceptance(command: str, *arguments: str) -> Ran:
        return inge("acceptance", command, *arguments, "--config", gateway.config)

    assert acceptance("show").code == 1
    assert "`inge acceptance migrate` makes a new one" in acceptance("show").err
    for _ in range(2):
        assert acceptance("migrate", "--json").json == {"revision": 2}
    before = acceptance("show")
    assert (before.code, "not believed: there is no copy" in before.out) == (1, True)
    worker = ("worker", "--once", "--json", "--config", gateway.config)
    assert inge(*worker).json == {}
    assert (acceptance("show").code, acceptance("show", "--json").json["deliveries"]) == (0, [])

    file = records_file(tmp_path / "records.xml", records(1, 2))
    keep(gateway, file, 1)
    shown = acceptance("show")
    assert shown.code == 1
    assert "dbs:000200  1/1" in shown.out
    assert acceptance("drain", "--json").json == {"drained": 1, "is_waiting": False}
    assert acceptance("show").code == 0
    (drained,) = acceptance("show", "--all", "--json").json["deliveries"]
    assert (drained["state"], drained["number"], drained["records"]) == ("DRAINED", 1, 2)

    keep(gateway, file, 2)
    assert inge(*worker).json["done"] >= 2
    assert acceptance("show", "--json").json["counts"] == {"DRAINED": 2}


def test_where_none_is_configured_the_commands_say_so(gateway: Gateway) -> None:
    del gateway.settings["acceptance"]
    gateway.write_configuration()
    for command in ("show", "drain", "migrate"):
        ran = inge("acceptance", command, "--config", gateway.config)
        assert (ran.code, "[acceptance] url" in ran.err) == (1, True)


def test_the_core_store_is_not_its_own_acceptance_store(gateway: Gateway) -> None:
    gateway.settings["acceptance"]["url"] = gateway.store_url
    gateway.write_configuration()
    ran = inge("config", "check", "--config", gateway.config)
    assert (ran.code, "acceptance.url" in ran.out + ran.err) == (1, True)


def test_a_cap_that_nothing_fits_under_is_found_by_the_check(gateway: Gateway) -> None:
    gateway.settings["acceptance"]["max_bytes"] = 1000
    gateway.settings["acceptance"]["free_bytes"] = -1
    gateway.write_configuration()
    ran = inge("config", "check", "--config", gateway.config)
    said = ran.out + ran.err
    assert (ran.code, "acceptance.max_bytes" in said, "acceptance.free_bytes" in said) == (1, True, True)
