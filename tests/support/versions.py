"""A gateway that serves two versions of the standard, around the days of the switch.

26.11 is served until 2027-07-31, 27.05 from 2027-05-01; parties are confirmed for both unless said otherwise.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from functools import cache
from typing import Any, Final

from fixtures.standards import FOLDER
from messages.registry import MessageRegistry
from schemas.codes import CodeLists
from schemas.folders import Period, read_folders
from schemas.registry import SchemaRegistry
from store.engine import Store
from store.parties import change_party
from tests.support.core import StandingClock
from tests.support.door import DoorCore
from tests.support.pki import shared_pki

OLD: Final = "26.11"
NEW: Final = "27.05"
NAMESPACE: Final = "urn:inge-gateway:test:xauslaender:2705"
BEFORE: Final = date(2027, 4, 30)
BOTH: Final = date(2027, 5, 3)
LAST_OF_OLD: Final = date(2027, 7, 31)
AFTER: Final = date(2027, 8, 1)


@cache
def registry() -> SchemaRegistry:
    served = {f"XAusländer {OLD}": Period(served_until=LAST_OF_OLD)}
    return SchemaRegistry(read_folders(versions=[FOLDER], served=served), CodeLists.load())


@cache
def versions() -> MessageRegistry:
    return MessageRegistry.of(registry().folders)


def gateway(store: Store, day: date = BOTH, **changes: Any) -> DoorCore:
    """A gateway whose calendar shows a day; certificates and time stamps keep the real clock."""
    noon = datetime.combine(day, time(10), UTC)
    return DoorCore(
        store,
        shared_pki(),
        business=StandingClock(noon),
        registry=registry(),
        messages=versions(),
        **changes,
    )


def confirm(store: Store, *versions: str, kennung: str | None = None) -> None:
    """Confirm a party (without kennung all) for these versions and no others."""
    with store.read() as reader:
        parties = reader.parties()
    with store.write() as connection:
        for party in parties:
            if kennung in (None, party.kennung):
                confirmed = frozenset(f"XAusländer {version}" for version in versions)
                change_party(connection, replace(party, versions=confirmed))
