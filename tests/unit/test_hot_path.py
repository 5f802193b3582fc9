"""What the commonest message costs the store: whoever adds a question to it should know."""

from typing import Any

import pytest

from fixtures.persons import THI, entitlement
from store.engine import Store
from tests.support.core import ABH1, NOW, Core, new_uuid
from tests.support.furnishing import furnish
from tests.support.pki import shared_pki


def test_an_accepted_new_report_asks_four_questions_at_most_and_writes_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    furnish(store, shared_pki())
    core = Core(store, shared_pki())
    core.answer(entitlement(ABH1, new_uuid(), NOW, THI))
    with store.unit_of_work() as work:
        link = type(work._link)
    asked: list[str] = []
    run, commit, write = link.run, link.commit, link.write

    def counted(name: str, way: Any) -> Any:
        def call(self: Any, *arguments: Any) -> Any:
            asked.append(arguments[0].sql.split()[0] if name == "run" else name)
            return way(self, *arguments)

        return call

    monkeypatch.setattr(link, "run", counted("run", run))
    monkeypatch.setattr(link, "commit", counted("commit", commit))
    monkeypatch.setattr(link, "write", counted("write", write))
    core.answer(entitlement(ABH1, new_uuid(), NOW))
    # Its UUID, the persons and the work items under its key; a number, of which PostgreSQL gives sixteen.
    numbers = ["UPDATE"] if link.dialect == "sqlite" else []
    assert asked == ["INSERT", "SELECT", "SELECT", *numbers, "commit"]
