"""`inge connect` as the central office uses it, with two gateways laid out in two folders."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from lxml import html

from adapters.cli.console import REFUSED, USAGE
from adapters.cli.opening import opened_store
from adapters.config import load_config
from adapters.testkit.documents import PRODUCER, PRODUCT
from fixtures.persons import BAMF
from gateway.clock import SystemClock
from tests.support.cli import Ran, inge, lay_out
from tests.support.connecting import changed_surname, obligation, report, somebody, uuid_of, written
from tests.support.core import ABH1
from tests.support.door import DoorCore
from tests.support.pki import shared_pki

CERTIFICATES = shared_pki().directory


@dataclass(frozen=True)
class Offices:
    """The configuration files of a test gateway and a productive one."""

    test: Path
    productive: Path

    def here(self, *words: str | Path, actor: str | None = "m.muster") -> Ran:
        """Run a command of `inge connect` in the test environment."""
        return inge("connect", *words, *(("--as", actor) if actor else ()), "--config", self.test)

    def there(self, *words: str | Path, actor: str | None = "b.betrieb") -> Ran:
        """Run one in the productive environment."""
        return inge("connect", *words, *(("--as", actor) if actor else ()), "--config", self.productive)


@pytest.fixture
def offices(tmp_path: Path, sqlite_template: Path) -> Offices:
    folders = [tmp_path / name for name in ("test", "productive")]
    for folder in folders:
        folder.mkdir()
    made = Offices(*(lay_out(folder, shared_pki()) for folder in folders))
    text = made.productive.read_text("utf-8").replace('name = "test"', 'name = "productive"')
    trusted = CERTIFICATES / "gateway.crt.pem"
    made.productive.write_text(f'{text}\n[connect]\nconfirmed_by = ["{trusted}"]\n', "utf-8")
    certificate = CERTIFICATES / "abh1.crt.pem"
    for config in (made.test, made.productive):
        shutil.copyfile(sqlite_template, config.parent / "store" / "inge.sqlite")
        words = ("party", "add", ABH1.kennung, "--name", ABH1.name, "--certificate", certificate)
        assert inge(*words, "--config", config).code == 0
    return made


@contextmanager
def door(config: Path) -> Iterator[DoorCore]:
    """A gateway on the store of a configuration, behind its door."""
    loaded = load_config(config)
    with opened_store(loaded) as store:
        yield DoorCore(store, shared_pki(), SystemClock(), environment=loaded.environment.name)


def opened(offices: Offices) -> str:
    """The id of a procedure for 070001 with the product of the fixtures."""
    names = ("--maker", PRODUCER, "--name", PRODUCT, "--version", "1.0")
    product = str(offices.here("product", "register", *names, "--json").json["id"])
    refused = offices.here(
        "open", ABH1.kennung, "--product", product, "--type", "070001", "--standard", "26.11"
    )
    assert (refused.code, "product accept" in refused.err) == (REFUSED, True)
    assert offices.here("product", "accept", product, "--reason", "tested").code == 0
    words = ("open", ABH1.kennung, "--product", product, "--type", "070001", "--standard", "26.11", "--json")
    ran = offices.here(*words)
    assert ran.code == 0, ran.err
    return str(ran.json["id"])


def test_from_the_product_to_production(offices: Offices, tmp_path: Path) -> None:
    procedure = opened(offices)
    sent: Any = changed_surname(report(), "Müller")
    wrong = written(tmp_path / "wrong", changed_surname(sent, "Müller <b>\u00a0"))
    (listed,) = offices.here("list", "--json", actor=None).json
    assert (listed["id"], listed["idle_days"]) == (int(procedure), 0)
    assert (date.fromisoformat(listed["ends_on"]) - date.fromisoformat(listed["idle_since"][:10])).days >= 180
    assert listed["ends_on"] in offices.here("list", actor=None).out
    assert "files taken in as given separately: 1" in offices.here("supply", procedure, wrong).out
    with door(offices.test) as gateway:
        gateway.deliver(sent)
    page = tmp_path / "report.html"
    ran = offices.here("compare", procedure, "--html", page)
    assert ran.code == REFUSED
    assert '      given separately: "Müller <b>\\u00a0"\n      sent:             "Müller"' in ran.out
    assert "/personalien/nachname/name" in ran.out
    assert offices.here("report", procedure, actor=None).out == ran.out
    read = html.fromstring(page.read_text("utf-8"))
    assert (read.get("lang"), page.stat().st_mode & 0o777) == ("de", 0o600)
    assert "nicht gleich" in str(read.findtext(".//p[@role='status']"))
    cells = ["".join(map(str, cell.itertext())) for cell in read.findall(".//section//tbody//td")]
    assert cells == ["Müller <b>\\u00a0", "Müller", ""]
    assert all(each.get("scope") in ("col", "row") for each in read.iter("th"))
    assert [each.tag for each in read.iter("script", "link", "img")] == []
    refused = offices.here("confirm", procedure)
    assert refused.code == REFUSED
    assert "COMPARED_DIFFERENT" in refused.err
    assert offices.here("supply", procedure, written(tmp_path / "right", sent)).code == 0
    assert offices.here("compare", procedure).code == 0
    confirmed = offices.here("confirm", procedure, "--import-days", "7", "--json", actor="k.leitung")
    uuid = confirmed.json["confirmation"]
    file = tmp_path / "confirmation.xml"
    refused = offices.here("export", procedure, "--out", file, "--for", "dbs:091234567")
    assert (refused.code, "[connect] confirms_for" in refused.err) == (REFUSED, True)
    assert offices.here("export", procedure, "--out", file, "--for", BAMF.kennung).code == 0
    shown = offices.here("show", procedure, "--json", actor=None).json
    assert [(step["step"], step["actor"]) for step in shown["history"]][-2:] == [
        ("confirm", "k.leitung"),
        ("export", "m.muster"),
    ]
    assert offices.here("show", uuid, "--json", actor=None).json["history"] == shown["history"]
    assert "k.leitung" in offices.here("show", procedure, actor=None).out
    assert "CONFIRMED" in offices.here("list", actor=None).out
    assert offices.here("show", procedure, "--json", actor=None).json["ends_on"] is None

    with door(offices.productive) as gateway:
        assert gateway.refused(report(test=None)).code == "T070.type-not-allowed"
    ran = offices.there("import", file)
    assert ran.out == f"{ABH1.kennung} may send 070001 in XAusländer 26.11 by {uuid}\n"
    with door(offices.productive) as gateway:
        assert gateway.deliver(report(somebody(), test=None)).message_type == "070003"
        assert gateway.refused(obligation(test=None)).code == "T070.type-not-allowed"
    assert uuid in offices.there("granted", ABH1.kennung, actor=None).out
    assert offices.there("import", file).code == REFUSED
    assert offices.there("withdraw", uuid, "--reason", "misuse").code == 0
    shown = offices.there("show", uuid, "--json", actor=None).json
    assert [(step["after"], step["actor"], step["reason"]) for step in shown["history"]] == [
        ("PRODUCTIVE", "b.betrieb", ""),
        ("WITHDRAWN", "b.betrieb", "misuse"),
    ]
    assert offices.there("granted", "--json", actor=None).json == []


def test_nothing_else_gives_a_productive_permission(offices: Offices) -> None:
    config = ("--config", offices.productive)
    shown = inge("party", "show", ABH1.kennung, *config, "--json").json
    assert (shown["allowed"], shown["versions"], shown["connected"]) == ([], [], [])
    certificate = CERTIFICATES / "abh2.crt.pem"
    words = ("--name", "x", "--certificate", certificate, "--allow", "070001")
    for command in (
        ("party", "add", "azr:090002", *words),
        ("party", "set", ABH1.kennung, "--allow", "070001"),
        ("party", "confirm", ABH1.kennung, "26.11"),
    ):
        ran = inge(*command, *config)
        assert ran.code == REFUSED
        assert "`inge connect import` here" in ran.err
    assert len(inge("party", "list", *config, "--json").json) == 1
    # What takes permission away needs none.
    assert inge("party", "confirm", ABH1.kennung, "26.11", "--withdraw", *config).code == 0
    assert inge("party", "set", ABH1.kennung, "--name", "Anders", *config).code == 0


def test_what_the_commands_refuse(offices: Offices, tmp_path: Path) -> None:
    procedure = opened(offices)
    (tmp_path / "bad.xml").write_text("<a", "utf-8")
    ran = offices.here("supply", procedure, tmp_path / "bad.xml")
    assert (ran.code, ran.out.startswith("bad.xml:")) == (REFUSED, True)
    assert offices.here("supply", procedure, tmp_path / "nowhere").code == USAGE
    assert offices.here("scope", procedure).code == USAGE
    assert offices.here("scope", procedure, "--add", "070008").code == USAGE
    assert "070008 in XAusländer 26.11" in offices.here("scope", procedure, "--add", "070008@26.11").out
    for words in (
        ("--type", "070003", "--standard", "26.11"),
        ("--type", "070001", "--standard", "99.11"),
        ("--type", "070001", "--standard", "26.11", "--standard", "99.11"),
    ):
        assert offices.here("open", ABH1.kennung, "--product", "1", *words).code == USAGE
    assert "nothing was compared yet" in offices.here("report", procedure, actor=None).err
    assert "is not confirmed" in offices.here("export", procedure, "--out", tmp_path / "x").err
    assert "sent no message" in offices.here("leave-out", procedure, uuid_of(report()), "--reason", "x").err
    assert "there is no procedure 17" in offices.here("compare", "17").err
    too_large = str(2**63)
    assert offices.here("compare", too_large).code == USAGE
    assert offices.here("product", "accept", too_large).code == USAGE
    assert f"no procedure {too_large}" in offices.here("show", too_large, actor=None).err
    assert f"no procedure {too_large}" in offices.here("withdraw", too_large, "--reason", "x").err
    assert "done in the productive environment" in offices.here("import", tmp_path / "bad.xml").err
    assert "no confirmation to be believed" in offices.there("import", tmp_path / "bad.xml").err
    assert "done in the test environment" in offices.there("product", "accept", "1").err
    ran = offices.here("withdraw", procedure, "--reason", "not wanted")
    assert ran.out == f"procedure {procedure} is over\n"
    configured = offices.productive.read_text("utf-8").replace("gateway.crt.pem", "nothing.pem")
    offices.productive.write_text(configured, "utf-8")
    assert "connect.confirmed_by" in inge("config", "check", "--config", offices.productive).out
