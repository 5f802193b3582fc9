"""The catalogue is complete, consistent and the page in docs is made from it."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from messages.errors import CATALOGUE, Advice, CatalogueEntry, Category, GatewayError, load_catalogue
from messages.errors_page import render_page
from schemas.din91379 import is_datatype_c

_LETTER_CODES = """
S001 S010 S011 S020 S030 S100 S999 T000 T001 T002 T003 T010 T011 T020 T070 T080 T099 V000 X000 X001
"""
_NUMBER_CODES = """
00057 17001 17050 17051 17052 17053 17099 17104 17107 17108 17109 17110 17111 17112 17116 17117 17118
17119 17121 17143 17145 17560 17561 17562 17563 17564 17565 17571 17572 17573 17574 17575 17576 17577
17580 17581 17582 17583 17584
"""
XINNERES = set(_LETTER_CODES.split())
BUSINESS = set(_NUMBER_CODES.split())


def family(code: str) -> str:
    return code.partition(".")[0]


def test_every_code_of_the_standard_and_of_the_business_is_there() -> None:
    families = {code for code in CATALOGUE if "." not in code}
    assert families == XINNERES | BUSINESS | {"T200"}


@pytest.mark.parametrize("entry", CATALOGUE.values(), ids=lambda entry: entry.code)
def test_entry_is_complete(entry: CatalogueEntry) -> None:
    assert entry.standard == (family(entry.code) if family(entry.code) in XINNERES else None)
    assert (entry.category is Category.BUSINESS) == (family(entry.code) in BUSINESS)
    assert entry.retryable == (entry.advice is Advice.RETRY)
    for text in (entry.text_de, entry.text_en):
        assert len(text) > 20
        assert text == text.strip()
        assert is_datatype_c(text), "the text also travels in documents"
    assert entry.text_de != entry.text_en
    filled = dict.fromkeys(entry.placeholders, "wert")
    assert not re.search(r"[{}]", entry.render_de(filled) + entry.render_en(filled))


@pytest.mark.parametrize("code", [code for code in CATALOGUE if "." in code])
def test_specific_code_is_named_uniformly(code: str) -> None:
    assert re.fullmatch(r"([STVX][0-9]{3}|[0-9]{5})\.[a-z0-9]+(-[a-z0-9]+)*", code)


def test_every_specific_code_is_raised_somewhere() -> None:
    root = Path(__file__).resolve().parents[2]
    written = "".join(
        path.read_text(encoding="utf-8")
        for package in ("schemas", "messages", "store", "gateway", "adapters")
        # Tables of rules name them, too; the catalogue itself does not count.
        for pattern in ("*.py", "*.toml")
        for path in (root / package).rglob(pattern)
        if path.name != "errors.toml"
    )
    assert [code for code in CATALOGUE if "." in code and f'"{code}"' not in written] == []


def test_error_fills_its_words_and_admits_what_it_does_not_know() -> None:
    details = {"algorithm": "rsa-sha1"}
    error = GatewayError("T011.algorithm", details=details)
    assert "rsa-sha1" in error.text_de
    assert "rsa-sha1" in error.text_en
    assert "nicht genannt" in error.text_de
    assert "not named" in error.text_en


def test_braces_in_details_stay_what_they_are() -> None:
    error = GatewayError("T099.content-type", details={"found": "{0.__class__}"})
    assert "{0.__class__}" in error.text_de


def test_details_cannot_be_changed_afterwards() -> None:
    details = {"limit": "1"}
    error = GatewayError("T099.too-large", details=details)
    details["limit"] = "2"
    assert error.details == {"limit": "1"}


def test_unknown_code_is_refused() -> None:
    with pytest.raises(KeyError, match="T999"):
        GatewayError("T999")


def test_retry_after_comes_from_the_catalogue_unless_given() -> None:
    assert GatewayError("T200.busy").retry_after == CATALOGUE["T200.busy"].retry_after
    assert GatewayError("T200.busy", retry_after=0).retry_after == 0
    assert GatewayError("X001").retry_after is None


def test_text_for_the_log_names_code_path_and_words() -> None:
    assert str(GatewayError("S030", path="/a/b")).startswith("S030 at /a/b: A mandatory text field")


COMPLETE = """
[T999]
standard = "T999"
category = "transport"
severity = "error"
retryable = false
advice = "correct"
de = "Etwas {found}."
en = "Something {found}."
"""


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda text: text.replace('advice = "correct"\n', ""), "advice"),
        (lambda text: text.replace("Something {found}", "Something"), "different details"),
        (lambda text: text.replace('"correct"', '"retry"'), "contradict"),
        (lambda text: text + "retry_after = 5\n", "retry_after without"),
        (lambda text: text + "comment = 5\n", "unknown keys"),
        (lambda text: text.replace("[T999]", '["T998.special"]'), "no entry T998"),
    ],
)
def test_faulty_catalogue_is_refused(change: Callable[[str], str], complaint: str) -> None:
    assert set(load_catalogue(COMPLETE)) == {"T999"}
    with pytest.raises(ValueError, match=complaint):
        load_catalogue(change(COMPLETE))


def test_page_is_current() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "errors.md"
    assert page.read_text(encoding="utf-8") == render_page(), (
        "run python -m messages.errors_page > docs/errors.md"
    )


def test_page_names_every_code() -> None:
    page = render_page()
    assert all(page.count(f"| `{code}` |") == 1 for code in CATALOGUE)
