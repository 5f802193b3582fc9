"""Two versions of the standard from a gateway in its own process: clients, the announcement, `inge send`."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from lxml import etree

from adapters.client import Refused
from fixtures.standards import FOLDER
from messages.group07 import Akzeptanz070003
from messages.registry import in_version
from messages.versionsende import Versionsende
from tests.door.test_messages import somebody
from tests.support.cli import inge
from tests.support.core import ABH1
from tests.support.server import Gateway, octets, prepared
from tests.support.stores import open_test_store
from tests.support.versions import NAMESPACE, NEW, OLD, confirm, versions

LAST = datetime.now(ZoneInfo("Europe/Berlin")).date() + timedelta(days=10)
SCHEMAS = {
    "versions": [FOLDER],
    "served": {
        "XAusländer 26.11": {"served_until": LAST},
        "XAusländer 27.05": {"served_from": LAST - timedelta(days=20)},
    },
}
ENDING = Versionsende("XAusländer", OLD, LAST, (NEW,))


@pytest.fixture
def gateway(tmp_path: Path, sqlite_url: str) -> Iterator[Gateway]:
    gateway = prepared(tmp_path, sqlite_url, schemas=SCHEMAS)
    confirmed(gateway, OLD, NEW)
    gateway.start()
    try:
        yield gateway
    finally:
        gateway.stop()


def confirmed(gateway: Gateway, *versions: str) -> None:
    store = open_test_store(gateway.store_url)
    confirm(store, *versions)
    store.close()


def test_both_versions_come_and_go_in_one_gateway(gateway: Gateway, tmp_path: Path) -> None:
    client, sent = gateway.client(versions=versions()), dict[str, Any]()
    for version, endings in ((OLD, (ENDING,)), (NEW, ()), (OLD, (ENDING,))):
        sent[version] = in_version(somebody(), version)
        reply = client.send(sent[version])
        assert isinstance(reply.message, Akzeptanz070003)
        assert reply.message.rahmen.version == version
        assert reply.endings == endings
    unknown: Any = in_version(somebody(), NEW)
    with pytest.raises(ValueError, match="no operation"):
        gateway.client().send(versions().build(unknown))
    confirmed(gateway, OLD)
    with pytest.raises(Refused, match=r"T070\.version-not-confirmed"):
        _until_refused(client)
    assert gateway.get("/soap?wsdl=27.05").content.count(NAMESPACE.encode()) == 2
    assert NAMESPACE.encode() not in gateway.get("/soap?wsdl").content
    assert gateway.get("/schemas/versions/27.05/xauslaender-baukasten.xsd").status_code == 200
    assert gateway.get("/soap?wsdl=27.06").status_code == 404
    _sent_from_the_command_line(gateway, tmp_path, sent[NEW].rahmen.kopf.nachrichten_uuid)
    _read_by_a_foreign_stack(gateway)


def _until_refused(client: Any) -> None:
    """Within two seconds every worker has read the registry anew."""
    end = datetime.now(UTC) + timedelta(seconds=20)
    while datetime.now(UTC) < end:
        client.send(in_version(somebody(), NEW))


def _sent_from_the_command_line(gateway: Gateway, folder: Path, new: str) -> None:
    file, password = folder / "message.xml", folder / "password"
    file.write_bytes(etree.tostring(versions().build(somebody())))
    password.write_text(gateway.pki.password + "\n", "utf-8")
    sender = (
        "--endpoint",
        gateway.soap,
        "--key",
        gateway.pki.p12("abh1"),
        "--password-file",
        password,
        "--gateway",
        gateway.pki.directory / "gateway.crt.pem",
        "--versions",
        FOLDER,
    )
    ran = inge("send", file, *sender, "--json")
    assert (ran.code, ran.json["answer"]) == (0, "070003")
    assert ran.json["warning"] == f"XAusländer 26.11 is served until {LAST}; then: 27.05"
    asked = ("status", new, "--agency", ABH1.kennung, "--test", *sender, "--json")
    assert inge(*asked).json["first_answer"]["answer"] == "070003"
    # The operator sees it as well.
    told = {each["version"]: each for each in inge("versions", "--config", gateway.config, "--json").json}
    assert (told["XAusländer 26.11"]["state"], told["XAusländer 27.05"]["state"]) == ("ends", "served")
    assert told["XAusländer 27.05"]["senders"][0]["messages"] >= 1


def _read_by_a_foreign_stack(gateway: Gateway) -> None:
    """zeep, which knows the contract only, is not disturbed by a header that the contract does not name."""
    message = somebody()
    sender = gateway.client().zeep()
    request = sender.get_element(type(message).root).parse(
        etree.fromstring(octets(message)), sender.wsdl.types
    )
    values = {name: request[name] for name in request if request[name] is not None}
    answer = sender.service.meldeTeilnahmeberechtigung(**values)
    given = [name for name in answer if answer[name] is not None]
    assert given == ["BAMFABH.TeilnahmeberechtigungVerpflichtung.Akzeptanz.070003"]
