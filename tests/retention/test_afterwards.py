"""What is asked about a person after the first stage: typed answers that keep their schema, no error."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import etree

from fixtures.inquiries import (
    disclosure_block,
    existence_inquiry,
    name_change,
    participation_inquiry,
    takeover,
)
from fixtures.persons import obligation_1b
from gateway.clock import german_day
from tests.retention.conftest import NEW_NAME, Known, after_years, renamed
from tests.support.clerk import Clerk
from tests.support.core import ABH1, ABH2, new_uuid
from tests.support.door import DoorCore

AGENCIES = {"abh1": ABH1, "abh2": ABH2}
ASKED: dict[str, tuple[Any, str, tuple[str, str | None, str]]] = {
    "report": (obligation_1b, "abh2", ("070005", "17050", "D22")),
    "existence": (existence_inquiry, "abh2", ("070012", "17562", "E04")),
    # The agency that issued the right is not known any more: it is one like any other.
    "participation": (participation_inquiry, "abh1", ("070014", "17571", "A02")),
    "takeover": (takeover, "abh2", ("070017", "17571", "T03")),
    "name": (name_change, "abh1", ("quittung", None, "N03")),
    "block": (disclosure_block, "abh2", ("quittung", None, "B01")),
}


@pytest.mark.parametrize("asked", ASKED)
def test_messages_about_her_are_answered_by_what_is_left(
    core: DoorCore, clerk: Clerk, known: Known, asked: str
) -> None:
    after_years(core, clerk, known, 5)
    assert clerk.inge("retention", "run").code == 0
    build, holder, expected = ASKED[asked]
    now, agency = core.business.now(), AGENCIES[holder]
    if asked in ("report", "existence"):
        message = build(agency, new_uuid(), now, renamed(), number=known.number)
    elif asked == "name":
        message = build(agency, new_uuid(), now, known.number, f"{NEW_NAME}-Neu", renamed())
    else:
        message = build(agency, new_uuid(), now, known.number, renamed())
    told = core.deliver(message, holder)
    assert (told.message_type, told.reason_code, told.row) == expected
    answer = etree.fromstring(told.document)
    contract = core.registry.identify(answer, german_day(now))
    assert core.registry.check(contract, answer) == ()
