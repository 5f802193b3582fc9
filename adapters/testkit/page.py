"""The booklet as one HTML page: German, readable with any aid, without scripts or anything from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from typing import TYPE_CHECKING, Final

from lxml import etree

from adapters.testkit.cases import Case, Group, all_groups
from adapters.testkit.deliveries import RECORDS
from adapters.testkit.leaf import Leaf
from adapters.testkit.parties import Reader, all_parties
from adapters.testkit.pki import Pki
from adapters.testkit.wording import expects, sends, when_it_differs, words
from gateway.clock import german_day

if TYPE_CHECKING:
    from lxml.etree import _Element

_SHOWN_AT_MOST: Final = 20_000
"""Octets of a document shown in the page itself; the large one lies in its file only."""


@dataclass(frozen=True)
class Page:
    """What is printed: the cases, whom they write to, the keys, the moment, the version of the program."""

    leaves: Sequence[Leaf]
    reader: Reader
    pki: Pki
    made: datetime
    version: str


def render(page: Page) -> bytes:
    """The page as HTML 5 in UTF-8."""
    said = words()
    html = etree.Element("html", lang="de")
    head = _add(html, "head")
    _add(head, "meta", charset="utf-8")
    _add(head, "meta", name="viewport", content="width=device-width, initial-scale=1")
    policy = {"http-equiv": "Content-Security-Policy"}
    _add(head, "meta", content="default-src 'none'; style-src 'unsafe-inline'", **policy)
    _add(head, "title", said["title"]["booklet"])
    _add(head, "style", resources.files(__package__).joinpath("booklet.css").read_text(encoding="utf-8"))
    body = _add(html, "body")
    _add(body, "a", said["page"]["skip"], href="#inhalt", **{"class": "skip"})
    header = _add(body, "header")
    _add(header, "h1", said["title"]["booklet"])
    _add(header, "p", said["title"]["subtitle"], **{"class": "subtitle"})
    _contents(_add(body, "nav", **{"aria-labelledby": "verzeichnis"}))
    main = _add(body, "main", id="inhalt", tabindex="-1")
    _about(main, page)
    _parties(main, page)
    _overview(main, page)
    for group in all_groups():
        _group(main, group, [each for each in page.leaves if each.case.group == group.id])
    made = said["page"]["made"].format(day=german_day(page.made).strftime("%d.%m.%Y"), version=page.version)
    _add(_add(body, "footer"), "p", made)
    text: bytes = etree.tostring(html, method="html", encoding="utf-8", doctype="<!DOCTYPE html>")
    return text + b"\n"


def _contents(nav: _Element) -> None:
    said = words()["page"]
    _add(nav, "h2", said["contents"], id="verzeichnis")
    entries = [("wozu", said["about"]), ("benutzen", said["use"]), ("immer", said["always"])]
    entries += [("stellen", said["parties"]), ("uebersicht", said["overview"])]
    entries += [(group.id, group.title_de) for group in all_groups()]
    listed = _add(nav, "ul")
    for anchor, title in entries:
        _add(_add(listed, "li"), "a", title, href=f"#{anchor}")


def _about(main: _Element, page: Page) -> None:
    said, always = words()["page"], words()["always"]
    _add(main, "h2", said["about"], id="wozu")
    _add(main, "p", said["about-text"].format(count=len(page.leaves)).strip())
    _add(main, "h2", said["use"], id="benutzen")
    _list(_add(main, "ol"), said["use-steps"])
    _add(main, "h2", said["always"], id="immer")
    _list(_add(main, "ul"), [text.format(reader=page.reader.kennung) for text in always.values()])


def _parties(main: _Element, page: Page) -> None:
    said = words()["page"]
    _add(main, "h2", said["parties"], id="stellen")
    facts = _add(main, "dl")
    until = page.pki.certificate("abh1").not_valid_after_utc
    for label, value in (
        (said["reader"], f"{page.reader.kennung}, {page.reader.name}"),
        (said["password"], page.pki.password),
        (said["valid-until"], german_day(until).strftime("%d.%m.%Y")),
    ):
        _add(facts, "dt", label)
        _add(facts, "dd", value)
    rows = [(f"keys/{each.id}.p12", each.name, each.kennung, each.kind) for each in all_parties().values()]
    _table(main, said["parties-caption"], said["columns-parties"], rows)
    keys = [(f"keys/{name}.p12", what) for name, what in words()["keys"].items()]
    _table(main, said["keys-caption"], said["columns-keys"], keys)


def _overview(main: _Element, page: Page) -> None:
    said = words()["page"]
    _add(main, "h2", said["overview"], id="uebersicht")
    rows = [(each.case.id, each.case.title_de, sends(each.case), expects(each.case)) for each in page.leaves]
    english = {each.case.id: each.case.title_en for each in page.leaves}
    _table(main, said["overview-caption"], said["columns-overview"], rows, english)


def _group(main: _Element, group: Group, leaves: Iterable[Leaf]) -> None:
    heading = _add(main, "h2", group.title_de, id=group.id)
    _english(heading, group.title_en)
    _add(main, "p", group.text)
    for leaf in leaves:
        _case(main, leaf)


def _case(main: _Element, leaf: Leaf) -> None:
    case, labels = leaf.case, words()["labels"]
    anchor = f"fall-{case.id}"
    section = _add(main, "section", **{"class": "case", "aria-labelledby": anchor})
    _english(_add(section, "h3", case.title_de, id=anchor), case.title_en)
    _add(section, "p", case.purpose)
    facts = _add(section, "dl")
    author = all_parties()[case.author]
    for label, value in (
        (labels["case"], f"`{case.id}`"),
        (labels["reference"], case.reference),
        (labels["sender"], f"keys/{case.sender}.p12"),
        (labels["author"], f"{author.name} ({author.kennung})"),
        (labels["sends"], sends(case)),
    ):
        _add(facts, "dt", label)
        _spoken(_add(facts, "dd"), value)
    _add(facts, "dt", labels["needs"])
    _needs(_add(facts, "dd"), case)
    if leaf.notes:
        _list(_add(section, "ul"), leaf.notes)
    _add(section, "h4", labels["checked"])
    _list(_add(section, "ul"), leaf.checks)
    _add(section, "h4", labels["differs"])
    _spoken(_add(section, "p"), when_it_differs(case))
    _add(section, "h4", labels["files"])
    _files(_add(section, "ul"), leaf)
    for name, label in (
        ("input.xml", labels["document"]),
        (RECORDS, labels["records"]),
        ("answer.xml", labels["answer"]),
    ):
        if name in leaf.files:
            _document(section, f"{label} – {case.title_de}", leaf.files[name])


def _needs(place: _Element, case: Case) -> None:
    if not case.needs:
        place.text = words()["labels"]["none"]
    for number, need in enumerate(sorted(case.needs)):
        link = _add(place, "a", need, href=f"#fall-{need}")
        link.tail = ", " if number + 1 < len(case.needs) else None


def _files(place: _Element, leaf: Leaf) -> None:
    said = words()["files"]
    for name in leaf.files:
        item = _add(place, "li")
        link = _add(item, "a", name, href=f"{leaf.folder}/{name}")
        link.tail = f": {said[name.partition('.')[0]]}"


def _document(section: _Element, label: str, content: bytes) -> None:
    if len(content) > _SHOWN_AT_MOST:
        return
    details = _add(section, "details")
    _add(details, "summary", label)
    shown = _add(details, "pre", tabindex="0", role="group", **{"aria-label": label})
    _add(shown, "code", content.decode().rstrip())


def _table(
    place: _Element,
    caption: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    english: Mapping[str, str] | None = None,
) -> None:
    """A table whose first column heads its rows; with `english` titles it is of cases and leads to them."""
    around = _add(place, "div", tabindex="0", role="region", **{"class": "scroll", "aria-label": caption})
    grid = _add(around, "table")
    _add(grid, "caption", caption)
    line = _add(_add(grid, "thead"), "tr")
    for column in columns:
        _add(line, "th", column, scope="col")
    body = _add(grid, "tbody")
    for first, *rest in rows:
        line = _add(body, "tr")
        head = _add(line, "th", None if english else first, scope="row")
        cells = [_add(line, "td", cell) for cell in rest]
        if english:
            _add(head, "a", first, href=f"#fall-{first}")
            _english(cells[0], english[first])


def _list(place: _Element, texts: Iterable[str]) -> None:
    for text in texts:
        _spoken(_add(place, "li"), text)


def _spoken(place: _Element, text: str) -> None:
    """Put a text in; what stands between back quotes is to be typed or lies in a file."""
    place.text, *parts = text.split("`")
    for code, after in zip(parts[::2], parts[1::2], strict=True):
        _add(place, "code", code).tail = after


def _english(heading: _Element, title: str) -> None:
    _add(heading, "span", title, lang="en", **{"class": "english"})


def _add(parent: _Element, tag: str, text: str | None = None, /, **attributes: str) -> _Element:
    element = etree.SubElement(parent, tag, attributes)
    element.text = text
    return element
