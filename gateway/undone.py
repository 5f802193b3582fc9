"""Doing the same to many: an error about one keeps no other from its turn, and is not passed over either."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from gateway.journaling import raise_alarm
from store.errors import StoreUnavailable

_NAMED_AT_MOST: Final = 20


class UndoneError(Exception):
    """Some of many could not be done; why was told for each when it came about.

    In: what was to be done, and of which: ids, nothing of a person.
    """

    def __init__(self, what: str, which: Sequence[object]) -> None:
        named = ", ".join(map(str, which[:_NAMED_AT_MOST]))
        more = len(which) - _NAMED_AT_MOST
        super().__init__(f"{what}: {named}" + (f" and {more} more" if more > 0 else ""))


class Undone:
    """Keeps of which something could not be done. In: what the operator reads: "question not closed"."""

    def __init__(self, what: str) -> None:
        self._what: Final = what
        self._which: list[str] = []

    @contextmanager
    def apart(self, **facts: str) -> Iterator[None]:
        """Do one thing; an error of it is told to the operator with these facts, and goes no further.

        In: ids that say which one it is. Raises StoreUnavailable: then the others cannot be done either.
        """
        try:
            yield
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - the others are due as well
            raise_alarm(self._what, error, **facts)
            self._which.append(" ".join(facts.values()))

    def end(self) -> None:
        """Say, after all had their turn, that some could not be done. Raises UndoneError."""
        if self._which:
            raise UndoneError(self._what, self._which)
