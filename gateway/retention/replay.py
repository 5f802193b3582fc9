"""Erasing again, after a restore, what was erased after the backup was made."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from gateway.retention.erasing import Eraser, Found
from gateway.retention.run import Links, told
from gateway.tools import Tools
from store.engine import Store
from store.erasures import ErasureLine

ACTOR: Final = "replay"


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay did: how many were erased again, and which persons were not.

    Some wait (open work, answers not confirmed); `failed` are those that an error kept from being erased.
    """

    erased: int
    waits: tuple[int, ...]
    failed: tuple[int, ...] = ()

    def as_data(self) -> dict[str, Any]:
        """Return it as JSON-able data."""
        return {"erased": self.erased, "waits": list(self.waits), "failed": list(self.failed)}


def replay(
    store: Store, tools: Tools, lines: Iterable[ErasureLine], tell: Callable[[int], None] = lambda _: None
) -> Replayed:
    """Erase what the lines tell, as far as it is not erased and its time was over on the day of the line.

    In: the lines; who is told after every step how many were erased so far. Done again it does nothing. A
    line that a crash left without its erasure erases nobody who had a new right since. What waits is left to
    the scheduled task; an error about one person keeps no other from being erased, and the operator is told.
    Raises StoreUnavailable.
    """
    eraser = Eraser(store, tools)
    wanted: dict[int, tuple[date, Found]] = {}
    failed: set[int] = set()
    for line in lines:
        tell(0)
        with store.read() as reader:
            for person in line.persons:
                with told(person, failed.add):
                    found = eraser.look(reader.connection, person, line.on)
                    if found is not None and found.stage <= line.stage:
                        wanted[found.person] = (line.on, found)
    links = Links(store)
    if wanted:
        for _ in links.find(found for _, found in wanted.values()):
            tell(0)
    erased, waits = 0, []
    for on, found in wanted.values():
        done = None
        with told(found.person, failed.add):
            done = eraser.erase(found.person, on, links.of(found), tell=False, actor=ACTOR)
        if done is not None and done.waits:
            waits.append(found.person)
        elif done is not None:
            erased += 1
        tell(erased)
    return Replayed(erased, tuple(waits), tuple(sorted(failed)))
