"""Makes the fonts of the printed pages out of Noto Sans: `python -m adapters.print.build_fonts FOLDER`.

Two things are changed. Every sequence of a letter and marks of DIN 91379 becomes one glyph of its own: where
they stay several glyphs, programs that read a PDF aloud or copy from it give the letter twice or without its
marks. And what the norm and our own words do not need is left out. The outlines are Noto's.
"""

from __future__ import annotations

import sys
from importlib import resources
from pathlib import Path
from typing import Any, Final

import uharfbuzz
from fontTools.feaLib.builder import addOpenTypeFeaturesFromString
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

from schemas.din91379.characters import load_characters

FAMILY: Final = "InGe Sans"
_STYLES: Final = ("Regular", "Bold")
_MADE_OF: Final = "Made of Noto Sans 2.004 by adapters/print/build_fonts.py"
_FAMILY_NAME, _UNIQUE, _FULL_NAME, _POSTSCRIPT, _DESCRIPTION = 1, 3, 4, 6, 10
_LIGATURES: Final = "languagesystem DFLT dflt; languagesystem latn dflt;\nfeature ccmp {{\n{}\n}} ccmp;"


def build(source: Path, style: str) -> TTFont:
    """Return one font of the family. In: the file of Noto Sans in that style."""
    font = TTFont(source, recalcTimestamp=False)
    letters = uharfbuzz.Font(uharfbuzz.Face(source.read_bytes()))
    characters = load_characters()
    ligatures = [
        _one_glyph(font, letters, text) for text in sorted(characters, key=len, reverse=True) if len(text) > 1
    ]
    del font["GSUB"]
    addOpenTypeFeaturesFromString(font, _LIGATURES.format("\n".join(ligatures)), tables=["GSUB"])
    wanted = set("".join(characters)) | set(_own_words())
    subsetter = Subsetter(
        Options(
            hinting=False, layout_features=["ccmp", "kern", "mark", "mkmk"], name_IDs=["*"], glyph_names=False
        )
    )
    subsetter.populate(unicodes=[ord(char) for char in wanted])
    subsetter.subset(font)
    _name(font, style)
    return font


def _one_glyph(font: Any, letters: Any, text: str) -> str:
    """Add a glyph that looks as the letter and its marks do; return the rule that takes it for them."""
    buffer = uharfbuzz.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    uharfbuzz.shape(letters, buffer)
    pen, at = TTGlyphPen(font.getGlyphSet()), 0
    for info, position in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
        part = font.getGlyphName(info.codepoint)
        pen.addComponent(part, (1, 0, 0, 1, at + position.x_offset, position.y_offset))
        at += position.x_advance
    name = "_".join(f"u{ord(char):04X}" for char in text)
    glyph = pen.glyph()
    font["glyf"][name] = glyph
    glyph.recalcBounds(font["glyf"])
    font["hmtx"][name] = (at, glyph.xMin)
    cmap = font.getBestCmap()
    return f"sub {' '.join(cmap[ord(char)] for char in text)} by {name};"


def _own_words() -> str:
    return resources.files("adapters.print").joinpath("words.toml").read_text(encoding="utf-8") + "•"


def _name(font: Any, style: str) -> None:
    names = font["name"]
    texts = {
        _FAMILY_NAME: FAMILY,
        _UNIQUE: f"{FAMILY} {style}; {_MADE_OF}",
        _FULL_NAME: f"{FAMILY} {style}",
        _POSTSCRIPT: f"{FAMILY.replace(' ', '')}-{style}",
        _DESCRIPTION: _MADE_OF,
    }
    for number, text in texts.items():
        names.removeNames(nameID=number)
        names.setName(text, number, 3, 1, 0x409)


def main() -> None:
    """Read Noto Sans from the folder named, write the fonts beside this file."""
    source, target = Path(sys.argv[1]), Path(__file__).with_name("fonts")
    for style in _STYLES:
        build(source / f"NotoSans-{style}.ttf", style).save(target / f"InGeSans-{style}.ttf")


if __name__ == "__main__":
    main()
