"""A clerk at the command line: `inge capture` on a gateway laid out for one test."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from adapters.cli.console import OK, REFUSED
from gateway.clock import german_day
from store.case_files import find_case
from store.engine import Store
from store.records import CaseRecord
from tests.support.cli import Ran, inge, lay_out
from tests.support.pki import shared_pki
from tests.support.stores import open_test_store

TODAY = german_day(datetime.now(UTC))
UNTIL = (TODAY + timedelta(days=200)).isoformat()
TGS = ("--agency", "dbs:010101", "--agency-name", "Jobcenter Musterstadt")
TLA = ("--agency", "ags:09000009", "--agency-name", "Sozialamt Musterstadt")
BVA = ("--agency", "dbs:000200", "--agency-name", "Bundesverwaltungsamt")
KINDS: dict[str, tuple[str, ...]] = {
    "3": (),
    "4": BVA,
    "5": (*TGS, "--valid-until", UNTIL),
    "7": (*TLA, "--valid-until", UNTIL),
    "8": (*TGS, "--valid-until", UNTIL),
}
LEYLA = {
    "nachname": "Şahin",
    "vorname": "Leyla",
    "geburtsdatum": "1990-05-17",
    "geschlecht": "w",
    "staatsangehoerigkeit": ["163"],
    "postleitzahl": "90461",
}


class Clerk:
    """A clerk at the command line of a gateway, and what is stored there."""

    def __init__(self, config: Path, url: str) -> None:
        self.config = config
        self.url = url
        self._files = 0

    def run(self, *words: str, reason: str = "letter of 1 December", user: str = "e.muster") -> Ran:
        return inge("capture", *words, "--as", user, "--reason", reason, "--config", self.config, "--json")

    def does(self, *words: str) -> Any:
        ran = self.run(*words)
        assert ran.code == OK, ran.err or ran.out
        return ran.json

    def refused(self, *words: str) -> str:
        ran = self.run(*words)
        assert ran.code == REFUSED, ran.out
        return ran.err

    def right(self, art: str, *words: str, person: dict[str, Any] | None = None) -> Ran:
        who = () if person is None else ("--person", str(self.file(person)))
        return self.run("right", "--art", art, *KINDS[art], *who, *words)

    def file(self, person: dict[str, Any]) -> Path:
        self._files += 1
        path = self.config.with_name(f"person{self._files}.json")
        path.write_text(json.dumps(person), encoding="utf-8")
        return path

    def given(self, art: str, person: dict[str, Any] | None = None) -> str:
        """Enter a right of a new person; return the number."""
        ran = self.right(art, person=person or LEYLA)
        assert ran.code == OK, ran.err or ran.out
        return str(ran.json["number"])

    def registers(self, number: str) -> None:
        """Enter a registration of today."""
        words = ("--on", TODAY.isoformat(), "--organiser", "T-100", "--placement-dispensable")
        self.does("registration", "--number", number, *words)

    def section(self, number: str, units: int, *words: str) -> Any:
        """Enter a section that is over."""
        usual = () if "--course-type" in words else ("--course-type", "1")
        where = ("--section", "1", "--course", "K-1", "--organiser", "T-100", "--site", "O-1")
        day = TODAY.isoformat()
        over = ("--began", day, "--ended", day, "--units", str(units), "--absent-excused", "2")
        return self.does("section", "--number", number, *where, *over, *usual, *words)

    def advance(self, days: int) -> None:
        assert inge("clock", "advance", f"{days}d", "--config", self.config).code == OK

    def case(self, number: str) -> CaseRecord:
        found: CaseRecord | None = self.read(lambda connection: find_case(connection, number))
        assert found is not None
        return found

    def read(self, question: Callable[[Any], Any]) -> Any:
        store = open_test_store(self.url)
        try:
            with store.read() as reader:
                return question(reader.connection)
        finally:
            store.close()

    def journal(self) -> list[dict[str, Any]]:
        store: Store = open_test_store(self.url)
        with store.read() as reader:
            rows = [row for row in reader.journal(unsealed=True) if row.kind == "clerk"]
        store.close()
        return [json.loads(row.facts or "{}") for row in rows]


def clerk_at(folder: Path, url: str) -> Clerk:
    """Lay out a gateway on a store, and sit a clerk at it."""
    config = lay_out(folder, shared_pki())
    lines = [
        f'url = "{url}"' if line.startswith("url = ") else line
        for line in config.read_text(encoding="utf-8").splitlines()
    ]
    config.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Clerk(config, url)


def decided(ran: Ran, row: str, verdict: str, reason: str | None = None) -> Any:
    """Expect how a right was decided; return all that was told."""
    told = ran.json
    assert (told["row"], told["verdict"], told["reason"]) == (row, verdict, reason), told
    assert ran.code == (OK if verdict == "ACC" else REFUSED)
    return told


def done() -> tuple[str, ...]:
    """The words of a completion of today."""
    return ("--on", TODAY.isoformat(), "--course-type", "1")
