"""The tables of information and takeover told in words: the commands, the page, and `inge explain`."""

from pathlib import Path
from typing import Any

import pytest

import adapters
from adapters.cli.console import REFUSED
from adapters.cli.information_page import render_page
from gateway.information.existence import existence_table
from gateway.information.scope import scope_table
from gateway.information.takeover import takeover_table
from tests.support.cli import inge

PAGE = Path(adapters.__file__).parents[1] / "docs" / "information-scope.md"
TABLES: dict[str, Any] = {
    "existence": existence_table(),
    "takeover": takeover_table(),
    "scope": scope_table(),
}


def test_the_committed_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == render_page()


@pytest.mark.parametrize("name", TABLES)
def test_every_row_is_shown_in_its_order(name: str) -> None:
    told = inge("rules", name, "--json").json
    assert told["version"] == TABLES[name].version
    assert [row["id"] for row in told["rows"]] == [row.id for row in TABLES[name].rows]
    assert inge("rules", name).out.startswith(f"version {TABLES[name].version}")


def test_one_row_is_told_in_both_languages_with_what_it_tells() -> None:
    told = inge("rules", "row", "a09", "--json").json
    assert told["about"] == "TGS, relation own/taken-over"
    assert "test-results" in told["told"]
    assert told["told_behind_block"] == ["dropout", "former", "notes"]
    words = inge("rules", "row", "T13").out
    for row in takeover_table().rows:
        if row.id == "T13":
            assert row.explanation_de in words
            assert row.explanation_en in words
            assert row.legal_basis in words


def test_conditions_are_told_in_the_words_of_the_table() -> None:
    rows = {row["id"]: row for name in TABLES for row in inge("rules", name, "--json").json["rows"]}
    assert rows["T10"]["about"] == "ABH, in EXHAUSTED, if repetition"
    assert rows["T10"]["answer"] == "REFUSE 17576"
    assert rows["T06"]["answer"] == "REFUSE 17571.other-authority"
    assert rows["A07"]["about"] == "ABH, for permit-renewal, about 1b/2"
    assert rows["E04"]["answer"] == "COMPLETE 17562"


def test_what_is_not_there_is_told() -> None:
    assert inge("rules", "row", "T99").code == REFUSED
