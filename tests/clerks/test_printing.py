"""`inge print`: what the store knows of a right, on both engines; who printed it is journaled."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.cli.console import REFUSED, USAGE
from adapters.print.exchange import confirmation_of
from adapters.print.render import render
from fixtures import persons
from gateway.clock import german_day
from messages.group07 import Akzeptanz070003
from store.records import JournalKind
from store.schema import person as person_table
from tests.support.capturing import KINDS, LEYLA
from tests.support.clerk import Clerk
from tests.support.cli import Ran, inge
from tests.support.core import ABH1, new_uuid
from tests.support.door import DoorCore
from tests.support.pdf import barcodes_of, text_of


def reported(core: DoorCore, **changes: Any) -> tuple[Any, Akzeptanz070003]:
    """An accepted entitlement: report and answer."""
    angaben = replace(persons.LEYLA.angaben, **changes)
    who = replace(persons.LEYLA, angaben=angaben)
    report = persons.entitlement(ABH1, new_uuid(), core.clock.now(), who)
    answer = core.deliver(report).message
    assert isinstance(answer, Akzeptanz070003)
    return report, answer


def printed(clerk: Clerk, number: str, out: Path, user: str = "e.muster") -> Ran:
    return clerk.inge("print", number, "--out", str(out), "--as", user)


def journaled(core: DoorCore) -> list[dict[str, Any]]:
    with core.store.read() as reader:
        rows = list(reader.journal(unsealed=True))
    return [json.loads(row.facts) for row in rows if row.kind == JournalKind.CLERK and row.facts]


def test_it_is_the_same_paper_that_the_authority_prints(core: DoorCore, clerk: Clerk, tmp_path: Path) -> None:
    report, answer = reported(core)
    number = answer.berechtigung_verpflichtung.bamfkennziffer
    out = tmp_path / "paper.pdf"
    # Printed before, and then made readable for others.
    out.touch(mode=0o644)
    ran = printed(clerk, number, out)
    assert ran.code == 0, ran.err
    assert ran.json == {"number": number, "art": "1a", "printed": str(out)}
    assert out.read_bytes() == render(confirmation_of(report, answer), core.clock.now())
    assert out.stat().st_mode & 0o077 == 0
    assert barcodes_of(out.read_bytes(), tmp_path) == [number]
    (row,) = journaled(core)
    assert set(row) == {"print", "actor", "person", "case", "right"}
    assert (row["print"], row["actor"]) == ("confirmation", "e.muster")
    assert isinstance(row["person"], int)
    assert number not in json.dumps(row)


def test_the_number_as_it_stands_on_the_paper(core: DoorCore, clerk: Clerk, tmp_path: Path) -> None:
    number = reported(core)[1].berechtigung_verpflichtung.bamfkennziffer
    grouped = " ".join((number[:4], number[4:8], number[8:12], number[12:]))
    assert printed(clerk, grouped, tmp_path / "x.pdf").json["number"] == number


def test_a_disclosure_block_leaves_the_address_out(core: DoorCore, clerk: Clerk, tmp_path: Path) -> None:
    report, answer = reported(core, auskunftssperre_liegt_vor=True)
    out = tmp_path / "x.pdf"
    assert printed(clerk, answer.berechtigung_verpflichtung.bamfkennziffer, out).code == 0
    text = text_of(out.read_bytes())
    for secret in ("Lindenweg", "90402", "Anschrift", "sperre"):
        assert secret not in text
    assert out.read_bytes() == render(confirmation_of(report, answer), core.clock.now())


def test_what_cannot_be_printed(core: DoorCore, clerk: Clerk, tmp_path: Path) -> None:
    number = reported(core)[1].berechtigung_verpflichtung.bamfkennziffer
    out = tmp_path / "x.pdf"
    ran = printed(clerk, "00000000000000", out)
    assert (ran.code, ran.err) == (REFUSED, "inge: nobody has the number 00000000000000\n")
    assert printed(clerk, number, out, user=" ").code == REFUSED
    clerk.tells("capture", "revoke", "--number", number, "--as", "e", "--reason", "r")
    before = journaled(core)
    ran = printed(clerk, number, out)
    assert ran.code == REFUSED
    assert "REVOKED" in ran.err
    assert journaled(core) == before
    assert not out.exists()


def test_a_right_that_ended_today_is_printed_and_tomorrow_not(
    core: DoorCore, clerk: Clerk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = reported(core)[1].berechtigung_verpflichtung
    assert right.gueltig_bis is not None
    now = core.clock.now()
    last = now + (right.gueltig_bis - german_day(now))
    monkeypatch.setattr("gateway.clock.SystemClock.now", lambda _: last)
    assert printed(clerk, right.bamfkennziffer, tmp_path / "x.pdf").code == 0
    monkeypatch.setattr("gateway.clock.SystemClock.now", lambda _: last + timedelta(days=1))
    ran = printed(clerk, right.bamfkennziffer, tmp_path / "y.pdf")
    assert ran.code == REFUSED
    assert "EXPIRED_UNUSED" in ran.err


def test_the_dead_and_the_erased(core: DoorCore, clerk: Clerk, tmp_path: Path) -> None:
    number = reported(core)[1].berechtigung_verpflichtung.bamfkennziffer
    clerk.tells("capture", "death", "--number", number, "--as", "e", "--reason", "r")
    assert "died" in printed(clerk, number, tmp_path / "x.pdf").err
    gone = person_table.update().where(person_table.c.id == clerk.person_of(number)).values(details={})
    with core.store.write() as connection:
        connection.execute(gone)
    ran = printed(clerk, number, tmp_path / "x.pdf")
    assert ran.code == REFUSED
    assert "erased" in ran.err


def test_where_nothing_can_be_written(core: DoorCore, clerk: Clerk, tmp_path: Path) -> None:
    number = reported(core)[1].berechtigung_verpflichtung.bamfkennziffer
    ran = printed(clerk, number, tmp_path / "nowhere" / "x.pdf")
    assert ran.code == USAGE
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(("art", "issuer"), [("3", "Bundesamt"), ("5", "Jobcenter Musterstadt")])
def test_a_captured_right_has_no_address_beyond_the_postcode(
    clerk: Clerk, tmp_path: Path, art: str, issuer: str
) -> None:
    who = tmp_path / "person.json"
    who.write_text(json.dumps(LEYLA), encoding="utf-8")
    words = ("right", "--art", art, *KINDS[art], "--person", str(who), "--as", "e", "--reason", "r")
    number = clerk.tells("capture", *words)["number"]
    out = tmp_path / "x.pdf"
    ran = inge("print", number, "--out", out, "--as", "e", "--config", clerk.config)
    assert ran.code == 0, ran.err
    text = text_of(out.read_bytes())
    assert issuer in text
    assert "Şahin" in text
    assert "90461" not in text
    assert "Anschrift" not in text
