"""A clerk at the command line of a gateway whose agencies report through the door, on one store and clock."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from gateway.clock import SystemClock
from store.records import MessageRef
from store.worklist import list_items
from tests.support.cli import Ran, inge, lay_out
from tests.support.core import NUMBER_KEY, Core, read_document
from tests.support.pki import shared_pki
from tests.support.stores import MASTER_KEY


class Clerk:
    """`inge` as a clerk of the core's gateway runs it. `store_url` is the core's store."""

    def __init__(self, core: Core, folder: Path, store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.core = core
        self.config = make_config(folder, store_url)
        if not isinstance(core.clock, SystemClock):
            monkeypatch.setattr(SystemClock, "now", lambda _: core.clock.now())

    def inge(self, *arguments: str | int) -> Ran:
        """Run a command, with JSON as its output."""
        return inge(*map(str, arguments), "--json", "--config", self.config)

    def tells(self, *arguments: str | int) -> Any:
        """Run a command that must succeed; out: its JSON."""
        ran = self.inge(*arguments)
        assert ran.code == 0, ran.err
        return ran.json

    def decide(self, item: int, *choice: str | int, actor: str = "clerk") -> Any:
        """Decide a work item; out: what came of it."""
        return self.tells("cases", "decide", item, *choice, "--as", actor)

    def undo(self, item: int, *more: str | int, actor: str = "lead") -> Any:
        """Undo a decision; out: what came of it."""
        return self.tells("cases", "undo", item, "--yes", *more, "--as", actor)

    def items(self, state: str = "open") -> Any:
        """The work items, oldest first."""
        return self.tells("cases", "list", "--state", state)

    def only_item(self) -> int:
        """The id of the only open work item."""
        with self.core.store.read() as reader:
            (item,) = [each for each in list_items(reader.connection, state=None) if each.state == "OPEN"]
        return item.id

    def person_of(self, number: str) -> int:
        """The id of the person to whom a number leads."""
        with self.core.store.unit_of_work() as work:
            person = work.person_by_number(number)
        assert person is not None
        return person.id

    def later(self, party: str, uuid: str) -> list[Any]:
        """The messages in the outbox about a message, oldest first; each names its cause."""
        with self.core.store.read() as reader:
            entries = reader.outbox_of(MessageRef(party, uuid))
        found = []
        for each in entries:
            assert each.document is not None
            message = read_document(etree.fromstring(each.document))
            assert message.rahmen.ausloeser_uuid == each.trigger_uuid == uuid
            found.append(message)
        return found

    def rows(self, party: str, uuid: str) -> list[str | None]:
        """The rows of the table by which a message was decided, one decision after the other."""
        with self.core.store.read() as reader:
            return [record.row for record in reader.decisions(MessageRef(party, uuid))]

    def states(self, number: str) -> tuple[str, list[tuple[str, str, str]]]:
        """State of a case as it is written, and of each right: type, agency, status."""
        with self.core.store.unit_of_work() as work:
            case = work.case_by_number(number)
        assert case is not None
        return str(case.state), [(right.art, right.agency, str(right.status)) for right in case.rights]


def make_config(folder: Path, store_url: str) -> Path:
    """Lay out a gateway's folder for a store that the tests made."""
    secrets = folder / "secrets"
    secrets.mkdir(mode=0o700, exist_ok=True)
    for name, secret in (("master.hex", MASTER_KEY), ("number.hex", NUMBER_KEY)):
        (secrets / name).touch(mode=0o600)
        (secrets / name).write_text(secret.hex(), encoding="ascii")
    config = lay_out(folder, shared_pki())
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("sqlite:///store/inge.sqlite", store_url), encoding="utf-8")
    return config
