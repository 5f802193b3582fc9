"""Weak candidates: two persons that may be one although their keys differ, each with its reasons in words.

Nothing here is asked on the way of a message, and nothing here blocks one.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any, Final

from gateway.identity import key_of
from gateway.normalise import KeyProfile, PersonKey, genders_agree
from schemas.din91379 import search_form
from store.records import PersonRecord

_ALIKE: Final = 0.7
"""Share of letters that two first names have in common, in order, to be called alike."""
_LONGEST: Final = 300
"""Letters of a form that count. The standard limits no name, an index row of PostgreSQL ends at 2704 bytes,
and comparing takes time by the square of the length."""


class NameKind(StrEnum):
    """Where a name stands. All but FIRST are surnames."""

    SURNAME = "surname"
    FURTHER = "further"
    BIRTH = "birth"
    FORMER = "former"
    VARIANT = "variant"
    FIRST = "first"


_OTHER_SURNAMES: Final = {
    "weiterer_nachname": NameKind.FURTHER,
    "geburtsname": NameKind.BIRTH,
    "fruehere_nachnamen": NameKind.FORMER,
    "abweichende_schreibweisen_nachname": NameKind.VARIANT,
}
"""Where the other surnames stand in a person's details."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason of a hint: its code, and for two names that meet what kind of name each is."""

    code: str
    one: str | None = None
    other: str | None = None

    @property
    def german(self) -> str:
        """Return the reason in German words."""
        return self._in("de")

    @property
    def english(self) -> str:
        """Return the reason in English words."""
        return self._in("en")

    def as_data(self) -> dict[str, str]:
        """Return the reason as the store keeps it: codes, no names of persons."""
        parts = {"code": self.code, "one": self.one, "other": self.other}
        return {name: value for name, value in parts.items() if value is not None}

    def _in(self, language: str) -> str:
        words = _words()
        kinds = {
            place: words["kind"][kind][language]
            for place, kind in (("one", self.one), ("other", self.other))
            if kind is not None
        }
        text: str = words["reason"][self.code][language]
        return text.format(**kinds)


@dataclass(frozen=True, slots=True)
class Appearance:
    """A person as hints see it, stored or only reported: the key, and every name in its search form."""

    key: PersonKey
    forms: Mapping[NameKind, frozenset[str]]

    @property
    def birth_year(self) -> int:
        """Return the year of birth, which every precision has."""
        return int(self.key.birth[:4])

    @property
    def surname_forms(self) -> frozenset[str]:
        """Return the search forms of all surnames, those of other kinds too."""
        return frozenset(
            form for kind, forms in self.forms.items() if kind is not NameKind.FIRST for form in forms
        )

    def form(self, kind: NameKind) -> str:
        """Return the only form of the surname or the first name, an empty text where there is none."""
        return next(iter(self.forms.get(kind, ())), "")

    def rows(self) -> Iterator[tuple[str, str]]:
        """Yield kind and form as the search index keeps them; at least one, which marks who was indexed."""
        yield NameKind.SURNAME.value, self.form(NameKind.SURNAME)
        for kind, forms in self.forms.items():
            if kind is not NameKind.SURNAME:
                yield from ((kind.value, form) for form in sorted(forms))


def appearance(
    key: PersonKey, surname: str | None, first_name: str | None, details: Mapping[str, Any]
) -> Appearance:
    """Return how a person appears. In: the key, both names as sent, the personal data as JSON."""
    names: dict[NameKind, list[str | None]] = {NameKind.SURNAME: [surname], NameKind.FIRST: [first_name]}
    for field, kind in _OTHER_SURNAMES.items():
        sent = details.get(field, ())
        names[kind] = [name.get("text") for name in (sent if isinstance(sent, list) else [sent]) if name]
    forms = {
        kind: frozenset(form for text in texts if text and (form := whole_form(text)))
        for kind, texts in names.items()
    }
    return Appearance(key, {kind: found for kind, found in forms.items() if found})


def appearance_of(person: PersonRecord) -> Appearance:
    """Return how a stored person appears."""
    return appearance(key_of(person), person.surname, person.first_name, person.details)


def whole_form(name: str) -> str:
    """Return the search form of a whole name, of a very long one its beginning.

    How the parts of a name are joined does not count.
    """
    return "".join(char for char in search_form(name) if char.isalnum())[:_LONGEST]


def compare(one: Appearance, other: Appearance) -> tuple[Reason, ...]:
    """Return why the two may be one person; nothing where they may not, or where their keys hit anyway.

    A surname, the birth date and the first name must meet in some way; each way but equality is a reason.
    """
    if one.key.hits(other.key, KeyProfile.SEED2012):
        return ()
    birth = _birth(one.key.birth, other.key.birth)
    if birth is None:
        return ()
    names = _swapped(one, other) or _names(one, other)
    if names is None:
        return ()
    gender = () if genders_agree(one.key.gender, other.key.gender) else (Reason("gender"),)
    return (*names, *birth, *gender)


def _birth(one: str, other: str) -> tuple[Reason, ...] | None:
    if one == other:
        return ()
    short, long = sorted((one, other), key=len)
    return (Reason("birth-less-precise"),) if long.startswith(f"{short}-") else None


def _swapped(one: Appearance, other: Appearance) -> tuple[Reason, ...] | None:
    surname, first = one.form(NameKind.SURNAME), one.form(NameKind.FIRST)
    if not surname or not first or surname == first:
        return None
    meets = (surname, first) == (other.form(NameKind.FIRST), other.form(NameKind.SURNAME))
    return (Reason("swapped"),) if meets else None


def _names(one: Appearance, other: Appearance) -> tuple[Reason, ...] | None:
    surnames, firsts = _surnames(one, other), _first_names(one, other)
    return None if surnames is None or firsts is None else (*surnames, *firsts)


def _surnames(one: Appearance, other: Appearance) -> tuple[Reason, ...] | None:
    if one.key.surname == other.key.surname:
        return ()
    if one.form(NameKind.SURNAME) and one.form(NameKind.SURNAME) == other.form(NameKind.SURNAME):
        return (Reason("surname-form"),)
    met = tuple(
        Reason("other-name", kind.value, other_kind.value)
        for kind, forms in one.forms.items()
        for other_kind, other_forms in other.forms.items()
        if NameKind.FIRST not in (kind, other_kind) and forms & other_forms
    )
    return met or None


def _first_names(one: Appearance, other: Appearance) -> tuple[Reason, ...] | None:
    names = one.key.first_name, other.key.first_name
    if names[0] == names[1]:
        return ()
    if "" in names:
        return (Reason("first-name-missing"),)
    if one.form(NameKind.FIRST) and one.form(NameKind.FIRST) == other.form(NameKind.FIRST):
        return (Reason("first-name-form"),)
    parts = [set(search_form(name.replace("-", " ")).split()) for name in names]
    if parts[0] & parts[1]:
        return (Reason("first-name-part"),)
    # Transliterated names (Mohammed, Muhammad) keep most of their letters in their order.
    one_form, other_form = sorted(each.form(NameKind.FIRST) for each in (one, other))
    likeness = SequenceMatcher(None, one_form, other_form, autojunk=False)
    return (Reason("first-name-alike"),) if likeness.ratio() >= _ALIKE else None


@cache
def _words() -> Mapping[str, Any]:
    return tomllib.loads(resources.files("gateway.clerks").joinpath("hints.toml").read_text(encoding="utf-8"))
