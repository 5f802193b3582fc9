"""Our own server passes the kit: a real gateway, the kit installed, and the command of software makers."""

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.client import Client, GatewayTrust
from adapters.testkit.cases import all_cases
from adapters.testkit.kit import Kit
from adapters.testkit.parties import all_parties
from fixtures import persons
from tests.support.cli import inge
from tests.support.core import new_uuid
from tests.support.desk import lay_out
from tests.support.reference import PROJECT
from tests.support.server import Gateway, live_pki, prepared
from tests.support.stores import open_test_store

COMMAND = (sys.executable, "-c", "from adapters.cli.main import main; main()")


def trusting(kit: Kit) -> dict[str, Any]:
    """What `inge testkit install` tells an operator to add."""
    pki = live_pki()
    return {"anchors": (*pki.anchors, kit.anchor), "crls": (*pki.crls, kit.revocations)}


def run(gateway: Gateway, kit: Kit, cases: int, *arguments: str | Path) -> Any:
    """Run so many cases of the kit in a process of its own; the report."""
    words = ("testkit", "run", gateway.soap, "--kit", kit.folder, "--json", *arguments)
    certificate = str(gateway.pki.directory / "gateway.crt.pem")
    done = subprocess.run(
        [*COMMAND, *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(PROJECT), "INGE_SEND_GATEWAY": certificate},
    )
    report = json.loads(done.stdout)
    wrong = [(result["case"], result["problems"]) for result in report["results"] if result["problems"]]
    assert wrong == [], wrong[:4]
    assert done.returncode == 0, done.stderr
    assert report["ok"] == report["cases"] == cases
    return report


@pytest.fixture
def gateway(store_url: str, kit: Kit, tmp_path: Path) -> Iterator[Gateway]:
    """A gateway at which the kit was installed before it was started."""
    made = prepared(tmp_path, store_url, http={"workers": 1}, trust=trusting(kit))
    made.write_configuration()
    installed = inge("testkit", "install", kit.folder, "--config", made.config, "--json")
    assert installed.json["still_to_do"] == []
    made.start()
    yield made
    made.kill()


def test_every_case_passes_and_passes_again(gateway: Gateway, kit: Kit, tmp_path: Path) -> None:
    run(
        gateway,
        kit,
        len(all_cases()),
        "--batch-url",
        f"{gateway.base}/batch",
        "--junit",
        tmp_path / "report.xml",
    )
    if "sqlite" in gateway.store_url:
        _pile_up(gateway, kit)
        run(gateway, kit, sum(case.group != "deliveries" for case in all_cases()), "--soap", "1.2")
    suite = ElementTree.parse(tmp_path / "report.xml").getroot().find("testsuite")
    assert suite is not None
    counted = (suite.get("tests"), suite.get("failures"), suite.get("skipped"))
    assert counted == (str(len(all_cases())), "0", "0")
    assert len(suite.findall("testcase")) == len(all_cases())


def _pile_up(gateway: Gateway, kit: Kit) -> None:
    """Leave more unconfirmed answers, as of runs long ago, than a gateway hands out at once."""
    author = all_parties()["abh1"].in_header
    report = persons.entitlement(author, new_uuid(), datetime.now(UTC), reader=kit.reader.in_header)
    trust = GatewayTrust([gateway.pki.certificate("gateway")])
    Client(gateway.soap, kit.pki.key("abh1"), trust).send(report)
    store = open_test_store(gateway.store_url)
    lay_out(store, author, [report.rahmen.kopf.nachrichten_uuid] * 60)
    store.close()
