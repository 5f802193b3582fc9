"""The pages as others read them: what stands on them and what does not, tags, barcode, the same bytes."""

import re
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from adapters.print.confirmation import Confirmation, NotPrintableError, Part
from adapters.print.render import render
from adapters.print.words import pages
from messages.values import PartialDate
from schemas.din91379 import is_datatype_c
from tests.support.pdf import barcodes_of, letters_of, opened, tags_of, text_of

AT = datetime(2026, 11, 26, 23, 30, 0, 123456, tzinfo=UTC)
NUMBER = "90123456789012"
CONFIRMATION = Confirmation(
    art="1a",
    number=NUMBER,
    surname="Yıldırım-Öztürk",
    first_name="Leyla",
    birth=PartialDate(1991, 4, 17),
    address=("Lindenweg 7", "90402 Musterstadt"),
    valid_until=date(2027, 11, 30),
    part=None,
    issuer="Ausländerbehörde Musterstadt",
    test=False,
)
KINDS = ("1a", "1b", "2", "3", "4", "5", "6", "7", "8")
OBLIGATIONS = {"1b": 1, "5": 2, "2": 3, "7": 4}
FORMS = {
    **dict.fromkeys(("1a", "4"), "Berechtigungsschein"),
    **dict.fromkeys(("1b", "2", "5", "7"), "Verpflichtungsschein"),
    **dict.fromkeys(("3", "6", "8"), "Zulassungsschein"),
}


def printed(page: int = 1, **changes: object) -> str:
    return text_of(render(replace(CONFIRMATION, **changes), AT), page)  # type: ignore[arg-type]


def test_what_the_form_contains() -> None:
    text = printed()
    for said in (
        "Bestätigung der Teilnahmeberechtigung",
        "Berechtigungsschein",
        "9012 3456 7890 12",
        "Yıldırım-Öztürk",
        "Leyla",
        "17.04.1991",
        "Lindenweg 7",
        "90402 Musterstadt",
        "gültig bis 30.11.2027",
        "Ausländerbehörde Musterstadt",
        # Half past eleven at night in UTC is the next day in Germany.
        "27.11.2026",
    ):
        assert said in text
    assert "44a" not in text
    assert "TEST" not in text


def test_only_the_permitted_data_have_a_field() -> None:
    assert {field.name for field in fields(Confirmation)} == {
        "art", "number", "surname", "first_name", "birth", "address", "valid_until", "part", "issuer", "test",
    }  # fmt: skip


@pytest.mark.parametrize("art", KINDS)
def test_every_kind_of_right(art: str) -> None:
    text = printed(art=art)
    assert FORMS[art] in text
    assert all(form not in text for form in set(FORMS.values()) - {FORMS[art]})
    if art in OBLIGATIONS:
        assert f"§ 44a Absatz 1 Satz 1 Nummer {OBLIGATIONS[art]} Aufenthaltsgesetz" in text
        assert "verpflichtet" in text
    else:
        assert "44a" not in text
        assert "verpflichtet" not in text


@pytest.mark.parametrize("art", KINDS)
@pytest.mark.parametrize("until", [None, date(2027, 11, 30)])
def test_the_leaflet_is_the_second_page_and_fits_the_kind(
    art: str, until: date | None, tmp_path: Path
) -> None:
    pdf = render(replace(CONFIRMATION, art=art, valid_until=until, test=True), AT)
    assert len(opened(pdf, tmp_path).pages) == 2
    text = " ".join(text_of(pdf, 2).split())
    assert "Merkblatt zum Integrationskurs" in text
    assert ("Sie sind zur Teilnahme verpflichtet." in text) == (art in OBLIGATIONS)
    assert ("Ihre Teilnahme ist freiwillig." in text) == (art in {"1a", "3", "4", "6"})
    assert ("spätestens am 30.11.2027" in text) == (until is not None)
    assert "{" not in text


def test_every_kind_of_the_list_has_a_form_and_no_other() -> None:
    text = resources.files("schemas").joinpath("codelists/artberechtigung_8.xml").read_text("utf-8")
    assert set(re.findall(r'"code"><SimpleValue>([^<]+)<', text)) == set(KINDS)
    with pytest.raises(NotPrintableError, match="9x"):
        pages(replace(CONFIRMATION, art="9x"), AT.date())


def test_a_right_without_end_says_so_in_words() -> None:
    text = printed(valid_until=None)
    assert "unbefristet gültig" in text
    assert "gültig bis" not in text


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (Part.ORIENTATION, "nur Orientierungskurs"),
        (Part.LANGUAGE, "nur Sprachkurs"),
        (None, "Sprachkurs und Orientierungskurs"),
    ],
)
def test_a_restriction_in_words(part: Part | None, said: str) -> None:
    assert said in printed(part=part)


@pytest.mark.parametrize(
    ("birth", "said"),
    [
        (PartialDate(1979, 3), "03.1979 (Tag nicht bekannt)"),
        (PartialDate(1979), "1979 (Tag und Monat nicht bekannt)"),
    ],
)
def test_a_birth_date_that_is_known_in_part(birth: PartialDate, said: str) -> None:
    assert said in printed(birth=birth)


def test_names_that_do_not_exist() -> None:
    assert printed(first_name=None).count("nicht vorhanden") == 1
    assert printed(first_name=None, surname=None).count("nicht vorhanden") == 2


def test_without_an_address_nothing_tells_that_there_is_one() -> None:
    text = printed(address=None)
    assert "Anschrift" not in text
    assert "sperre" not in text.lower()


def test_a_test_environment_says_so_on_every_page() -> None:
    assert "Es gilt nicht" in printed(1, test=True)
    assert "Es gilt nicht" in printed(2, test=True)


@pytest.mark.parametrize(
    "name",
    [
        '#eval("1 + 1")',
        "*stark* _kursiv_ `roh` $x^2$",
        "<marke> @verweis [block] {code} #let x = 1",
        "\\ \\u{1F600} // Rest /* Rest */ -- ... ~ '",
        "= Titel",
        "{until} {number} {0}",
        "C̨̆ K̕ M̂ ī́ Ạ̈ Ŕ̊",
        "http://a.example/",
    ],
)
def test_a_name_is_never_read_as_markup(name: str) -> None:
    assert letters_of(name) in letters_of(printed(surname=name, issuer=name, address=(name, "1 X")))


@pytest.mark.parametrize("length", [31, 200])
def test_a_word_longer_than_its_column_breaks_and_loses_nothing(length: int, tmp_path: Path) -> None:
    word = ("Wolfeschlegelsteinhausenbergerdorff" * 6)[:length]
    pdf = render(replace(CONFIRMATION, surname=word), AT)
    assert word in letters_of(text_of(pdf, 1))
    reader = opened(pdf, tmp_path)
    right_edge = float(reader.pages[0].mediabox.width) - 20 / 25.4 * 72
    ends: list[float] = []

    def visit(text: str, _: object, matrix: list[float], *__: object) -> None:
        if text.strip() and text.strip() in word:
            ends.append(matrix[4])

    reader.pages[0].extract_text(visitor_text=visit)
    assert ends
    assert max(ends) < right_edge


def test_a_number_of_another_form_is_grouped_too_or_refused() -> None:
    assert "AB12 -9" in printed(number="AB12-9")
    with pytest.raises(NotPrintableError):
        replace(CONFIRMATION, number="12 34")
    with pytest.raises(NotPrintableError):
        replace(CONFIRMATION, number="Ä1")
    with pytest.raises(NotPrintableError):
        replace(CONFIRMATION, number="")


@pytest.mark.parametrize("number", [NUMBER, "AB12-9", "1"])
def test_a_scanner_reads_the_number(number: str, tmp_path: Path) -> None:
    assert barcodes_of(render(replace(CONFIRMATION, number=number), AT), tmp_path) == [number]


def test_the_file_can_be_read_aloud(tmp_path: Path) -> None:
    reader = opened(render(CONFIRMATION, AT), tmp_path)
    root: Any = reader.root_object
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "de-DE"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert reader.metadata is not None
    assert reader.metadata.title == "Bestätigung der Teilnahmeberechtigung – Berechtigungsschein"
    described = root["/Metadata"].get_object().get_data()
    assert b"<pdfuaid:part>1</pdfuaid:part>" in described
    assert b"<pdfaid:part>2</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance>" in described
    tags = [kind for kind, _ in tags_of(reader)]
    assert tags[0] == "Document"
    assert tags.count("H1") == 2
    assert tags.count("H2") == 6
    assert tags.count("TH") == 2
    # Names, birth date, address, participation, part, validity.
    assert tags.count("TD") == 2 * 7
    assert tags.count("LI") > 5
    assert tags.index("H1") < tags.index("Figure") < tags.index("Table") < tags.index("H2")
    (figure,) = [element for kind, element in tags_of(reader) if kind == "Figure"]
    assert figure["/Alt"] == "Strichcode (Code 128) der BAMF-Kennziffer 9012 3456 7890 12"
    headers = [element["/A"].get_object() for kind, element in tags_of(reader) if kind == "TH"]
    assert all("/Column" in str(header) for header in headers)


def test_it_is_read_in_the_order_of_the_page() -> None:
    text = printed()
    said = [
        "Ausländerbehörde",
        "Bestätigung",
        "9012",
        "Yıldırım",
        "Leyla",
        "17.04",
        "Lindenweg",
        "gültig bis",
    ]
    assert [text.index(each) for each in said] == sorted(text.index(each) for each in said)


def test_no_name_and_no_number_is_in_what_describes_the_file(tmp_path: Path) -> None:
    reader = opened(render(CONFIRMATION, AT), tmp_path)
    described = f"{reader.metadata}".encode() + reader.root_object["/Metadata"].get_object().get_data()  # type: ignore[union-attr]
    for secret in ("Yıldırım", "Leyla", "9012", "1991"):
        assert secret.encode() not in described


def test_the_same_input_gives_the_same_bytes_and_another_instant_others() -> None:
    assert render(CONFIRMATION, AT) == render(CONFIRMATION, AT)
    assert render(CONFIRMATION, AT) != render(CONFIRMATION, AT.replace(hour=1))


def test_our_own_words_are_of_the_characters_that_the_font_has() -> None:
    said = str(pages(CONFIRMATION, AT.date()))
    assert is_datatype_c(said.translate(str.maketrans("–„“", '-""')))
