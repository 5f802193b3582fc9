"""The bundled fonts have every character and sequence of DIN 91379, and keep each in one piece."""

import json
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import typst
from fontTools.ttLib import TTFont

import adapters.print.words as words
from schemas.din91379.characters import characters_of, load_characters
from tests.support.pdf import letters_of, text_of

FOLDER = Path(str(resources.files("adapters.print"))) / "fonts"
STYLES = {"regular": "Regular", "bold": "Bold"}
FALLBACK = set("∞≤≥")
"""Three signs that only data types D and E have, for formulas; Typst's own font has them."""
CONTROLS = set("\t\n\r")
PAGE = """
#set document(title: "x")
#set text(font: ("InGe Sans", "DejaVu Sans Mono"), fallback: false, weight: sys.inputs.weight, lang: "de")
#for each in json(bytes(sys.inputs.texts)) [#each #h(1em) ]
"""


def _font(style: str) -> Any:
    return TTFont(FOLDER / f"InGeSans-{style}.ttf")


@pytest.mark.parametrize("style", STYLES.values())
def test_every_character_has_a_glyph(style: str) -> None:
    known = set(map(chr, _font(style).getBestCmap()))
    wanted = set("".join(load_characters())) - CONTROLS
    assert wanted - known == FALLBACK
    # What names, addresses and agencies are written in is all in the font itself.
    assert set("".join(characters_of("datatypeC"))) - CONTROLS <= known
    assert set(json.dumps(words._words(), ensure_ascii=False)) <= known


@pytest.mark.parametrize("style", STYLES.values())
def test_every_sequence_is_one_glyph(style: str) -> None:
    font = _font(style)
    cmap, order = font.getBestCmap(), font.getReverseGlyphMap()
    single = {
        (first, *ligature.Component): ligature.LigGlyph
        for lookup in font["GSUB"].table.LookupList.Lookup
        for table in lookup.SubTable
        for first, ligatures in getattr(table, "ExtSubTable", table).ligatures.items()
        for ligature in ligatures
    }
    sequences = [text for text in load_characters() if len(text) > 1]
    assert len(sequences) > 100
    for text in sequences:
        assert single[tuple(cmap[ord(char)] for char in text)] in order


@pytest.mark.parametrize("weight", STYLES)
def test_what_is_printed_can_be_copied_again(weight: str) -> None:
    texts = [
        text
        for text, group in load_characters().items()
        if group != "combining" and text.strip() and not set(text) & CONTROLS
    ]
    # First as sequences, then alone: a letter must not take over the marks of a sequence seen before it.
    texts.sort(key=len, reverse=True)
    pdf = typst.compile(
        PAGE.encode(),
        font_paths=typst.Fonts(include_system_fonts=False, font_paths=[str(FOLDER)]),
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"texts": json.dumps(texts), "weight": weight},
        pdf_standards=["a-2a", "ua-1"],
        timestamp=0,
    )
    assert letters_of(text_of(pdf)) == letters_of("".join(texts))


def test_the_licence_lies_beside_the_fonts() -> None:
    text = (FOLDER / "OFL.txt").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE" in text
    assert "Copyright 2015 Google LLC" in text
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < 200_000
