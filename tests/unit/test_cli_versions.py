"""The commands about versions: what is served, who is confirmed, who still writes in the old one."""

from pathlib import Path
from typing import Any

import pytest
from lxml import etree

import fixtures.persons as persons
from adapters.cli.console import REFUSED, USAGE
from fixtures.standards import FOLDER
from messages.registry import in_version
from store.engine import Store
from store.senders import senders_since
from tests.support.cli import inge, lay_out
from tests.support.core import ABH1, ABH2, NOW, new_uuid
from tests.support.furnishing import furnish
from tests.support.pki import shared_pki
from tests.support.versions import BOTH, NEW, OLD, confirm, gateway, versions

KENNUNG = "azr:090001"
SERVED = f"""
[schemas]
versions = ["{FOLDER}"]

[schemas.served."XAusländer 26.11"]
served_until = 2027-07-31

[schemas.served."XAusländer 27.05"]
served_from = 2026-11-01
"""


def configured(folder: Path, more: str) -> Path:
    path = lay_out(folder, shared_pki())
    path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")
    return path


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The configuration of a migrated gateway with one party that serves two versions."""
    path = configured(tmp_path, SERVED)
    assert inge("migrate", "--config", path).code == 0
    certificate = shared_pki().directory / "abh1.crt.pem"
    add = ("party", "add", KENNUNG, "--name", "ABH", "--certificate", certificate, "--config", path)
    assert inge(*add).code == 0
    return path


def told(config: Path) -> dict[str, dict[str, Any]]:
    return {each["version"]: each for each in inge("versions", "--config", config, "--json").json}


def test_what_is_served_until_when_and_for_whom(config: Path) -> None:
    assert inge("config", "check", "--config", config, "--json").json["problems"] == []
    found = told(config)
    old, new = found["XAusländer 26.11"], found["XAusländer 27.05"]
    assert (old["from"], old["until"], old["confirmed"]) == ("2026-11-01", "2027-07-31", 1)
    assert (new["from"], new["until"], new["confirmed"]) == ("2026-11-01", None, 0)
    assert old["senders"] == []
    assert "XAusländer 27.05" in inge("versions", "--config", config).out


def test_a_party_is_confirmed_and_no_longer(config: Path) -> None:
    ran = inge("party", "confirm", KENNUNG, "27.05", "--config", config)
    assert ran.out == f"{KENNUNG} is confirmed for XAusländer 26.11, XAusländer 27.05\n"
    assert told(config)["XAusländer 27.05"]["confirmed"] == 1
    shown = inge("party", "show", KENNUNG, "--config", config, "--json").json
    assert shown["versions"] == ["XAusländer 26.11", "XAusländer 27.05"]
    # Other changes of the party leave that alone.
    assert inge("party", "set", KENNUNG, "--name", "Anders", "--config", config).code == 0
    gone = ("party", "confirm", KENNUNG, "XAusländer 26.11", "--withdraw", "--config", config, "--json")
    assert inge(*gone).json["versions"] == ["XAusländer 27.05"]


@pytest.mark.parametrize(
    ("kennung", "version", "said"),
    [
        (KENNUNG, "28.11", "no version '28.11'; these are known: XAusländer 26.11, XAusländer 27.05"),
        ("azr:000000", "27.05", "no party azr:000000"),
    ],
)
def test_what_cannot_be_confirmed(kennung: str, version: str, said: str, config: Path) -> None:
    ran = inge("party", "confirm", kennung, version, "--config", config)
    assert ran.code == REFUSED
    assert said in ran.err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('[schemas]\nversions = ["nowhere"]\n', "No such file"),
        (SERVED.replace("27.05", "28.05"), "'XAusländer 28.05' is no version that is there"),
        (SERVED + 'until = "soon"\n', "schemas.served"),
        (SERVED.replace("2026-11-01", "2028-11-01") + "served_until = 2028-10-31\n", "end before it begins"),
    ],
)
def test_a_start_is_refused_in_words(more: str, said: str, tmp_path: Path) -> None:
    ran = inge("config", "check", "--config", configured(tmp_path, more))
    assert ran.code == REFUSED
    assert said in ran.out


def test_a_nonsense_name_stops_the_start_in_words(tmp_path: Path) -> None:
    folder = tmp_path / "version"
    folder.mkdir()
    for file in FOLDER.iterdir():
        text = file.read_text("utf-8").replace("../../../schemas/", f"{FOLDER.parents[2]}/schemas/")
        (folder / file.name).write_text(text.replace("[renamed]", '[renamed]\n"A.b" = "c"'), "utf-8")
    ran = inge("config", "check", "--config", configured(tmp_path, f'\n[schemas]\nversions = ["{folder}"]\n'))
    assert ran.code == REFUSED
    assert "XAusländer 27.05" in ran.out
    assert "[renamed] names A.b, which is no element of a message" in ran.out


def test_who_still_writes_in_the_old_version(store: Store) -> None:
    furnish(store, shared_pki())
    confirm(store, OLD, NEW)
    core = gateway(store, BOTH)
    for person, agency, holder, version in (
        (persons.LEYLA, ABH1, "abh1", OLD),
        (persons.THI, ABH1, "abh1", NEW),
        (persons.LEYLA, ABH2, "abh2", NEW),
    ):
        message = in_version(persons.entitlement(agency, new_uuid(), NOW, person), version)
        core.deliver(message, holder)
        core.deliver(message, holder)
        core.clock.advance(hours=1)
    with store.read() as reader:
        found = senders_since(reader, NOW)
        later = senders_since(reader, core.clock.now())
    assert [(each.version, each.party_id, each.messages) for each in found] == [
        ("XAusländer 27.05", ABH2.kennung, 1),
        ("XAusländer 27.05", ABH1.kennung, 1),
        ("XAusländer 26.11", ABH1.kennung, 1),
    ]
    assert found[-1].last == NOW
    assert later == []


def _message(folder: Path) -> Path:
    path = folder / "message.xml"
    message = in_version(persons.entitlement(ABH1, new_uuid(), NOW), NEW)
    path.write_bytes(etree.tostring(versions().build(message)))
    return path


def test_a_document_of_a_further_version_is_checked_where_its_folder_is_named(tmp_path: Path) -> None:
    file = _message(tmp_path)
    codes = [each["code"] for each in inge("check", file, "--day", "2027-05-03", "--json").json["findings"]]
    assert codes == ["X001.unknown-root"]
    assert inge("check", file, "--day", "2027-05-03", "--versions", FOLDER).code == 0
    early = inge("check", file, "--day", "2027-04-30", "--versions", FOLDER, "--json").json
    assert [each["code"] for each in early["findings"]] == ["V000"]
    assert inge("schemas", "list", "--versions", tmp_path).code == USAGE
    listed = inge("schemas", "list", "--versions", FOLDER, "--json").json
    assert {each["version"] for each in listed} >= {OLD, NEW}
