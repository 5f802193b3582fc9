"""A core behind its door, a clerk of it, and a person of whom everything is known, on either engine."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from fixtures.inquiries import disclosure_block, existence_inquiry, name_change
from fixtures.persons import LEYLA, Person, entitlement
from gateway.business_clock import business_clock
from gateway.normalise import name_key
from messages.service import BestaetigeNachrichten, HoleNachrichten
from messages.values import Name
from store.database import make_engine
from store.engine import Store
from store.schema import metadata
from tests.support.clerk import Clerk
from tests.support.core import ABH2, AGENCIES, StandingClock, new_uuid, settings
from tests.support.desk import ask, request
from tests.support.door import Delivered, DoorCore
from tests.support.furnishing import furnish
from tests.support.pki import shared_pki

NEW_NAME = "Özdemir-Kılıç"
REASONS = (
    "Rückruf der Tante Zeynep", "Gutachten Dr. Wagenknecht", "Irrtum des Sachbearbeiters Feuerstein",
)  # fmt: skip
"""What clerks write freely, with the names of others."""
NAMES = ("Leyla", name_key("Leyla"), NEW_NAME, name_key(NEW_NAME), "Yıldırım", name_key("Yıldırım"))
"""What the first stage leaves: the names under which she was reported, and as they are compared."""
GONE = (
    "Yildirim-Oeztuerk", "180417100021", "İzmir", "Lindenweg", "T-4711", "O-4712", "K-4713", "Zeynep",
    "Wagenknecht", "Feuerstein",
)  # fmt: skip
"""What the first stage takes: a spelling, number of the register, birthplace, street, course, reasons."""


@pytest.fixture
def core(store: Store) -> DoorCore:
    furnish(store, shared_pki())
    clock = StandingClock()
    return DoorCore(store, shared_pki(), clock, business=business_clock(settings(), clock, store))


@pytest.fixture
def clerk(core: DoorCore, tmp_path: Path, store_url: str, monkeypatch: pytest.MonkeyPatch) -> Clerk:
    return Clerk(core, tmp_path, store_url, monkeypatch)


@dataclass(frozen=True)
class Known:
    """A person with everything that can be stored of one, and the messages it came by."""

    number: str
    person: int
    ended_on: date
    messages: dict[str, Delivered]


def report(core: DoorCore, holder: str = "abh1", person: Person = LEYLA) -> Delivered:
    """Send 070001."""
    core.clock.advance(minutes=1)
    return core.deliver(entitlement(AGENCIES[holder], new_uuid(), core.clock.now(), person), holder)


def capture(clerk: Clerk, what: str, number: str, *words: str, reason: str = REASONS[1]) -> Any:
    return clerk.tells("capture", what, "--number", number, *words, "--as", "e.muster", "--reason", reason)


def confirm_all(core: DoorCore) -> None:
    """Let every agency fetch and confirm its later answers."""
    for holder, agency in AGENCIES.items():
        at = core.clock.now()
        lying = ask(core, request(HoleNachrichten, agency, at), holder).nachrichten
        if lying:
            ids = tuple(each.nachricht_id for each in lying)
            ask(core, request(BestaetigeNachrichten, agency, at, nachricht_ids=ids), holder)


def renamed(person: Person = LEYLA) -> Person:
    return replace(person, personalien=replace(person.personalien, nachname=Name(NEW_NAME)))


@pytest.fixture
def known(core: DoorCore, clerk: Clerk) -> Known:
    """Leyla: reported, reported again and parked, renamed, blocked and freed, asked about, taught, tested."""
    messages = {"first": report(core)}
    number = messages["first"].number
    assert number is not None
    messages["parked"] = report(core, "abh2")
    assert messages["parked"].message_type == "070004"
    clerk.tells(
        "cases", "decide", clerk.only_item(), "--same", number, "--as", "clerk", "--reason", REASONS[0]
    )
    confirm_all(core)
    today = core.business.now().date()
    capture(
        clerk, "registration", number, "--on", today.isoformat(), "--organiser", "T-4711",
        "--placement-dispensable",
    )  # fmt: skip
    capture(
        clerk, "section", number, "--section", "1", "--course", "K-4713", "--organiser", "T-4711", "--site",
        "O-4712", "--began", today.isoformat(), "--course-type", "1", "--ended", today.isoformat(), "--units",
        "300", "--absent-excused", "2",
    )  # fmt: skip
    for name, message in (
        ("name", name_change(ABH2, new_uuid(), core.clock.now(), number, NEW_NAME)),
        ("block", disclosure_block(ABH2, new_uuid(), core.clock.now(), number)),
        ("lifted", disclosure_block(ABH2, new_uuid(), core.clock.now(), number, blocked=False)),
        ("asked", existence_inquiry(ABH2, new_uuid(), core.clock.now(), renamed(), number=number)),
    ):
        messages[name] = core.deliver(message, "abh2")
    ended = core.business.now().date() + timedelta(days=30)
    days_go_by(core, clerk, 30)
    capture(
        clerk,
        "completion",
        number,
        "--on",
        ended.isoformat(),
        "--course-type",
        "1",
        "--b1",
        reason=REASONS[2],
    )
    clerk.tells("scheduler", "run", "--once")
    return Known(number, clerk.person_of(number), ended, messages)


def days_go_by(core: DoorCore, clerk: Clerk, days: int) -> None:
    """Move the business clock; no process goes on by the old one after a second."""
    clerk.tells("clock", "advance", f"{days}d")
    core.clock.advance(seconds=2)


def after_years(core: DoorCore, clerk: Clerk, known: Known, years: int, *, less: int = 0) -> None:
    """Let years go by since the end of the case, and a day more; or some days less."""
    day = date(known.ended_on.year + years, known.ended_on.month, known.ended_on.day)
    days_go_by(core, clerk, (day - core.business.now().date()).days + 1 - less)


def everything(store: Store, url: str, *, files: bool = True) -> str:
    """Every value of every table as text; on SQLite also the bytes of the files, free space and all."""
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            text = "\n".join(
                # The row itself would cut long values short.
                f"{table.name}: {tuple(row)!r}"
                for table in metadata.sorted_tables
                for row in connection.execute(select(table))
            )
    finally:
        engine.dispose()
    if files and store.dialect == "sqlite":
        path = Path(url.removeprefix("sqlite:///"))
        for each in (path, path.with_name(f"{path.name}-wal")):
            if each.exists():
                octets = each.read_bytes()
                text += octets.decode("utf-8", errors="ignore")
    return text


def found(text: str, words: tuple[str, ...]) -> set[str]:
    """Which of the words are in a text, also as JSON may write them."""
    return {word for word in words if word in text or json.dumps(word)[1:-1] in text}
