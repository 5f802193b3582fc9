"""What is read from the store and held in memory for a short time, so that no message reads it anew."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from gateway.clock import Clock
from messages.errors import GatewayError
from store.errors import StoreUnavailable

MAX_AGE: Final = timedelta(seconds=2)
"""How long a change in the store may stay unseen."""

T = TypeVar("T")


class Held(Generic[T]):
    """One value, read when it is asked for and older than `max_age`. For several threads at once."""

    def __init__(self, read: Callable[[], T], clock: Clock, max_age: timedelta = MAX_AGE) -> None:
        self._read = read
        self._clock = clock
        self._max_age = max_age
        self._lock = threading.Lock()
        self._held: tuple[datetime, T] | None = None

    def current(self) -> T:
        """Return the value. Raises GatewayError T200.store-away if it must be read and the store is away."""
        now = self._clock.now()
        held = self._held
        if held is not None and self._fresh(held[0], now):
            return held[1]
        with self._lock:
            held = self._held
            if held is None or not self._fresh(held[0], now):
                try:
                    held = (now, self._read())
                except StoreUnavailable as error:
                    raise GatewayError("T200.store-away") from error
                self._held = held
            return held[1]

    def _fresh(self, read_at: datetime, now: datetime) -> bool:
        # A clock that was set back must not keep an old state alive.
        return read_at <= now < read_at + self._max_age
