"""The log of retrievals (§ 8 IntV): what the officer sees, what is held, what is gone after six months."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from fixtures import inquiries
from gateway.information.officer import due_before
from tests.support.clerk import Clerk
from tests.support.core import ABH1, ABH2, NOW, new_uuid, sender
from tests.support.door import Delivered, DoorCore
from tests.support.given import stored_case, stored_person


@pytest.fixture
def clerk(core: DoorCore, tmp_path: Path, store_url: str, monkeypatch: pytest.MonkeyPatch) -> Clerk:
    return Clerk(core, tmp_path, store_url, monkeypatch)


def asked(core: DoorCore, holder: str = "abh1", **changes: Any) -> Delivered:
    message = inquiries.existence_inquiry(sender(holder), new_uuid(), core.clock.now(), **changes)
    return core.deliver(message, holder)


def entries(clerk: Clerk, *words: str) -> Any:
    return clerk.tells("retrievals", "list", *words, "--as", "officer")


def journaled(core: DoorCore) -> list[Any]:
    with core.store.read() as reader:
        facts = [json.loads(row.facts or "{}") for row in reader.journal(unsealed=True)]
    return [each for each in facts if "retrievals" in each]


def test_each_query_leaves_time_body_data_and_purpose(core: DoorCore, clerk: Clerk) -> None:
    case = stored_case(core, stored_person(core), "1b", agency=ABH2)
    first = asked(core)
    participation = inquiries.participation_inquiry(ABH1, new_uuid(), NOW, case.number)
    assert core.deliver(participation).message_type == "070014"
    refused, told = entries(clerk)
    assert (told["at"], told["party_id"], told["uuid"]) == (str(NOW), ABH1.kennung, first.uuid)
    assert (told["purpose"], told["scope"]) == ("existence", ["existence", "issuer", "right", "takeover"])
    assert told["number"] == case.number
    assert (refused["purpose"], refused["scope"], refused["reason_code"]) == ("participation", [], "17572")
    assert clerk.tells("retrievals", "show", told["id"], "--as", "officer") == told


def test_filters(core: DoorCore, clerk: Clerk) -> None:
    case = stored_case(core, stored_person(core), "1b", agency=ABH2)
    one = asked(core)
    core.clock.advance(days=1)
    other = asked(core, "abh2")

    def found(*words: str) -> list[str]:
        return [each["uuid"] for each in entries(clerk, *words)]

    assert found("--number", case.number) == [other.uuid, one.uuid]
    assert found("--party", ABH1.kennung) == [one.uuid]
    assert found("--from", "2026-11-25") == [other.uuid]
    assert found("--until", "2026-11-24") == [one.uuid]
    assert found("--limit", "1") == [other.uuid]
    cut = clerk.inge("retrievals", "list", "--limit", "1", "--as", "officer")
    assert "there may be more" in cut.err
    assert clerk.inge("retrievals", "list", "--limit", "3", "--as", "officer").err == ""
    assert found("--held") == []


def test_every_look_is_journaled_with_the_user(core: DoorCore, clerk: Clerk) -> None:
    asked(core)
    (entry,) = entries(clerk)
    clerk.tells("retrievals", "show", entry["id"], "--as", "deputy")
    looks = [(each["retrievals"], each["actor"]) for each in journaled(core)]
    assert looks == [("list", "officer"), ("show", "deputy")]
    assert clerk.inge("retrievals", "list", "--as", " ").code == 1


def test_older_than_six_months_is_gone_unless_held(core: DoorCore, clerk: Clerk) -> None:
    kept, gone = asked(core), asked(core)
    held = next(each["id"] for each in entries(clerk) if each["uuid"] == kept.uuid)
    clerk.tells("retrievals", "hold", held, "--as", "officer", "--reason", "control 7")
    assert clerk.inge("retrievals", "hold", held, "--as", "officer", "--reason", "again").code == 1
    core.clock.advance(days=181)
    # 24 May 2027, the last day of the term.
    assert clerk.tells("scheduler", "run", "--once")["done"]["retrievals-deleted"] == 0
    assert [each["uuid"] for each in entries(clerk)] == [gone.uuid, kept.uuid]
    core.clock.advance(days=1)
    dry = clerk.tells("retrievals", "delete-due", "--dry-run", "--as", "officer")
    assert dry == {"due": 1, "held": 1, "deleted": 0}
    assert clerk.tells("scheduler", "run", "--once")["done"]["retrievals-deleted"] == 1
    (left,) = entries(clerk)
    assert (left["uuid"], left["held_by"], left["hold_reason"]) == (kept.uuid, "officer", "control 7")
    clerk.tells("retrievals", "release", held, "--as", "officer")
    assert clerk.tells("retrievals", "delete-due", "--as", "officer")["deleted"] == 1
    assert entries(clerk) == []
    deleted = [each for each in journaled(core) if each["retrievals"] == "delete"]
    assert [(each["actor"], each["entries"]) for each in deleted] == [("scheduler", 1), ("officer", 1)]


def test_holding_is_all_or_nothing(core: DoorCore, clerk: Clerk) -> None:
    asked(core)
    (entry,) = entries(clerk)
    assert clerk.inge("retrievals", "hold", entry["id"], 1, "--as", "o", "--reason", "x").code == 1
    assert entries(clerk, "--held") == []


@pytest.mark.parametrize(
    "words",
    [
        ("hold", 2**63, "--reason", "x"),
        ("release", 2**63),
        ("list", "--until", "9999-12-31"),
        ("list", "--from", "0001-01-01"),
    ],
)
def test_ids_and_days_that_nothing_has_are_refused(clerk: Clerk, words: tuple[str | int, ...]) -> None:
    assert clerk.inge("retrievals", *words, "--as", "officer").code == 2


@pytest.mark.parametrize(
    ("today", "first_kept"),
    [
        (date(2027, 5, 25), datetime(2026, 11, 24, 23, tzinfo=UTC)),
        (date(2027, 2, 28), datetime(2026, 8, 27, 22, tzinfo=UTC)),
        (date(2027, 3, 1), datetime(2026, 8, 31, 22, tzinfo=UTC)),
        (date(2027, 8, 31), datetime(2027, 2, 28, 23, tzinfo=UTC)),
    ],
)
def test_six_calendar_months(today: date, first_kept: datetime) -> None:
    assert due_before(today) == first_kept
