"""Characters of DIN 91379: what is allowed, and the search form."""

import time
import unicodedata

import pytest
from lxml import etree

from schemas.din91379 import is_datatype_c, load_characters, search_form
from schemas.din91379.build import TARGET, pattern
from schemas.din91379.characters import characters_of
from schemas.model import XS


@pytest.fixture(scope="module")
def text_schema() -> etree.XMLSchema:
    namespace = "urn:xoev-de:kosit:xoev:datentyp:din-91379_2022-08"
    document = etree.fromstring(
        f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:c="{namespace}">'
        f'<xs:import namespace="{namespace}" schemaLocation="{TARGET.as_uri()}"/>'
        '<xs:element name="t" type="c:datatypeC"/></xs:schema>'
    )
    return etree.XMLSchema(document)


def _element(text: str) -> etree._Element:
    element = etree.Element("t")
    element.text = text
    return element


def test_table_has_the_published_numbers() -> None:
    groups = list(load_characters().values())
    counted = {group: groups.count(group) for group in set(groups)}
    assert counted == {
        "letter": 649,
        "N1": 18,
        "N2": 60,
        "N3": 6,
        "N4": 4,
        "combining": 20,
        "greek": 69,
        "cyrillic": 62,
        "E1": 42,
    }
    assert all(unicodedata.normalize("NFC", text) == text for text in load_characters())


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("", True),
        ("Ağaoğlu-Çelik, geb. Müller’s", True),
        ("C\u0328\u0306", True),
        ("C\u0328", False),
        ("A\u0308", False),
        ("\u0308", False),
        ("Жуков", False),
        ("α", False),
        ("a\nb\tc\u00a0d", True),
        ("a\u00adb", False),
        ("a\u200bb", False),
    ],
)
def test_text_c(text: str, allowed: bool, text_schema: etree.XMLSchema) -> None:
    assert is_datatype_c(text) == allowed
    assert text_schema(_element(text)) == allowed


def test_function_and_schema_agree_on_every_character(text_schema: etree.XMLSchema) -> None:
    points = [point for point in range(0x20, 0x3000) if not 0x7F <= point < 0xA0]
    different = [hex(p) for p in points if text_schema(_element(chr(p))) != is_datatype_c(chr(p))]
    assert different == []
    for text in characters_of("datatypeC"):
        if text != "\r":
            assert text_schema(_element(text)), ascii(text)


def test_a_and_b_have_no_line_breaks() -> None:
    for datatype in ("datatypeA", "datatypeB", "datatypeD"):
        assert "&#10;" not in pattern(datatype)
    assert "&#9;" in pattern("datatypeC")


def test_unknown_data_type_is_refused() -> None:
    with pytest.raises(KeyError):
        pattern("datatypeF")


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("Müller", "MUELLER"),
        ("Mueller", "MUELLER"),
        ("Muller", "MULLER"),
        ("Weiß", "WEISS"),
        ("Ğağ ı", "GAG I"),
        ("Łódź-Nord", "LODZ-NORD"),
        ("O’Neil", "O’NEIL"),
        ("C\u0328\u0306a", "CA"),
        ("u\u0308", "UE"),
        ("q\u0301", "Q"),
        ("", ""),
    ],
)
def test_search_form(text: str, form: str) -> None:
    assert search_form(text) == form


def test_every_letter_has_a_search_form_of_basic_letters() -> None:
    letters = [text for text, group in load_characters().items() if group == "letter"]
    for letter in letters:
        form = search_form(letter)
        assert set(form) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), ascii(letter)
        assert form, ascii(letter)


def test_validation_time_grows_with_the_length_only(text_schema: etree.XMLSchema) -> None:
    """A refused text of sequences, the worst case for stepping back, must not cost quadratic time."""

    def cost(length: int) -> float:
        element = _element("C\u0328\u0306a" * length + "Ж")
        best = float("inf")
        for _ in range(5):
            start = time.process_time()
            assert not text_schema(element)
            best = min(best, time.process_time() - start)
        return best

    # Ten times the text; quadratic growth would be a hundredfold.
    assert cost(20_000) < 40 * max(cost(2_000), 0.0005)


def test_committed_file_holds_all_five_types() -> None:
    names = [node.get("name") for node in etree.parse(TARGET).iter(f"{XS}simpleType")]
    assert names == [f"datatype{letter}" for letter in "ABCDE"]
