"""The sender's commands: checking a document before it is sent, and what `inge send` says when it cannot."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import etree

import fixtures.persons as persons
from adapters.cli.console import REFUSED, USAGE
from adapters.client.summary import summary
from messages.registry import build
from tests.support.cli import inge
from tests.support.pki import shared_pki

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
UUID = "6f1f3d0c-53b1-4a55-9d8b-6d1f2f6b7a10"
DAY = ("--day", "2026-11-24")
NOWHERE = "http://127.0.0.1:9/soap"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "message.xml"
    root = build(persons.entitlement(persons.ABH_MUSTERSTADT, UUID, NOW))
    path.write_bytes(etree.tostring(root, encoding="UTF-8", xml_declaration=True))
    return path


def _key(tmp_path: Path) -> tuple[str | Path, ...]:
    password = tmp_path / "password"
    password.write_text(shared_pki().password + "\n", "utf-8")
    gateway = shared_pki().directory / "gateway.crt.pem"
    return ("--key", shared_pki().p12("abh1"), "--password-file", password, "--gateway", gateway)


def test_the_contracts_are_listed() -> None:
    types = {item["type"] for item in inge("schemas", "list", "--json").json}
    assert {"070001", "070003", "070010", "0010"} <= types
    lists = inge("schemas", "list", "--code-lists", "--json").json
    assert {item["extent"] for item in lists} == {"complete", "excerpt"}


def test_a_document_that_keeps_its_contract(file: Path) -> None:
    ran = inge("check", file, *DAY)
    assert (ran.code, ran.out) == (0, f"{file}: keeps its contract\n")


def test_every_finding_is_told_with_path_and_line(file: Path) -> None:
    text = file.read_text("utf-8").replace("<code>w<", "<code>q<")
    file.write_text(
        text.replace("<xauslaender:personalien>", "<!-- x -->\n<xauslaender:personalien>"), "utf-8"
    )
    ran = inge("check", file, *DAY, "--json")
    assert ran.code == REFUSED
    assert (ran.json["message_type"], ran.json["checked"]) == ("070001", "here")
    findings = {finding["code"]: finding for finding in ran.json["findings"]}
    assert set(findings) == {"S011", "X001.comment"}
    assert "geschlecht" in findings["S011"]["path"]
    assert findings["S011"]["line"] >= 1
    assert findings["S011"]["text_de"]
    assert findings["S011"]["advice"] == "correct"
    assert "S011" in inge("check", file, *DAY).out
    assert inge("schemas", "check", file, *DAY).out == inge("check", file, *DAY).out


def test_a_document_before_its_version_is_served(file: Path) -> None:
    ran = inge("check", file, "--day", "2026-10-31", "--json")
    assert ran.json["findings"][0]["code"] == "V000"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("<a>", "X000"),
        ("", "T099.empty"),
        ("<!DOCTYPE a><a/>", "X001.doctype"),
        ("<a/>", "X001.unknown-root"),
    ],
)
def test_a_file_that_is_no_message(tmp_path: Path, content: str, code: str) -> None:
    path = tmp_path / "x.xml"
    path.write_text(content, "utf-8")
    ran = inge("check", path, "--json")
    assert ran.code == REFUSED
    assert [finding["code"] for finding in ran.json["findings"]] == [code]
    assert inge("check", tmp_path / "none.xml").code == USAGE


def test_a_check_by_the_gateway_needs_to_know_which_and_who(file: Path, tmp_path: Path) -> None:
    assert inge("check", file, "--online").code == USAGE
    file.write_text("<a/>", "utf-8")
    ran = inge("check", file, "--online", "--endpoint", NOWHERE, *_key(tmp_path))
    assert ran.code == USAGE
    assert "--agency" in ran.err


def test_nothing_is_confirmed_that_is_not_kept(tmp_path: Path) -> None:
    ran = inge("fetch", "--endpoint", NOWHERE, *_key(tmp_path), "--agency", "azr:090001", "--confirm")
    assert ran.code == USAGE
    assert "--into" in ran.err


def test_a_package_without_schemas_is_refused(tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    ran = inge("schemas", "install", tmp_path / "package", "--installed", tmp_path / "installed")
    assert ran.code == REFUSED
    assert "neither" in ran.err
    assert "--installed" in inge("schemas", "install", tmp_path / "package").err


def test_no_gateway_there_is_told(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    ran = inge("send", file, "--endpoint", NOWHERE, *_key(tmp_path))
    assert ran.code == REFUSED
    assert "Unreachable" in ran.err


def test_a_wrong_password_is_told(file: Path, tmp_path: Path) -> None:
    key = _key(tmp_path)
    (tmp_path / "password").write_text("sesam", "utf-8")
    ran = inge("send", file, "--endpoint", NOWHERE, *key)
    assert ran.code == USAGE
    assert "password" in ran.err
    assert "sesam" not in ran.err


@pytest.mark.parametrize("content", ["<a/>", "<a>", "<!DOCTYPE a><a/>"])
def test_what_is_no_message_is_not_sent(tmp_path: Path, content: str) -> None:
    path = tmp_path / "x.xml"
    path.write_text(content, "utf-8")
    ran = inge("send", path, "--endpoint", NOWHERE, *_key(tmp_path))
    assert ran.code == USAGE
    assert "x.xml" in ran.err


def test_another_soap_version_is_a_wrong_call(file: Path, tmp_path: Path) -> None:
    assert inge("send", file, "--endpoint", NOWHERE, *_key(tmp_path), "--soap", "2").code == USAGE


def test_a_summary_names_the_question_a_message_asks_nothing() -> None:
    message = persons.decision(persons.ABH_MUSTERSTADT, UUID, NOW, UUID, True)
    assert summary(message) == {"answer": "070007", "reason": None, "number": None}
