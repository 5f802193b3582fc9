"""What `inge testkit make` writes: a folder that is complete, and a page that everybody can read."""

import json
import stat
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import pkcs12
from lxml import etree

from adapters.cli.console import USAGE
from adapters.client import GatewayTrust
from adapters.client.proof import AnswerProof
from adapters.testkit.booklet import write_kit
from adapters.testkit.cases import all_cases, all_groups
from adapters.testkit.kit import KIT_FILE, Kit, KitError
from adapters.testkit.parties import Reader
from tests.support.cli import inge

FILES = {"input.xml", "envelope.xml", "expected.json", "answer.xml", "case.md"}


@pytest.fixture(scope="module")
def page(kit: Kit) -> etree._Element:
    content = (kit.folder / "booklet.html").read_bytes()
    assert content.startswith(b"<!DOCTYPE html>")
    return etree.fromstring(content, etree.HTMLParser(encoding="utf-8"))


def test_the_folder_holds_every_case_with_its_files(kit: Kit) -> None:
    for group in all_groups():
        for number, case in enumerate(group.cases, 1):
            folder = kit.folder / "cases" / group.id / f"{number:02d}-{case.id}"
            records = {"records.xml"} if case.does == "deliver" else set()
            assert {file.name for file in folder.iterdir()} == FILES | records
    assert {path.name for path in kit.folder.iterdir()} == {
        "README.md", "booklet.html", "cases", "keys", KIT_FILE,
    }  # fmt: skip
    readme = (kit.folder / "README.md").read_text("utf-8")
    assert kit.pki.password in readme
    assert f"alle {len(all_cases())} Fälle" in readme
    assert "{" not in readme


def test_what_is_expected_can_be_read_by_programs(kit: Kit) -> None:
    folder = kit.folder / "cases" / "refusals" / "13-not-valid"
    assert json.loads((folder / "expected.json").read_text("utf-8")) == {
        "case": "not-valid",
        "needs": [],
        "expect": {"refused": "X001", "path": "personalien", "line": True, "rejection": True, "signed": True},
    }
    text = (folder / "case.md").read_text("utf-8")
    assert text.startswith("# Nicht schemavalide\n\n*Not valid against its schema* – `not-valid`\n")
    assert "X001" in text


def test_the_envelope_is_signed_around_the_document(kit: Kit) -> None:
    folder = kit.folder / "cases" / "group07" / "01-entitlement"
    envelope = (folder / "envelope.xml").read_bytes()
    trust = GatewayTrust([kit.pki.certificate("abh1")])
    created = etree.fromstring(envelope).findtext(".//{*}Timestamp/{*}Created")
    proven = AnswerProof(trust).open(envelope, datetime.fromisoformat(str(created)))
    document = etree.tostring(proven.element, method="c14n", exclusive=True)
    assert document + b"\n" == (folder / "input.xml").read_bytes()


def test_the_keys_open_with_the_password_that_is_told(kit: Kit) -> None:
    holders = {case.sender for case in all_cases()}
    for holder in holders:
        file = kit.pki.directory / f"{holder}.p12"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert pkcs12.load_pkcs12(file.read_bytes(), b"testheft").cert is not None
    now = datetime.now(UTC)
    expired = kit.pki.certificate("expired")
    assert expired.not_valid_after_utc < now < kit.pki.certificate("abh1").not_valid_after_utc
    kit.require_valid(now)
    with pytest.raises(KitError, match="run out"):
        kit.require_valid(datetime(2099, 1, 1, tzinfo=UTC))


def test_a_kit_for_another_gateway_differs_in_keys_days_and_reader_only(kit: Kit, tmp_path: Path) -> None:
    to = ("--reader", "dbs:123456", "--reader-name", 'Amt "X"')
    made = inge("testkit", "make", tmp_path / "kit", *to, "--json")
    assert made.code == 0
    assert made.json["password"] == "testheft"
    other = Kit.load(tmp_path / "kit")
    assert other.reader == Reader("dbs:123456", 'Amt "X"')
    message = etree.parse(other.folder / "cases" / "group07" / "01-entitlement" / "input.xml")
    assert message.findtext("nachrichtenkopf.g2g/leser/kennung") == "dbs:123456"

    def layout(each: Kit) -> set[str]:
        return {str(path.relative_to(each.folder)) for path in each.folder.rglob("*")}

    def texts(each: Kit) -> list[bytes]:
        return [path.read_bytes() for path in sorted(each.folder.rglob("case.md"))]

    assert layout(other) == layout(kit)
    assert texts(other) == texts(kit)
    assert other.pki.certificate("abh1") != kit.pki.certificate("abh1")


def test_a_reader_needs_its_prefix(tmp_path: Path) -> None:
    ran = inge("testkit", "make", tmp_path / "kit", "--reader", "000100")
    assert (ran.code, "no kennung" in ran.err, list(tmp_path.iterdir())) == (USAGE, True, [])


def test_nothing_is_overwritten_and_nothing_is_left_half_done(
    kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "notes").write_text("mine")
    ran = inge("testkit", "make", tmp_path)
    assert (ran.code, "is there already" in ran.err) == (USAGE, True)
    monkeypatch.setattr("adapters.testkit.booklet.render", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_kit(tmp_path / "kit", kit.reader, datetime.now(UTC))
    assert [path.name for path in tmp_path.iterdir()] == ["notes"]


def test_a_folder_that_is_no_kit_of_these_cases_is_refused(kit: Kit, tmp_path: Path) -> None:
    with pytest.raises(KitError, match="no test kit"):
        Kit.load(tmp_path)
    text = (kit.folder / KIT_FILE).read_text("utf-8")
    (tmp_path / KIT_FILE).write_text(text.replace('cases = "', 'cases = "0'), "utf-8")
    with pytest.raises(KitError, match="make it anew"):
        Kit.load(tmp_path)
    (tmp_path / KIT_FILE).write_text(text, "utf-8")
    with pytest.raises(KitError, match="no keys"):
        Kit.load(tmp_path)


def test_the_page_says_its_language_and_has_landmarks(page: etree._Element) -> None:
    assert page.get("lang") == "de"
    assert page.findtext("head/title") == "Testheft für Softwarehersteller"
    for landmark in ("header", "nav", "main", "footer"):
        assert len(page.findall(f"body/{landmark}")) == 1, landmark
    first = page.find("body/a")
    assert first is not None
    assert first.get("href") == f"#{page.find('body/main').get('id')}"  # type: ignore[union-attr]


def test_headings_follow_each_other_without_a_gap(page: etree._Element) -> None:
    levels = [int(each.tag[1]) for each in page.iter("h1", "h2", "h3", "h4", "h5", "h6")]
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert levels.count(3) == len(all_cases())


def test_english_titles_are_marked_as_english(page: etree._Element) -> None:
    english = [each.text for each in page.iter("span") if each.get("lang") == "en"]
    assert {case.title_en for case in all_cases()} <= set(english)


def test_every_section_says_the_case_that_is_to_be_named(page: etree._Element) -> None:
    for case in all_cases():
        (heading,) = page.iterfind(f".//h3[@id='fall-{case.id}']")
        section = heading.getparent()
        assert section is not None
        assert section.findtext("dl/dd/code") == case.id


def test_tables_have_captions_and_heads(page: etree._Element) -> None:
    tables = list(page.iter("table"))
    assert len(tables) == 3
    for table in tables:
        assert table.findtext("caption")
        assert {cell.get("scope") for cell in table.findall("thead/tr/th")} == {"col"}
        assert {cell.get("scope") for cell in table.findall("tbody/tr/th")} == {"row"}
        columns = len(table.findall("thead/tr/th"))
        assert {len(line) for line in table.findall("tbody/tr")} == {columns}


def test_the_page_needs_nothing_but_itself(page: etree._Element) -> None:
    assert {each.tag for each in page.iter("*")}.isdisjoint({"script", "img", "link", "iframe", "object"})
    assert not [name for each in page.iter("*") for name in each.attrib if str(name).startswith("on")]
    style = page.findtext("head/style") or ""
    assert "url(" not in style
    assert "@import" not in style


def test_every_link_leads_somewhere(page: etree._Element, kit: Kit) -> None:
    ids = [each.get("id") for each in page.iter("*") if each.get("id")]
    assert len(ids) == len(set(ids))
    for link in page.iter("a"):
        target = str(link.get("href"))
        assert link.text
        assert target[1:] in ids if target.startswith("#") else (kit.folder / target).is_file(), target
    labels = [name for each in page.iter("*") for name in (each.get("aria-labelledby") or "").split()]
    assert set(labels) <= set(ids)


def test_no_placeholder_of_the_words_is_left(page: etree._Element) -> None:
    main = page.find("body/main")
    assert main is not None
    said = [text for each in main.iter("p", "li", "dd", "h2", "h3") for text in each.itertext()]
    assert not [text for text in said if "{" in text or "`" in text or "None" in text]
