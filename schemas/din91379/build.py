"""Builds the schema file of the DIN 91379 data types from the character table.

Run `python -m schemas.din91379.build` after a change of the table; a test holds the committed file
to the output of this module.

The order of the branches is a measured one for libxml2, which tries them one after the other and steps
back only where a character may also begin a sequence: plain ASCII first, then Latin-1 and the first
extension, then the rest, sequences last. Plain text costs about 30 ns a character; a pattern without any
stepping back, with the marks as optional tails of their letters, took ten times as long. Both are linear
in the length of the text, since no text can be split into listed pieces in two ways.
"""

from collections.abc import Iterable
from pathlib import Path

from schemas.din91379.characters import DATATYPES, characters_of

NAMESPACE = "urn:xoev-de:kosit:xoev:datentyp:din-91379_2022-08"
TARGET = (
    Path(__file__).resolve().parents[1] / "xoev" / "din91379" / "2022-08" / "din-norm-91379-datatypes.xsd"
)

_DOCUMENTATION = {
    "datatypeA": "Namen natürlicher Personen: lateinische Buchstaben und die Nicht-Buchstaben der Gruppe N1.",
    "datatypeB": "Sonstige Namen: Datentyp A und die Nicht-Buchstaben der Gruppe N2.",
    "datatypeC": "Freier Text: Datentyp B und die Nicht-Buchstaben der Gruppen N3 und N4.",
    "datatypeD": "Datentyp B mit N3, griechischen Buchstaben und den erweiterten Nicht-Buchstaben E1.",
    "datatypeE": "Freier Text mit griechischen und kyrillischen Buchstaben und allen Nicht-Buchstaben.",
}

_HEAD = f"""<?xml version="1.0" encoding="UTF-8"?>
<!-- Erzeugt von schemas/din91379/build.py aus characters.tsv; nicht von Hand ändern.
     Zeichen nach DIN 91379:2022-08, Liste String-Latin/DIN-91379-Characters-and-Sequences 1.3, CC BY 4.0. -->
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"
           xmlns:din91379="{NAMESPACE}"
           targetNamespace="{NAMESPACE}"
           version="2022-08" elementFormDefault="qualified" attributeFormDefault="unqualified">
  <xs:annotation>
    <xs:appinfo>
      <standard>
        <nameLang>Datentypen für die Zeichen der DIN 91379</nameLang>
        <nameKurz>DIN-91379-Datentypen</nameKurz>
        <nameTechnisch>din-91379-datatypes</nameTechnisch>
        <kennung>{NAMESPACE}</kennung>
        <beschreibung>Eigene Fassung der fünf Zeichen-Datentypen, aus der öffentlichen Zeichenliste \
gebaut.</beschreibung>
      </standard>
      <versionStandard>
        <version>2022-08</version>
      </versionStandard>
    </xs:appinfo>
  </xs:annotation>
"""


def _escaped(char: str) -> str:
    if ord(char) < 0x20 or char == "\xa0":
        return f"&#{ord(char)};"
    if char in "\\[]-^.|?*+(){}":
        return f"\\{char}"
    return {"&": "&amp;", "<": "&lt;", '"': "&quot;"}.get(char, char)


def _ranges(points: list[int]) -> Iterable[tuple[int, int]]:
    first = last = points[0]
    for point in points[1:]:
        if point != last + 1:
            yield first, last
            first = point
        last = point
    yield first, last


def _character_class(chars: Iterable[str]) -> str:
    points = sorted(map(ord, chars))
    parts = []
    for first, last in _ranges(points):
        dash = "" if last - first < 2 else "-"
        parts.append(_escaped(chr(first)) + (dash + _escaped(chr(last)) if last > first else ""))
    return f"[{''.join(parts)}]"


def _tails(sequences: Iterable[str]) -> str:
    """Return the tail after a common beginning, as one branch per next mark."""
    by_mark: dict[str, set[str]] = {}
    for sequence in sequences:
        by_mark.setdefault(sequence[0], set()).add(sequence[1:])
    endings = sorted(mark for mark, rest in by_mark.items() if rest == {""})
    branches = [endings[0] if len(endings) == 1 else f"[{''.join(endings)}]"] if endings else []
    for mark, rest in sorted(by_mark.items()):
        if rest != {""}:
            tail = _tails(text for text in rest if text)
            branches.append(mark + (f"({tail})?" if "" in rest else f"({tail})"))
    return "|".join(branches)


def pattern(datatype: str) -> str:
    """Return the XSD pattern of one data type, escaped for an attribute value.

    In: `datatypeA` to `datatypeE`. Raises KeyError for any other name.
    """
    texts = characters_of(datatype)
    singles = [text for text in texts if len(text) == 1]
    branches = [
        _character_class(char for char in singles if low <= ord(char) < high)
        for low, high in ((0, 0x80), (0x80, 0x180), (0x180, 0x10000))
    ]
    by_base: dict[str, list[str]] = {}
    for text in texts:
        if len(text) > 1:
            by_base.setdefault(text[0], []).append(text[1:])
    by_tail: dict[str, list[str]] = {}
    for base, sequences in by_base.items():
        by_tail.setdefault(_tails(sequences), []).append(base)
    for tail, bases in sorted(by_tail.items(), key=lambda item: item[1]):
        start = _escaped(bases[0]) if len(bases) == 1 else _character_class(bases)
        branches.append(f"{start}({tail})")
    return f"({'|'.join(branches)})*"


def render() -> str:
    """Return the whole schema file as text (UTF-8 when written)."""
    types = []
    for datatype in DATATYPES:
        types.append(
            f'  <xs:simpleType name="{datatype}">\n'
            f"    <xs:annotation>\n"
            f"      <xs:documentation>{_DOCUMENTATION[datatype]}</xs:documentation>\n"
            f"    </xs:annotation>\n"
            f'    <xs:restriction base="xs:string">\n'
            f'      <xs:pattern value="{pattern(datatype)}"/>\n'
            f"    </xs:restriction>\n"
            f"  </xs:simpleType>\n"
        )
    return _HEAD + "".join(types) + "</xs:schema>\n"


if __name__ == "__main__":
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(render(), encoding="utf-8")
