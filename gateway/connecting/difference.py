"""Two documents field by field: every place where they say something else, with both values.

A field is the text of an element without children, or an attribute. Compared is what the documents say, as it
stands: every letter and blank of a field counts, nothing of the content is left aside. What only writes the
same thing otherwise makes no difference (`NOT_COMPARED`).
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Final

from lxml import etree

NOT_COMPARED: Final = (
    ("Leerraum zwischen Elementen", "blanks between elements"),
    ("Präfixe der Namensräume", "the prefixes of namespaces"),
    ("Reihenfolge der Attribute", "the order of attributes"),
    ("XML-Deklaration und Schreibweise von Zeichen", "the XML declaration and how characters are escaped"),
)
"""What says nothing, in German and English, for the reader of a report."""

_XSI_TYPE: Final = "{http://www.w3.org/2001/XMLSchema-instance}type"


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where two documents differ. A side is None where it has no such field.

    `path` names elements without prefixes, with a number where there are several, an attribute after "@".
    `hint` says in English how two values that look alike differ.
    """

    path: str
    supplied: str | None
    sent: str | None
    hint: str | None = None


def differences(supplied: etree._Element, sent: etree._Element) -> tuple[Difference, ...]:
    """Return every difference between two documents, in their order; none if they say the same."""
    path = f"/{etree.QName(supplied).localname}"
    if supplied.tag != sent.tag:
        return (Difference(path, str(supplied.tag), str(sent.tag)),)
    return tuple(_compare(supplied, sent, path))


def _compare(supplied: etree._Element, sent: etree._Element, path: str) -> Iterator[Difference]:
    for name in sorted({*map(str, supplied.attrib), *map(str, sent.attrib)}):
        yield from _values(f"{path}/@{_local(name)}", _attribute(supplied, name), _attribute(sent, name))
    ours, theirs = list(supplied), list(sent)
    if ours or theirs:
        yield from _children(ours, theirs, path)
        yield from _values(path, _loose_text(supplied), _loose_text(sent))
    else:
        yield from _values(path, supplied.text or "", sent.text or "")


def _children(
    supplied: Sequence[etree._Element], sent: Sequence[etree._Element], path: str
) -> Iterator[Difference]:
    tags = list(dict.fromkeys(str(each.tag) for each in (*supplied, *sent)))
    paired = []
    for tag in tags:
        ours = [each for each in supplied if each.tag == tag]
        theirs = [each for each in sent if each.tag == tag]
        several = max(len(ours), len(theirs)) > 1
        for one, other in _aligned(ours, theirs):
            number = ours.index(one) if one is not None else theirs.index(other)
            place = f"{path}/{_local(tag)}" + (f"[{number + 1}]" if several else "")
            if one is not None and other is not None:
                paired.append((supplied.index(one), sent.index(other)))
                yield from _compare(one, other, place)
            elif one is not None:
                yield from _alone(one, place, sent_only=False)
            else:
                yield from _alone(other, place, sent_only=True)
    places = [there for _, there in sorted(paired)]
    if places != sorted(places):
        yield Difference(
            path,
            " ".join(_local(str(each.tag)) for each in supplied),
            " ".join(_local(str(each.tag)) for each in sent),
            "the same elements in another order",
        )


def _aligned(ours: Sequence[etree._Element], theirs: Sequence[etree._Element]) -> Iterator[tuple[Any, Any]]:
    """Pair elements of one name: in order, or, where one side has more, first those that say the same."""
    if len(ours) == len(theirs):
        yield from zip(ours, theirs, strict=True)
        return
    matcher = SequenceMatcher(a=list(map(_said, ours)), b=list(map(_said, theirs)), autojunk=False)
    for _, begin, end, other_begin, other_end in matcher.get_opcodes():
        for step in range(max(end - begin, other_end - other_begin)):
            one, other = begin + step, other_begin + step
            yield ours[one] if one < end else None, theirs[other] if other < other_end else None


def _said(element: etree._Element) -> str:
    """What an element says, as a text of its own for aligning."""
    attributes = sorted((str(name), str(value)) for name, value in element.attrib.items())
    inner = [_said(child) for child in element] or [element.text or ""]
    return repr((str(element.tag), attributes, inner))


def _alone(element: etree._Element, path: str, *, sent_only: bool) -> Iterator[Difference]:
    """Yield every field of an element that one side lacks."""

    def missing(place: str, value: str) -> Difference:
        return Difference(place, None, value) if sent_only else Difference(place, value, None)

    for name in sorted(map(str, element.attrib)):
        yield missing(f"{path}/@{_local(name)}", _attribute(element, name) or "")
    if not len(element):
        yield missing(path, element.text or "")
    counts: dict[str, int] = {}
    tags = [str(child.tag) for child in element]
    for child in element:
        tag = str(child.tag)
        counts[tag] = counts.get(tag, 0) + 1
        number = f"[{counts[tag]}]" if tags.count(tag) > 1 else ""
        yield from _alone(child, f"{path}/{_local(tag)}{number}", sent_only=sent_only)


def _values(path: str, supplied: str | None, sent: str | None) -> Iterator[Difference]:
    if supplied != sent:
        yield Difference(path, supplied, sent, _hint(supplied, sent))


def _attribute(element: etree._Element, name: str) -> str | None:
    value = element.get(name)
    if value is None or name != _XSI_TYPE:
        return value
    prefix, colon, local = value.strip().rpartition(":")
    namespace = element.nsmap.get(prefix if colon else None)
    return value if namespace is None else f"{{{namespace}}}{local}"


def _loose_text(element: etree._Element) -> str:
    """Text beside child elements, without the blanks around them; the contracts know none."""
    parts = [element.text, *(child.tail for child in element)]
    return " ".join(part.strip() for part in parts if part and part.strip())


def _hint(supplied: str | None, sent: str | None) -> str | None:
    """Say how two values differ that a reader may take for the same."""
    if not supplied or not sent:
        return None
    if supplied.split() == sent.split():
        return "only blanks differ"
    if unicodedata.normalize("NFC", supplied) == unicodedata.normalize("NFC", sent):
        return "the same letters, composed of other characters"
    if supplied.casefold() == sent.casefold():
        return "only capitals differ"
    return None


def _local(name: str) -> str:
    return name.rpartition("}")[2]
