"""Keeping a lease from running out while what it is for is being done."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from store.errors import StoreUnavailable


@contextmanager
def prolonged(name: str, lease: timedelta, prolong: Callable[[], object]) -> Iterator[None]:
    """Call `prolong` three times in the length of a lease, by a thread beside, as long as the body runs.

    While the store is away it is tried again; if the lease is over meanwhile, another may take over.
    """
    done = threading.Event()

    def beat() -> None:
        while not done.wait(lease.total_seconds() / 3):
            try:
                prolong()
            except StoreUnavailable:
                continue

    beating = threading.Thread(target=beat, name=name, daemon=True)
    beating.start()
    try:
        yield
    finally:
        done.set()
        beating.join()
