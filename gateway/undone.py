"""Doing the same to many: an error about one keeps no other from its turn, and is not passed over either."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from gateway.journaling import raise_alarm
from store.errors import StoreBusy, StoreUnavailable

_NAMED_AT_MOST: Final = 20


def is_store_away(error: Exception) -> bool:
    """Tell whether nothing can be done for the others either."""
    return isinstance(error, StoreUnavailable)


def is_away_not_busy(error: Exception) -> bool:
    """Tell the same where a store may be busy for one alone."""
    return is_store_away(error) and not isinstance(error, StoreBusy)


@contextmanager
def apart(
    what: str,
    undone: Callable[[Exception], object],
    *,
    ends_all: Callable[[Exception], bool] = is_store_away,
    **facts: str,
) -> Iterator[None]:
    """Do one thing of many; an error of it is told to the operator with these facts, and goes no further.

    In: what the operator reads ("question not closed"); who is told that it was not done; which errors end
    the others' turn too, and are raised; ids that say which one it is.
    """
    try:
        yield
    except Exception as error:
        if ends_all(error):
            raise
        raise_alarm(what, error, **facts)
        undone(error)


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
    def apart(self, *, ends_all: Callable[[Exception], bool] = is_store_away, **facts: str) -> Iterator[None]:
        """Do one thing; as `apart`. Raises what ends all."""
        with apart(
            self._what,
            lambda _: self._which.append(" ".join(facts.values())),
            ends_all=ends_all,
            **facts,
        ):
            yield

    def end(self) -> None:
        """Say, after all had their turn, that some could not be done. Raises UndoneError."""
        if self._which:
            raise UndoneError(self._what, self._which)
