"""Loads the character and search form tables and answers questions about text.

The tables lie beside this file as data; they were made from the code points of the public list
String-Latin/DIN-91379-Characters-and-Sequences 1.3 (CC BY 4.0).
"""

import functools
import re
import unicodedata
from collections.abc import Iterable, Mapping
from importlib import resources

#: Groups of characters that make up each data type of DIN 91379 (clause "Datentypen A to E").
DATATYPES: Mapping[str, frozenset[str]] = {
    "datatypeA": frozenset({"letter", "N1"}),
    "datatypeB": frozenset({"letter", "N1", "N2"}),
    "datatypeC": frozenset({"letter", "N1", "N2", "N3", "N4"}),
    "datatypeD": frozenset({"letter", "N1", "N2", "N3", "E1", "greek"}),
    "datatypeE": frozenset({"letter", "N1", "N2", "N3", "N4", "E1", "greek", "cyrillic"}),
}


def _rows(name: str) -> Iterable[tuple[str, str]]:
    text = resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            code_points, value = line.split("\t")
            yield "".join(chr(int(point, 16)) for point in code_points.split()), value


@functools.cache
def load_characters() -> Mapping[str, str]:
    """Return every listed character or sequence with its group.

    Out: mapping from the text (one to three code points, NFC) to one of letter, N1, N2, N3, N4,
    combining, greek, cyrillic, E1.
    """
    return dict(_rows("characters.tsv"))


def characters_of(datatype: str) -> list[str]:
    """Return the characters and sequences of one data type, sorted by code points.

    In: `datatypeA` to `datatypeE`. Raises KeyError for any other name. Combining marks alone are in
    no data type; they count only inside the listed sequences.
    """
    groups = DATATYPES[datatype]
    return sorted(text for text, group in load_characters().items() if group in groups)


@functools.cache
def _search_forms() -> tuple[Mapping[str, str], re.Pattern[str]]:
    forms = dict(_rows("search_form.tsv"))
    longest_first = sorted(forms, key=len, reverse=True)
    return forms, re.compile("|".join(map(re.escape, longest_first)))


@functools.cache
def _datatype_c() -> re.Pattern[str]:
    longest_first = sorted(characters_of("datatypeC"), key=len, reverse=True)
    return re.compile(f"(?:{'|'.join(map(re.escape, longest_first))})*")


def search_form(text: str) -> str:
    """Return the text with every letter replaced by its basic letters A to Z.

    In: any text; it is brought to NFC first. Out: capital letters for all listed letters (Ä becomes AE,
    ß becomes SS); combining marks without a listed sequence fall away; every other character stays as
    it is, so blanks, hyphens and apostrophes are still there for the caller to judge.
    """
    forms, letters = _search_forms()
    replaced = letters.sub(lambda match: forms[match.group()], unicodedata.normalize("NFC", text))
    return "".join(char for char in replaced if not unicodedata.combining(char))


def beyond_datatype_c(text: str) -> str:
    """Return the characters of a text that are not of data type C, each once; nothing where all are."""
    found: dict[str, None] = {}
    position = 0
    while True:
        match = _datatype_c().match(text, position)
        position = position if match is None else match.end()
        if position == len(text):
            return "".join(found)
        found[text[position]] = None
        position += 1


def is_datatype_c(text: str) -> bool:
    """Tell whether a text consists only of characters and sequences of data type C.

    In: the text exactly as it would stand in a document; nothing is normalised. The empty text passes,
    as it does in the schema.
    """
    return _datatype_c().fullmatch(text) is not None
