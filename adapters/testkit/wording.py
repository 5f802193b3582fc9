"""A case in German words: what is sent, what is checked, and what to do when it differs."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any

from adapters.testkit.cases import Case, all_cases
from adapters.testkit.parties import all_parties
from messages.errors import CATALOGUE
from schemas.registry import Contract

Words = Mapping[str, Any]


@cache
def words() -> Words:
    """The German words of the booklet, by section and key."""
    return tomllib.loads(resources.files(__package__).joinpath("words.toml").read_text(encoding="utf-8"))


def title_of(case_id: str) -> str:
    """The German title of a case. Raises KeyError."""
    return {case.id: case.title_de for case in all_cases()}[case_id]


def sends(case: Case) -> str:
    """What is sent, in a few words."""
    return str(words()["does"][case.does].format(message=case.message))


def expects(case: Case) -> str:
    """What must come back, in a few words."""
    expect = case.expect
    if expect.refused is not None:
        return str(words()["page"]["refused"].format(code=expect.refused))
    return f"{expect.answer} {expect.reason or ''}".strip()


def notes(case: Case) -> Iterator[str]:
    """What is particular about the document of the booklet."""
    said: Words = words()["notes"]
    named = {
        "again": case.again,
        "number": case.number_of,
        "question": case.answers,
        "uuid": case.uuid_of,
        "about": case.of,
        "person": case.person_of,
    }
    for key, other in named.items():
        if other is not None:
            yield said[key].format(case=title_of(other))
    if case.change is not None:
        yield words()["changes"][case.change]


def checks(case: Case, contracts: Mapping[str, Contract]) -> Iterator[str]:
    """What must hold of the answer to this very case; `contracts` are known by message type."""
    said, expect = words()["checks"], case.expect
    if expect.refused is not None:
        yield from _refusal(case)
    else:
        contract = contracts.get(str(expect.answer))
        title = "" if contract is None or not contract.title else f" ({contract.title})"
        yield said["answer"].format(answer=expect.answer, title=title)
    if expect.reason is not None:
        yield said[_about_reason(case)].format(
            reason=expect.reason, text=_quoted(expect.reason), path=expect.path
        )
    if expect.endings:
        yield said["endings"].format(endings=", ".join(expect.endings))
        yield said["fault"].format(path=expect.path)
    if expect.number:
        yield said["numbers" if expect.endings else "number"]
    if expect.number_of is not None:
        yield said["number-of"].format(case=title_of(expect.number_of))
    if expect.same_document:
        yield said["same-document"].format(case=title_of(str(case.again)))
    for key, names in (("present", expect.present), ("absent", expect.absent)):
        for name in names:
            yield said[key].format(name=name)
    if expect.silent_about is not None:
        yield said["silent-about"].format(party=all_parties()[expect.silent_about].name)


def when_it_differs(case: Case) -> str:
    """What to look at."""
    said: Words = words()["differs"]
    if case.expect.refused is not None:
        usual = said["refused"]
    elif case.delivers:
        usual = said["delivery"]
    elif case.does != "send":
        usual = said["service"]
    else:
        usual = said["answer"] if case.again is None else said["again"]
    return usual if case.hint is None else f"{case.hint} {usual}"


def _refusal(case: Case) -> Iterator[str]:
    said, expect = words()["checks"], case.expect
    code = str(expect.refused)
    yield said["refused-delivery" if case.delivers else "refused"].format(code=code, text=_quoted(code))
    yield said["advice"].format(advice=words()["advice"][CATALOGUE[code].advice.value])
    if expect.path is not None:
        yield said["path"].format(path=expect.path)
    if expect.line:
        yield said["line"]
    if expect.expected_number:
        yield said["expected-number"]
    if not expect.signed:
        yield said["unsigned"]
    else:
        yield said["rejection" if expect.rejection else "no-rejection"]


def _about_reason(case: Case) -> str:
    if case.does == "status":
        return "state"
    if case.does == "check":
        return "check-good" if case.expect.path is None else "check-bad"
    return "reason"


def _quoted(code: str) -> str:
    """The end of a sentence: the German text of a code, where it is the same in every case."""
    entry = CATALOGUE.get(code)
    return "." if entry is None or entry.placeholders else f": „{entry.render_de()}“"
