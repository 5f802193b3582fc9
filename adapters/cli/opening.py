"""How the operators' commands reach the store."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adapters.config import Config
    from gateway.deferred.base import Workshop
    from gateway.tools import Tools
    from store.engine import Store


@contextmanager
def opened_store(config: Config) -> Iterator[Store]:
    """Open the configured store for one command and close it afterwards.

    Raises ConfigurationError if the master key cannot be read, StoreUnavailable when the store is away,
    StoreNotMigrated when its tables are not those of this program.
    """
    from adapters.config_secrets import read_secret
    from store.engine import open_store
    from store.errors import StoreNotMigrated
    from store.revision import current_revision, serves
    from store.vault import ContentVault

    vault = ContentVault(read_secret(config.keys.master_key_file, "keys.master_key_file"), os.urandom)
    store = open_store(config.store.url, vault=vault, clock_ns=time.time_ns)
    try:
        # Only read: on SQLite who looks need not wait for who writes.
        with store.read() as reader:
            if not serves(current_revision(reader.connection)):
                raise StoreNotMigrated(
                    "the store does not have the tables of this program: run `inge migrate`"
                )
        yield store
    finally:
        store.close()


@contextmanager
def opened_tools(config: Config) -> Iterator[tuple[Store, Tools]]:
    """Open the configured store with what decisions are made with, for one command of a clerk.

    Raises as `opened_store`, and ConfigurationError if the number key cannot be read.
    """
    from adapters.server_core import build_tools

    with opened_store(config) as store:
        yield store, build_tools(config, store)


@contextmanager
def opened_workshop(config: Config) -> Iterator[Workshop]:
    """Open the configured store with what deferred work is done with.

    Raises as `opened_tools`, and ConfigurationError if a contract or the signing key cannot be read.
    """
    from adapters.server_core import build_workshop

    with opened_tools(config) as (store, tools):
        yield build_workshop(config, store, tools)
