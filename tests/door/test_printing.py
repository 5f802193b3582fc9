"""`inge send --print` against a running gateway: printed where a right was accepted, else it says so."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from lxml import etree

from messages.registry import build
from tests.door.test_messages import somebody
from tests.support.cli import Ran, inge
from tests.support.core import new_uuid
from tests.support.pdf import barcodes_of, letters_of, text_of
from tests.support.server import Gateway


def sent(gateway: Gateway, folder: Path, message: object, *options: str | Path) -> Ran:
    """Send a message with `inge send` as abh1; its file is message.xml in the folder."""
    password = folder / "password"
    password.write_text(gateway.pki.password + "\n", "utf-8")
    file = folder / "message.xml"
    file.write_bytes(etree.tostring(build(message)))  # type: ignore[arg-type]
    key = ("--key", gateway.pki.p12("abh1"), "--password-file", password)
    trust = ("--gateway", gateway.pki.directory / "gateway.crt.pem")
    return inge("send", file, "--endpoint", gateway.soap, *key, *trust, *options, "--json")


def test_an_accepted_right_is_printed_beside_its_message(gateway: Gateway, tmp_path: Path) -> None:
    message = somebody()
    ran = sent(gateway, tmp_path, message, "--print")
    assert ran.code == 0, ran.err
    pdf = tmp_path / "message.pdf"
    assert ran.json["printed"] == str(pdf)
    text = text_of(pdf.read_bytes())
    assert letters_of(str(message.personalien.nachname.text)) in letters_of(text)
    assert datetime.now(UTC).strftime(".%Y") in text
    assert barcodes_of(pdf.read_bytes(), tmp_path) == [ran.json["number"]]


def test_it_is_written_where_it_is_wanted(gateway: Gateway, tmp_path: Path) -> None:
    out = tmp_path / "x.pdf"
    assert sent(gateway, tmp_path, somebody(), "--pdf", out).json["printed"] == str(out)
    assert out.read_bytes().startswith(b"%PDF-1.7")
    assert not (tmp_path / "message.pdf").exists()


def test_without_being_asked_nothing_is_printed(gateway: Gateway, tmp_path: Path) -> None:
    ran = sent(gateway, tmp_path, somebody())
    assert "printed" not in ran.json
    assert list(tmp_path.glob("*.pdf")) == []


def test_another_answer_says_that_there_is_nothing_to_print(gateway: Gateway, tmp_path: Path) -> None:
    message = somebody()
    gateway.client().send(message)
    kopf = message.rahmen.kopf
    again = replace(message, rahmen=replace(message.rahmen, kopf=replace(kopf, nachrichten_uuid=new_uuid())))
    ran = sent(gateway, tmp_path, again, "--print")
    assert ran.code == 0
    assert ran.json["answer"] in {"070004", "070005"}
    assert ran.json["printed"] is None
    assert ran.json["answer"] in ran.json["not_printed"]
    assert list(tmp_path.glob("*.pdf")) == []


def test_the_answer_came_but_the_paper_cannot_be_written(gateway: Gateway, tmp_path: Path) -> None:
    ran = sent(gateway, tmp_path, somebody(), "--pdf", tmp_path / "nowhere" / "x.pdf")
    assert ran.code == 2
    assert "nowhere" in ran.err
