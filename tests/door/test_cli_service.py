"""`inge fetch`, `inge status` and `inge check --online` against a running gateway."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from adapters.cli.console import REFUSED, USAGE
from fixtures import jobcenters
from fixtures.persons import LEYLA
from messages.group07 import Akzeptanz070003
from messages.service import BestaetigeNachrichten
from store.engine import Store
from tests.door.test_messages import sealed, somebody
from tests.door.test_outbox import desk
from tests.support.cli import Ran, inge
from tests.support.core import ABH1, TGS1, new_uuid
from tests.support.desk import lay_out, request
from tests.support.desk import octets as service_octets
from tests.support.server import Gateway, octets
from tests.support.stores import open_test_store


@pytest.fixture
def sender(gateway: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything a sender says once, in its environment."""
    password = tmp_path / "password"
    password.write_text(gateway.pki.password + "\n", "utf-8")
    for name, value in {
        "ENDPOINT": gateway.soap,
        "KEY": gateway.pki.p12("abh1"),
        "PASSWORD_FILE": password,
        "GATEWAY": gateway.pki.directory / "gateway.crt.pem",
        "AGENCY": ABH1.kennung,
        "TEST": "1",
    }.items():
        monkeypatch.setenv(f"INGE_SEND_{name}", str(value))


@pytest.fixture
def opened(gateway: Gateway) -> Iterator[Store]:
    """The gateway's store, with nothing left unconfirmed by another test."""
    store = open_test_store(gateway.store_url)
    left = desk(gateway).fetch(200).nachrichten
    if left:
        desk(gateway).confirm([answer.nachricht_id for answer in left])
    yield store
    store.close()


def report(gateway: Gateway) -> str:
    message = somebody()
    gateway.client().send(message)
    return message.rahmen.kopf.nachrichten_uuid


def listed(ran: Ran) -> list[dict[str, Any]]:
    assert ran.code == 0, ran.err
    answers: list[dict[str, Any]] = ran.json["answers"]
    return answers


@pytest.mark.usefixtures("sender")
def test_fetched_answers_lie_in_files_before_they_are_confirmed(
    gateway: Gateway, opened: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uuid = report(gateway)
    entries = lay_out(opened, ABH1, [uuid] * 3)
    synced: list[str] = []
    flush = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        flush(descriptor)

    monkeypatch.setattr("os.fsync", fsync)
    into = tmp_path / "answers" / "here"
    ran = inge("fetch", "--into", into, "--at-most", "2", "--json")
    files = [Path(entry["file"]) for entry in listed(ran)]
    assert [file.read_bytes() for file in files] == [entry.document for entry in entries]
    assert sorted(into.iterdir()) == files
    assert (ran.json["confirmed"], ran.json["more"]) == (3, False)
    assert [(entry["message"], entry["answer"], entry["reason"]) for entry in listed(ran)] == [
        (uuid, "070004", "17001")
    ] * 3
    assert synced.count(str(into)) == 2
    # The folder was made on the way: its name must be as safe as the files.
    assert {str(tmp_path), str(tmp_path / "answers")} <= set(synced)
    assert sum(name.endswith(".part") for name in synced) == 3
    assert inge("fetch").out == "nothing lies ready\n"


@pytest.mark.usefixtures("sender")
def test_without_a_folder_nothing_is_confirmed(gateway: Gateway, opened: Store) -> None:
    lay_out(opened, ABH1, [report(gateway)])
    assert len(listed(inge("fetch", "--json"))) == len(listed(inge("fetch", "--json"))) == 1
    assert "070004" in inge("fetch").out


@pytest.mark.usefixtures("sender")
def test_what_was_written_and_not_confirmed_is_not_written_twice(
    gateway: Gateway, opened: Store, tmp_path: Path
) -> None:
    lay_out(opened, ABH1, [report(gateway)])
    (first,) = listed(inge("fetch", "--into", tmp_path, "--no-confirm", "--json"))
    written = Path(first["file"]).stat().st_mtime_ns
    (again,) = listed(inge("fetch", "--into", tmp_path, "--json"))
    assert again["file"] == first["file"]
    assert Path(first["file"]).stat().st_mtime_ns == written
    assert listed(inge("fetch", "--json")) == []


@pytest.mark.usefixtures("sender")
def test_what_cannot_be_kept_is_not_confirmed(gateway: Gateway, opened: Store, tmp_path: Path) -> None:
    lay_out(opened, ABH1, [report(gateway)])
    (first,) = listed(inge("fetch", "--into", tmp_path, "--no-confirm", "--json"))
    Path(first["file"]).write_bytes(b"another")
    ran = inge("fetch", "--into", tmp_path)
    assert ran.code == USAGE
    assert "nothing was confirmed" in ran.err
    (tmp_path / "file").write_text("x")
    assert inge("fetch", "--into", tmp_path / "file").code == USAGE
    assert len(listed(inge("fetch", "--json"))) == 1


@pytest.mark.usefixtures("sender")
def test_the_state_of_a_message(gateway: Gateway, opened: Store) -> None:
    uuid = report(gateway)
    ran = inge("status", uuid, "--json")
    assert ran.code == 0
    assert (ran.json["state"], ran.json["first_answer"]["answer"]) == ("beantwortet", "070003")
    assert ran.json["first_answer"]["number"]
    lay_out(opened, ABH1, [uuid])
    ran = inge("status", uuid, "--json")
    assert ran.json["state"] == "antwort-bereit"
    assert ran.json["later_answers"][0]["answer"] == "070004"
    told = inge("status", uuid).out
    assert "antwort-bereit" in told
    (line,) = [line for line in told.splitlines() if line.startswith("070004")]
    assert line.endswith(ran.json["later_answers"][0]["id"])


@pytest.mark.usefixtures("sender")
def test_a_message_nobody_knows_and_no_uuid(gateway: Gateway) -> None:
    ran = inge("status", new_uuid())
    assert ran.code == REFUSED
    assert "unbekannt" in ran.out
    ran = inge("status", "x", "--json")
    assert (ran.code, ran.json["code"]) == (REFUSED, "X001")


@pytest.mark.usefixtures("sender")
def test_another_agency_is_refused(gateway: Gateway) -> None:
    ran = inge("status", new_uuid(), "--agency", "azr:090002", "--json")
    assert (ran.code, ran.json["code"]) == (REFUSED, "T070.foreign-authority")
    ran = inge("fetch", "--productive", "--json")
    assert (ran.code, ran.json["code"]) == (REFUSED, "S999.test-attribute")


@pytest.mark.usefixtures("sender")
def test_a_document_is_checked_by_the_gateway(
    gateway: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "message.xml"
    file.write_bytes(octets(somebody()))
    assert inge("check", file, "--online").out == f"{file}: the gateway would take it\n"
    # Without saying who asks, it is the author of the document.
    monkeypatch.delenv("INGE_SEND_AGENCY")
    file.write_bytes(octets(somebody()).replace(b'test="1"', b""))
    assert inge("check", file).code == 0
    ran = inge("check", file, "--online", "--json")
    assert (ran.code, ran.json["checked"]) == (REFUSED, "by the gateway")
    assert [finding["code"] for finding in ran.json["findings"]] == ["S999.test-attribute"]
    root = etree.fromstring(octets(somebody("abh2")))
    file.write_bytes(etree.tostring(root))
    ran = inge("check", file, "--online", "--json")
    assert (ran.code, ran.json["code"]) == (REFUSED, "T070.foreign-authority")


def test_the_operator_sees_what_was_asked_and_delivered(gateway: Gateway, opened: Store) -> None:
    uuid = report(gateway)
    (entry,) = lay_out(opened, ABH1, [uuid])
    mine = request(BestaetigeNachrichten, nachricht_ids=(str(entry.id),))
    desk(gateway).fetch()
    assert gateway.post(sealed(gateway, service_octets(mine))).ok
    config = ("--config", gateway.folder / "inge.toml")
    told = inge("explain", mine.anfrage_uuid, *config)
    assert told.code == 0, told.err
    assert "a request to the service itself: nothing was decided" in told.out
    assert "refused" not in told.out
    story = inge("explain", uuid, *config).out
    assert all(word in story for word in ("later answer", "fetched", "confirmed"))


@pytest.mark.usefixtures("sender", "opened")
def test_a_notice_is_told_in_words(gateway: Gateway) -> None:
    message = somebody()
    entitled = gateway.client().send(message).message
    assert isinstance(entitled, Akzeptanz070003)
    number = entitled.berechtigung_verpflichtung.bamfkennziffer
    now = datetime.now(UTC)
    person = replace(LEYLA, personalien=message.personalien)
    until = now.date() + timedelta(days=200)
    gateway.client("tgs1").send(jobcenters.obligation(TGS1, new_uuid(), now, until, person, number=number))
    (entry,) = listed(inge("fetch", "--json"))
    assert (entry["answer"], entry["reason"], entry["number"]) == (
        "mitteilung",
        "berechtigung-ersetzt",
        number,
    )
    assert "Verpflichtung eines Jobcenters" in entry["text_de"]
    assert entry["text_en"] in inge("fetch").out
