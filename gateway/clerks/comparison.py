"""Persons side by side: what was reported, whom it may be about, and in what they differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from gateway.cases import state_on
from gateway.clerks.hints import Appearance, Reason, appearance, appearance_of, compare
from gateway.identity import key_of
from gateway.normalise import PersonKey
from store.records import CaseRecord, MessageRef, PersonRecord
from store.records_information import Takeover


@dataclass(frozen=True, slots=True)
class Described:
    """Personal data as a clerk reads them: texts by the names of `FIELDS`; what is not given is missing."""

    appearance: Appearance
    fields: Mapping[str, str]

    def differing(self, other: Described) -> tuple[str, ...]:
        """Return the names of the fields that are not the same in both."""
        return tuple(name for name in FIELDS if self.fields.get(name) != other.fields.get(name))


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that waits for a clerk, whom it reports and which right; both None where it was erased.

    `blocked` tells that it reports a disclosure block.
    """

    ref: MessageRef
    message_type: str
    agency: str
    received_at: datetime
    reported: Described | None
    right: str | None
    blocked: bool = False


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stored person beside the one reported. `states` are those of the cases today, in their order.

    `takeovers` are those of the cases, also of rights that are over.
    """

    person: PersonRecord
    described: Described
    differing: tuple[str, ...]
    hints: tuple[Reason, ...]
    cases: tuple[CaseRecord, ...]
    states: tuple[str, ...]
    takeovers: tuple[Takeover, ...] = ()


FIELDS: Final[Mapping[str, str]] = {
    "surname": "surname",
    "first_name": "first name",
    "birth": "birth date",
    "gender": "gender",
    "birth_name": "birth name",
    "further_surname": "further surname",
    "former_surnames": "former surnames",
    "spellings": "spelling variants",
    "nationalities": "nationalities",
    "birthplace": "birthplace",
    "azr_number": "AZR number",
    "residence_title": "residence title",
    "address": "address",
}
"""What is compared, with its label, in the order in which it is shown."""


def described(
    key: PersonKey, surname: str | None, first_name: str | None, details: Mapping[str, Any]
) -> Described:
    """Return personal data as they are compared. In: the key, the names as sent, all data as JSON."""
    texts = {
        "surname": surname,
        "first_name": first_name,
        "birth": key.birth,
        "gender": key.gender,
        "birth_name": _names(details.get("geburtsname")),
        "further_surname": _names(details.get("weiterer_nachname")),
        "former_surnames": _names(details.get("fruehere_nachnamen")),
        "spellings": _names(details.get("abweichende_schreibweisen_nachname")),
        "nationalities": _nationalities(details.get("staatsangehoerigkeiten", ())),
        "birthplace": details.get("geburtsort"),
        "azr_number": details.get("azr_nummer"),
        "residence_title": details.get("aufenthaltstitel", {}).get("code"),
        "address": _address(details.get("anschrift", {})),
    }
    return Described(
        appearance(key, surname, first_name, details), {name: text for name, text in texts.items() if text}
    )


def described_details(key: PersonKey, details: Mapping[str, Any]) -> Described:
    """Return personal data of a report, whose names are in its details too."""
    return described(
        key, details.get("nachname", {}).get("text"), details.get("vorname", {}).get("text"), details
    )


def described_person(person: PersonRecord) -> Described:
    """Return the personal data of a stored person."""
    return described(key_of(person), person.surname, person.first_name, person.details)


def candidate(
    person: PersonRecord,
    cases: Iterable[CaseRecord],
    takeovers: Iterable[Takeover],
    today: date,
    reported: Described | None,
) -> Candidate:
    """Set a stored person beside what was reported, if it is known what was."""
    held = tuple(cases)
    mine = described_person(person)
    return Candidate(
        person=person,
        described=mine,
        differing=() if reported is None else mine.differing(reported),
        hints=() if reported is None else compare(reported.appearance, appearance_of(person)),
        cases=held,
        states=tuple(str(state_on(case, today)) for case in held),
        takeovers=tuple(takeovers),
    )


def side_by_side(reported: Described | None, candidates: Sequence[Candidate]) -> list[list[str]]:
    """Return a row per field that anybody has: label, what was reported, each candidate's.

    A candidate's text that differs from what was reported is marked by ≠.
    """
    rows = []
    for name, label in FIELDS.items():
        first = None if reported is None else reported.fields.get(name, "")
        texts = [each.described.fields.get(name, "") for each in candidates]
        if any((first, *texts)):
            marked = [
                f"≠ {text or '–'}" if name in each.differing else text
                for each, text in zip(candidates, texts, strict=True)
            ]
            rows.append([label, *([] if first is None else [first or "–"]), *marked])
    return rows


def kind_of_right(art: str, *, only_orientation: bool, only_language: bool) -> str:
    """Say what kind a right is of, and for which part of the course if not for the whole."""
    part = "orientation course" if only_orientation else "language course" if only_language else None
    return art if part is None else f"{art} ({part} only)"


def _names(sent: Any) -> str:
    names = sent if isinstance(sent, list) else [sent]
    return ", ".join(name["text"] for name in names if name and name.get("text"))


def _nationalities(states: Iterable[Mapping[str, Any]]) -> str:
    return ", ".join(sorted(state["staatsangehoerigkeit"]["code"] for state in states))


def _address(sent: Mapping[str, Any]) -> str:
    house = f"{sent.get('hausnummer') or ''}{sent.get('hausnummer_buchstabe') or ''}"
    street = " ".join(part for part in (sent.get("strasse"), house) if part)
    town = " ".join(part for part in (sent.get("postleitzahl"), sent.get("wohnort")) if part)
    return ", ".join(part for part in (street, town) if part)
