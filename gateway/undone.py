"""Doing the same to many: an error about one keeps no other from its turn, and is not passed over either."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from gateway.journaling import raise_alarm
from store.errors import StoreUnavailable


class UndoneError(Exception):
    """Some of many could not be done; why was told for each when it came about."""


class Undone:
    """Counts what could not be done. In: what the operator reads in the log: "question not closed"."""

    def __init__(self, what: str) -> None:
        self._what: Final = what
        self._count = 0

    @contextmanager
    def apart(self, **facts: str | None) -> Iterator[None]:
        """Do one thing; an error of it is told to the operator with these facts, and goes no further.

        Raises StoreUnavailable: then the others cannot be done either.
        """
        try:
            yield
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - the others are due as well
            raise_alarm(self._what, error, **facts)
            self._count += 1

    def end(self) -> None:
        """Say, after all had their turn, that some could not be done. Raises UndoneError."""
        if self._count:
            raise UndoneError(f"{self._what}: {self._count}")
