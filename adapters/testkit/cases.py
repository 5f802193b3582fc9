"""The cases as data: what is sent, and what must come back; one file per group in `cases/`."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from typing import Any, Final

GROUPS: Final = ("group07", "group08", "refusals", "service", "deliveries")
"""In the order of the booklet; a case names earlier cases only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What must come back: an answer (`answer`, `reason`, …) or a refusal (`refused`, `path`, …)."""

    answer: str | None = None
    """Message type of the standard, or the local name of an answer of the service."""
    reason: str | None = None
    """Reason code; of a receipt or notice its `sachverhalt`, of a state `zustand`, of a check `fehlerfrei` or
    the code of a finding."""
    number: bool = False
    """A number is given that no other case was given."""
    number_of: str | None = None
    """The number is the one given in that case."""
    same_document: bool = False
    """The document is byte for byte that of the case sent again."""
    present: tuple[str, ...] = ()
    """Elements the answer must hold, by local name."""
    absent: tuple[str, ...] = ()
    """Elements it must not hold."""
    endings: tuple[str, ...] = ()
    """Of the result of a delivery: what became of each record."""
    silent_about: str | None = None
    """A party whose name and kennung the answer must not hold."""
    refused: str | None = None
    """Code of the error."""
    path: str | None = None
    """What the path of the error, or of a finding, must contain."""
    line: bool = False
    """The error names a line."""
    expected_number: bool = False
    """The texts of the refusal name the number of the delivery that was expected."""
    rejection: bool = False
    """The rejection 0010 of the standard is in the refusal."""
    signed: bool = True
    """Signed by the gateway; refusals before admission are not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One exchange. The person is somebody new, or that of the case that is referred to."""

    id: str
    title_de: str
    title_en: str
    purpose: str
    """In German, for the booklet."""
    reference: str
    """Law, standard, code."""
    expect: Expectation
    group: str = ""
    does: str = "send"
    """`send` a message, or what is asked of the service: `status`, `check`, `fetch`, `confirm`; or `deliver`
    records and fetch the `result`."""
    sender: str = ""
    """Which key of the kit signs."""
    author: str = ""
    """The party named as author; the sender's own if not given."""
    message: str = ""
    """Message type."""
    says: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the message class."""
    ends_in_days: int | None = None
    """The right ends so many days from today."""
    records: tuple[str, ...] = ()
    """What is delivered: `new` persons, a `faulty` record, one `known` from the case `person_of`."""
    nationality: str | None = None
    """Destatis key that replaces the person's own."""
    person_of: str | None = None
    """The case whose person this is about; no number is named."""
    number_of: str | None = None
    """The case whose person this is about and whose number is named."""
    number: str | None = None
    """A number to be named as it is."""
    answers: str | None = None
    """The case that was answered with the question."""
    again: str | None = None
    """The case whose message is sent once more as it is."""
    uuid_of: str | None = None
    """The case whose UUID is used once more."""
    of: str | None = None
    """The case whose message is asked about."""
    after: tuple[str, ...] = ()
    """Further cases that must have gone well before."""
    change: str | None = None
    """What is done to document or envelope, see `changes.py`."""
    example: Mapping[str, str] = field(default_factory=dict)
    """`path` and particulars of the error in the example of the booklet; nothing is compared with them."""
    hint: str | None = None
    """What to look at when it differs, in German."""

    @property
    def delivers(self) -> bool:
        """Whether it goes to the door for deliveries."""
        return self.does in {"deliver", "result"}

    @property
    def needs(self) -> frozenset[str]:
        """The cases that must have gone well before this one can be run."""
        named = (
            self.person_of,
            self.number_of,
            self.answers,
            self.again,
            self.uuid_of,
            self.of,
            self.expect.number_of,
        )
        return frozenset({*self.after, *(each for each in named if each is not None)})


@dataclass(frozen=True, slots=True)
class Group:
    """Cases that belong together, with a heading."""

    id: str
    title_de: str
    title_en: str
    text: str
    cases: tuple[Case, ...]


@cache
def all_groups() -> tuple[Group, ...]:
    """Read the groups of the kit. Raises ValueError for a case that refers to a later one or to none."""
    earlier: dict[str, Case] = {}
    return tuple(_group(name, earlier) for name in GROUPS)


def all_cases() -> tuple[Case, ...]:
    """All cases in the order in which they are run."""
    return tuple(case for group in all_groups() for case in group.cases)


def selected(cases: Sequence[Case], wanted: Iterable[str]) -> tuple[Case, ...]:
    """The cases with these ids and all that they need, in order. Raises LookupError for an unknown id."""
    by_id = {case.id: case for case in cases}
    keep: set[str] = set()
    open_ids = list(wanted)
    while open_ids:
        name = open_ids.pop()
        if name not in by_id:
            raise LookupError(name)
        if name not in keep:
            keep.add(name)
            open_ids += by_id[name].needs
    return tuple(case for case in cases if case.id in keep)


def fingerprint() -> str:
    """Hash of the cases, so that a kit that was made from others is not run by mistake."""
    digest = hashlib.sha256()
    for name in GROUPS:
        digest.update(_text(name).encode())
    return digest.hexdigest()


def _text(name: str) -> str:
    return resources.files(__package__).joinpath("cases", f"{name}.toml").read_text(encoding="utf-8")


def _group(name: str, earlier: dict[str, Case]) -> Group:
    table = tomllib.loads(_text(name))
    cases = tuple(_cases(name, table["case"], earlier))
    return Group(name, table["title_de"], table["title_en"], table["text"].strip(), cases)


def _cases(group: str, tables: Sequence[Mapping[str, Any]], earlier: dict[str, Case]) -> Iterator[Case]:
    for table in tables:
        case = _case({**table, "group": group})
        wrong = sorted(case.needs - set(earlier))
        if wrong or case.id in earlier:
            raise ValueError(f"{group}: {case.id} is there twice or needs what is not before it: {wrong}")
        if case.again is not None:
            first = earlier[case.again]
            case = replace(
                case,
                sender=first.sender,
                author=first.author,
                message=first.message,
                does=first.does,
                records=first.records,
            )
        earlier[case.id] = case
        yield case


def _case(table: dict[str, Any]) -> Case:
    expect: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in table["expect"].items()
    }
    author = table.get("author") or table.get("sender", "")
    return Case(
        **{
            **table,
            "author": author,
            "after": tuple(table.get("after", ())),
            "records": tuple(table.get("records", ())),
            "expect": Expectation(**expect),
        }
    )
