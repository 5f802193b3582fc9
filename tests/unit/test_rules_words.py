"""The decision table told in words: the commands, and the page that is made from it."""

from pathlib import Path

import adapters
from adapters.cli.console import REFUSED, USAGE
from adapters.cli.rules_page import render_page
from gateway.rules.reader import load_rules
from tests.support.cli import inge

PAGE = Path(adapters.__file__).parents[1] / "docs" / "decision-table.md"
TABLE = load_rules().tables[-1]


def test_the_committed_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == render_page()


def test_every_row_is_shown_in_its_order() -> None:
    told = inge("rules", "show", "--json").json
    assert told["version"] == TABLE.version
    assert [row["id"] for row in told["rows"]] == [row.id for row in TABLE.rows]
    assert inge("rules", "show").out.startswith(f"version {TABLE.version}, in force from")


def test_one_row_is_told_in_both_languages_with_its_legal_basis() -> None:
    told = inge("rules", "row", "d12", "--json").json
    assert told["existing"] == "5/7 ACTIVE"
    assert (told["request"], told["answer"]) == ("Vabh", "REJ 17109 info 17117 takeover")
    row = TABLE.row("D12")
    words = inge("rules", "row", "D12").out
    for text in (row.explanation_de, row.explanation_en, row.legal_basis):
        assert text in words


def test_conditions_are_told_in_the_words_of_the_table() -> None:
    rows = {row["id"]: row for row in inge("rules", "show", "--json").json["rows"]}
    assert rows["D02"]["existing"] == "WEAK ACTIVE of another agency"
    assert rows["D02"]["answer"] == "REJ 17108; 3: 17111"
    assert rows["D30"]["existing"] == "ACTIVE of its own of the same kind"
    assert rows["D01"]["existing"] == "none"
    assert (rows["D24"]["existing"], rows["D24"]["request"], rows["D24"]["if"]) == ("any", "any", "deceased")
    assert rows["D21"]["if"] == "not hours-left"
    assert rows["D41"]["existing"] == "STRONG/4/8 ACTIVE"
    assert (rows["D07"]["existing"], rows["D07"]["request"]) == ("–", "–")
    # Neither accepted nor refused: the request ends with a receipt.
    assert (rows["D08"]["answer"], rows["D09"]["answer"]) == ("CLOSE", "CLOSE")


def test_every_id_up_to_the_last_is_told_also_where_it_is_no_row() -> None:
    ids = {row.id for row in TABLE.rows} | {note.id for note in TABLE.notes}
    assert ids == {f"D{number:02}" for number in range(1, 48)}
    told = inge("rules", "row", "D31", "--json").json
    assert told["german"].startswith("Von mehreren Vorgängen zählt ein aktiver")
    assert "Superseded by D45" in inge("rules", "row", "D26").out


def test_what_is_not_there_is_told() -> None:
    assert inge("rules", "row", "D99").code == REFUSED
    assert inge("rules", "show", "--on", "2004-12-31").code == REFUSED
    assert inge("rules", "show", "--on", "soon").code == USAGE
