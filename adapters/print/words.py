"""A confirmation in German words: everything that stands on the pages, in the order of the template."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from importlib import resources
from typing import Any, Final

from adapters.print.barcode import code128
from adapters.print.confirmation import Confirmation, NotPrintableError
from messages.values import PartialDate

GROUP: Final = 4
"""Characters of a number between two blanks."""


def pages(confirmation: Confirmation, day: date) -> dict[str, Any]:
    """Return what the template lays out, JSON-able: plain texts, never markup.

    In: what is confirmed, and the day that the pages bear. Raises NotPrintableError for a kind of right that
    has no words, ModuleNotFoundError without the extra `print`.
    """
    words = _words()
    kind = words["kinds"].get(confirmation.art)
    if kind is None:
        raise NotPrintableError(f"there is no form for a right of kind {confirmation.art}")
    form = words["form"]
    number = grouped(confirmation.number)
    title = f"{form['title']} – {kind['form']}"
    return {
        "title": title,
        "heading": form["title"],
        "subject": form["subject"].format(form=kind["form"]),
        "issuer": [form["issuer"], confirmation.issuer],
        "created": [form["created"], _day(day)],
        "test": form["test"] if confirmation.test else None,
        "number": {"label": form["number"], "text": number, "hint": form["number_hint"]},
        "barcode": {**code128(confirmation.number), "alt": form["barcode"].format(number=number)},
        "columns": [form["entry"], form["value"]],
        "rows": [
            {"label": label, "lines": lines, "hint": hint} for label, lines, hint in _rows(confirmation, kind)
        ],
        "closing": form["made_by_machine"],
        "page": form["page"],
        "leaflet": {
            "title": words["leaflet"]["title"],
            "sections": list(_sections(confirmation, kind["class"])),
        },
    }


def grouped(number: str) -> str:
    """Return a number in groups that can be read aloud."""
    return " ".join(number[start : start + GROUP] for start in range(0, len(number), GROUP))


def _rows(confirmation: Confirmation, kind: Mapping[str, Any]) -> Iterator[tuple[str, list[str], str | None]]:
    words = _words()
    labels, values = words["labels"], words["values"]
    yield labels["surname"], [confirmation.surname or values["no_name"]], None
    yield labels["first_name"], [confirmation.first_name or values["no_name"]], None
    yield labels["birth"], [_birth(confirmation.birth, values)], None
    if confirmation.address:
        yield labels["address"], list(confirmation.address), None
    yield labels["participation"], [kind["participation"]], None
    yield labels["part"], [words["parts"][confirmation.part or kind.get("part", "whole")]], None
    if confirmation.valid_until is None:
        yield labels["validity"], [values["unlimited"]], values["unlimited_hint"]
    else:
        until = values["until"].format(day=_day(confirmation.valid_until))
        yield labels["validity"], [until], values["until_hint"]
    if "obligation" in kind:
        obligation = words["obligation"]
        basis = obligation["text"].format(number=kind["obligation"])
        yield labels["obligation"], [basis], obligation["hint"]


def _sections(confirmation: Confirmation, class_of_kind: str) -> Iterator[dict[str, Any]]:
    until = confirmation.valid_until
    for section in _words()["leaflet"]["sections"]:
        passages = [
            {
                "item": passage.get("item", False),
                "text": passage["text"].format(until=None if until is None else _day(until)),
            }
            for passage in section["passages"]
            if class_of_kind in passage.get("classes", (class_of_kind,))
            and passage.get("limited", until is not None) == (until is not None)
        ]
        yield {"heading": section["heading"], "passages": passages}


def _birth(birth: PartialDate, values: Mapping[str, str]) -> str:
    if birth.month is None:
        return values["month_unknown"].format(year=birth.year)
    if birth.day is None:
        return values["day_unknown"].format(year=birth.year, month=birth.month)
    return _day(date(birth.year, birth.month, birth.day))


def _day(day: date) -> str:
    return f"{day.day:02d}.{day.month:02d}.{day.year:04d}"


@cache
def _words() -> Mapping[str, Any]:
    text = resources.files("adapters.print").joinpath("words.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
