"""Erasing again, after a restore, what was erased after the backup was made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from gateway.retention.erasing import Eraser, Found
from gateway.retention.run import Links
from gateway.tools import Tools
from store.engine import Store
from store.erasures import ErasureLine

ACTOR: Final = "replay"


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay did: persons erased again, and those that wait (open work, answers not confirmed)."""

    erased: int
    waits: tuple[int, ...]

    def as_data(self) -> dict[str, Any]:
        """Return it as JSON-able data."""
        return {"erased": self.erased, "waits": list(self.waits)}


def replay(store: Store, tools: Tools, lines: Iterable[ErasureLine]) -> Replayed:
    """Erase what the lines tell, as far as it is not erased and its time was over on the day of the line.

    Done again it does nothing. A line that a crash left without its erasure erases nobody who had a new right
    since. What waits is left to the scheduled task. Raises StoreUnavailable.
    """
    eraser = Eraser(store, tools)
    wanted: dict[int, tuple[date, Found]] = {}
    for line in lines:
        with store.read() as reader:
            for person in line.persons:
                found = eraser.look(reader.connection, person, line.on)
                if found is not None and found.stage <= line.stage:
                    wanted[found.person] = (line.on, found)
    links = Links(store)
    if wanted:
        for _ in links.find(found for _, found in wanted.values()):
            pass
    erased, waits = 0, []
    for on, found in wanted.values():
        done = eraser.erase(found.person, on, links.of(found), tell=False, actor=ACTOR)
        if done is not None and done.waits:
            waits.append(found.person)
        elif done is not None:
            erased += 1
    return Replayed(erased, tuple(waits))
