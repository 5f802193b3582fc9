"""How the operators' commands reach the store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adapters.config import Config
    from store.engine import Store


@contextmanager
def opened_store(config: Config) -> Iterator[Store]:
    """Open the configured store for one command and close it afterwards.

    Raises ConfigurationError if the master key cannot be read, StoreUnavailable and StoreNotMigrated.
    """
    from adapters.config_files import read_secret
    from store.engine import open_store
    from store.vault import ContentVault

    vault = ContentVault(read_secret(config.keys.master_key_file, "keys.master_key_file"))
    store = open_store(config.store.url, vault=vault)
    try:
        yield store
    finally:
        store.close()
