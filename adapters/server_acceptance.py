"""Accepting while the core store is away, made from the configuration: its store, the copy, who drains it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from adapters.config import Config
from adapters.config_secrets import read_secret
from adapters.server_batch import build_batch_door
from gateway.batch.draining import Draining
from gateway.batch.registry_copy import RegistryCopy
from gateway.batch.taking import Taking
from gateway.clock import Clock
from gateway.deferred.base import Workshop
from gateway.parties import PartyDirectory
from gateway.senders import Senders
from gateway.settings import Settings
from gateway.trust.certificates import Validator
from gateway.trust.keys import SigningKey
from store.acceptance.records import Limits
from store.acceptance.store import AcceptanceStore, open_acceptance
from store.engine import Store, new_holder
from store.errors import StoreFull
from store.records import PartyRecord
from store.vault import ContentVault

_COPY_HELD: Final = timedelta(seconds=30)
"""For how long the copy is not read anew: it can be large, and is written every few minutes."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What this node has for the time in which the core store is away."""

    kept: AcceptanceStore
    copy: RegistryCopy
    store: Store
    every: timedelta

    def renew_copy(self) -> None:
        """Write the copy anew where that is due. Raises StoreUnavailable, OSError."""
        self.copy.renew(self._parties, self.every / 2)

    def check(self) -> None:
        """Prove that deliveries could be accepted without the core. Raises StoreUnavailable."""
        self.kept.check()
        if self.kept.room().is_full:
            raise StoreFull("the acceptance store is full")
        self.copy.read()

    def senders(self, validator: Validator, settings: Settings, clock: Clock) -> Senders:
        """Recognise senders by the copy."""
        parties = PartyDirectory(self.copy.read, clock, max_age=_COPY_HELD)
        return Senders(validator=validator, parties=parties, settings=settings)

    def _parties(self) -> list[PartyRecord]:
        with self.store.read() as reader:
            return reader.parties()


def build_acceptance(
    config: Config, key: SigningKey, settings: Settings, store: Store, clock: Clock
) -> Acceptance | None:
    """Make it, without touching a store; None where it is not configured. Raises ConfigurationError."""
    kept = build_kept(config)
    if kept is None:
        return None
    copy = build_copy(config, key, settings, clock)
    return Acceptance(kept, copy, store, timedelta(seconds=config.acceptance.registry_every_seconds))


def build_kept(config: Config) -> AcceptanceStore | None:
    """Open the acceptance store without touching it; None where there is none. Raises ConfigurationError."""
    url = config.acceptance.url
    if url is None:
        return None
    vault = ContentVault(read_secret(config.keys.master_key_file, "keys.master_key_file"), os.urandom)
    limits = Limits(config.acceptance.max_bytes, config.acceptance.free_bytes)
    return open_acceptance(url, vault=vault, random=os.urandom, limits=limits)


def build_copy(config: Config, key: SigningKey, settings: Settings, clock: Clock) -> RegistryCopy:
    """Return the copy of the registry, there or not."""
    max_age = timedelta(hours=config.acceptance.registry_max_age_hours)
    return RegistryCopy(registry_file(config), key, settings, clock, max_age=max_age)


def registry_file(config: Config) -> Path:
    """Where the copy of the registry is: as configured, else beside the heads of the journal."""
    heads = config.journal.heads_file
    return config.acceptance.registry_file or heads.with_name(f"{heads.name}.registry")


@dataclass(frozen=True, slots=True)
class WorkerAcceptance:
    """What a worker outside the server does about it: `turns` by name, with the seconds between two."""

    turns: tuple[tuple[str, Callable[[], object], float], ...]
    draining: Draining | None
    kept: AcceptanceStore | None

    def halt(self) -> None:
        """Let the turn under way end after the delivery at hand."""
        if self.draining is not None:
            self.draining.halt()

    def close(self) -> None:
        """Close the acceptance store."""
        if self.kept is not None:
            self.kept.close()


def worker_acceptance(config: Config, workshop: Workshop) -> WorkerAcceptance:
    """Make it; there is nothing to do where no acceptance store is configured. Raises ConfigurationError."""
    tools = workshop.tools
    clock = tools.real_clock
    acceptance = build_acceptance(config, workshop.key, tools.settings, workshop.store, clock)
    if acceptance is None:
        return WorkerAcceptance((), None, None)
    senders = Senders(validator=None, parties=tools.parties, settings=tools.settings)
    door = build_batch_door(config, workshop, senders)
    draining = build_draining(config, acceptance.kept, door.draining, clock)
    turns = (
        ("registry-copy", acceptance.renew_copy, config.acceptance.registry_every_seconds),
        ("drain", draining.work_off, config.work.poll_seconds),
    )
    return WorkerAcceptance(turns, draining, acceptance.kept)


def build_draining(config: Config, kept: AcceptanceStore, taking: Taking, clock: Clock) -> Draining:
    """Make what drains, for one thread. In: the way into the core (`server_batch.BatchDoor.draining`)."""
    acceptance = config.acceptance
    return Draining(
        kept=kept,
        taking=taking,
        clock=clock,
        holder=new_holder(),
        lease=timedelta(seconds=config.work.lease_seconds),
        patience=timedelta(minutes=acceptance.gap_minutes),
        remember=timedelta(days=acceptance.remember_days),
        spool=config.batch.spool,
    )
