"""`inge print-answer`: a right that was accepted later is printed from the files a sender has."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from lxml import etree

from adapters.cli.console import REFUSED, USAGE
from messages.registry import build
from tests.print.test_exchange import MESSAGES, answered
from tests.support.cli import inge
from tests.support.pdf import text_of


def written(folder: Path, *messages: Any) -> list[Path]:
    files = [folder / f"{place}.xml" for place in range(len(messages))]
    for file, message in zip(files, messages, strict=True):
        file.write_bytes(etree.tostring(build(message)))
    return files


def test_a_report_and_its_acceptance(tmp_path: Path) -> None:
    report = MESSAGES["080010"]
    answer = answered(report)
    out = tmp_path / "x.pdf"
    ran = inge("print-answer", *written(tmp_path, report, answer), "--out", out, "--json")
    assert ran.code == 0, ran.err
    right = answer.zulassung_verpflichtung
    assert ran.json == {"number": right.bamfkennziffer, "art": right.art.code, "printed": str(out)}
    assert str(report.personalien.nachname.text) in text_of(out.read_bytes())


def test_after_a_question_with_all_that_was_exchanged(tmp_path: Path) -> None:
    exchange = [MESSAGES["070010"]]
    for kind in ("070006", "070007", "070003"):
        before, message = exchange[-1].rahmen.kopf.nachrichten_uuid, MESSAGES[kind]
        exchange.append(replace(message, rahmen=replace(message.rahmen, ausloeser_uuid=before)))
    files = written(tmp_path, *exchange)
    assert inge("print-answer", *files, "--out", tmp_path / "x.pdf").code == 0
    ran = inge("print-answer", files[0], files[-1], "--out", tmp_path / "y.pdf")
    assert ran.code == REFUSED
    assert "not the answer" in ran.err
    assert not (tmp_path / "y.pdf").exists()


def test_what_is_no_exchange(tmp_path: Path) -> None:
    report = MESSAGES["070001"]
    files = written(tmp_path, report, MESSAGES["070005"])
    out = ("--out", tmp_path / "x.pdf")
    assert inge("print-answer", *files, *out).code == REFUSED
    assert inge("print-answer", files[0], *out).code == USAGE
    files[1].write_text("<a/>", "utf-8")
    assert inge("print-answer", *files, *out).code == USAGE
    files[1].write_text("<a>", "utf-8")
    assert inge("print-answer", *files, *out).code == USAGE
    assert not (tmp_path / "x.pdf").exists()
