"""The core behind the doors, made from the configuration: store, parties, trust, pipeline, sealer, tasks."""

from __future__ import annotations

import os
import re
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from adapters.config import Config
from adapters.config_files import contract_folders
from adapters.config_secrets import load_ecdsa_key, load_signing_key, read_secret
from adapters.config_sections import HOUSE_NUMBER
from gateway.batch.signing import signer
from gateway.business_clock import business_clock
from gateway.clock import Clock, SystemClock
from gateway.deferred.base import Workshop
from gateway.deferred.handlers import handlers
from gateway.deferred.runner import Worker
from gateway.deferred.terms import Terms
from gateway.normalise import KeyProfile
from gateway.number import Numbers
from gateway.parties import PartyDirectory
from gateway.pipeline import Pipeline
from gateway.rules.reader import load_rules
from gateway.scheduler.runner import Scheduler
from gateway.scheduler.tasks import usual_tasks
from gateway.service.handlers import service_handlers
from gateway.settings import Settings
from gateway.tools import Tools
from gateway.trust.admission import Limits, admit
from gateway.trust.certificates import Validator
from gateway.trust.keys import SigningKey
from gateway.trust.policy import SignaturePolicy, SoapPolicy
from gateway.trust.wssecurity import seal_envelope, verify_envelope
from messages import codes
from messages.registry import MessageRegistry
from messages.values import Erreichbarkeit, Gebaeudeanschrift
from schemas.codes import CodeLists
from schemas.registry import SchemaRegistry
from store.engine import Store, new_holder, open_store
from store.heads import HeadsFile
from store.records import PartyRecord
from store.sealer import Sealer
from store.vault import ContentVault

_PHONE = "02"
_EMAIL = "01"
_LEAVING_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Core:
    """Everything behind the doors of one process."""

    store: Store
    parties: PartyDirectory
    validator: Validator
    pipeline: Pipeline
    sealer: Sealer
    limits: Limits
    soap_policy: SoapPolicy
    clock: Clock
    scheduler: Scheduler
    messages: MessageRegistry
    workshop: Workshop
    workers: Sequence[Worker]

    def checks(self, keys: Sequence[SigningKey]) -> Mapping[str, Callable[[], None]]:
        """What readiness asks, by name.

        Can this process sign with each key, verify, judge revocation where it must, and commit? Is the chain
        of the journal as long as the heads outside the store say?
        """

        def can_sign() -> None:
            for key in keys:
                self._sign(key)

        return {
            "sign": can_sign,
            "verify": lambda: self._verify(keys[0]),
            "revocation": lambda: self.validator.require_current_lists(self.clock.now()),
            "commit": lambda: self.store.check_commit(self.clock.now()),
            "journal": self.sealer.check,
        }

    def seal_journal(self) -> None:
        """Chain what was committed; the lease lets only one of all processes do it."""
        self.sealer.run_once(self.clock.now())

    def leave_journal(self) -> None:
        """Chain what is left before this process ends; waits a little for the lease of one that ends too."""
        until = time.monotonic() + _LEAVING_SECONDS
        while self.sealer.leave(self.clock.now()) is None and time.monotonic() < until:
            time.sleep(0.05)

    def take_turn(self) -> None:
        """Let the scheduler do what there is; the lease lets only one of all processes do it."""
        self.scheduler.run_once()

    def _sign(self, key: SigningKey) -> bytes:
        return seal_envelope(b"<probe/>", key=key, soap_version="1.1", now=self.clock.now())

    def _verify(self, key: SigningKey) -> None:
        verify_envelope(
            admit(self._sign(key), self.limits).root,
            policy=self.soap_policy,
            directory=self.parties,
            now=self.clock.now(),
        )


def build_core(config: Config, key: SigningKey, ecdsa: SigningKey | None = None) -> Core:
    """Load and connect everything once. `key` signs the heads of the journal and what deferred work makes,
    the other what is for parties that ask for ECDSA.

    The store is opened but not touched: it may be away. Raises ConfigurationError, TrustFileError.
    """
    clock = SystemClock()
    vault = ContentVault(read_secret(config.keys.master_key_file, "keys.master_key_file"), os.urandom)
    store = open_store(config.store.url, vault=vault, clock_ns=time.time_ns)
    parties = PartyDirectory(_party_source(store), clock)
    registry = SchemaRegistry(contract_folders(config), CodeLists.load(installed=config.schemas.installed))
    messages = MessageRegistry.of(registry.folders)
    settings = core_settings(config)
    limits = replace(Limits(), **config.limits.given())
    validator = build_validator(config)
    pipeline = Pipeline(
        registry=registry,
        store=store,
        parties=parties,
        validator=validator,
        rules=load_rules(),
        numbers=Numbers(read_secret(config.keys.number_key_file, "keys.number_key_file")),
        settings=settings,
        clock=clock,
        business=business_clock(settings, clock, store),
        new_uuid=_new_uuid,
        messages=messages,
        services=service_handlers(store, registry, settings, limits, messages),
    )
    workshop = Workshop(store, pipeline.tools, registry, limits, key, ecdsa)
    tasks = usual_tasks(store, pipeline.tools, signer(key, ecdsa))
    return Core(
        store=store,
        parties=parties,
        validator=validator,
        pipeline=pipeline,
        sealer=Sealer(store, key.sign, HeadsFile(config.journal.heads_file), new_holder()),
        limits=limits,
        # Which party may use the STR-Transform is known only after the proof; the door asks then.
        soap_policy=SoapPolicy(signature=SignaturePolicy(str_transform=True)),
        clock=clock,
        scheduler=Scheduler(store, clock, tasks, new_holder()),
        messages=messages,
        workshop=workshop,
        workers=[make_worker(config, workshop) for _ in range(config.work.in_server)],
    )


def build_workshop(config: Config, store: Store, tools: Tools) -> Workshop:
    """What handlers of deferred work need, outside the server. Raises ConfigurationError."""
    return Workshop(
        store=store,
        tools=tools,
        registry=SchemaRegistry(contract_folders(config), CodeLists.load(installed=config.schemas.installed)),
        limits=replace(Limits(), **config.limits.given()),
        key=load_signing_key(config),
        ecdsa_key=load_ecdsa_key(config),
    )


def build_validator(config: Config) -> Validator:
    """What judges the certificates of senders. Raises TrustFileError."""
    return Validator.from_directories(
        anchors=config.trust.anchors,
        intermediates=config.trust.intermediates,
        crls=config.trust.crls,
        require_crl=config.trust.require_crl,
    )


def make_worker(config: Config, workshop: Workshop) -> Worker:
    """A worker for one thread, with a name that no other has."""
    terms = Terms(config.work.attempts, timedelta(seconds=config.work.lease_seconds))
    return Worker(workshop.store, workshop.tools.real_clock, handlers(workshop), new_holder(), terms)


def build_tools(config: Config, store: Store) -> Tools:
    """What decisions are made with, for commands beside the server. Raises ConfigurationError."""
    clock, settings = SystemClock(), core_settings(config)
    return Tools.make(
        store=store,
        settings=settings,
        rules=load_rules(),
        numbers=Numbers(read_secret(config.keys.number_key_file, "keys.number_key_file")),
        parties=PartyDirectory(_party_source(store), clock),
        real_clock=clock,
        business_clock=business_clock(settings, clock, store),
        new_uuid=_new_uuid,
        messages=MessageRegistry.of(contract_folders(config)),
    )


def core_settings(config: Config) -> Settings:
    """The settings of the core, from all sections that are about what it does."""
    gateway, rules = config.gateway, config.rules
    reachable = [Erreichbarkeit(codes.code("erreichbarkeit", _EMAIL), gateway.email)]
    if gateway.phone is not None:
        reachable.append(Erreichbarkeit(codes.code("erreichbarkeit", _PHONE), gateway.phone))
    house = re.fullmatch(HOUSE_NUMBER, gateway.house_number)
    number, letter = (gateway.house_number, None) if house is None else house.groups()
    return Settings(
        environment=config.environment.name,
        kennung=gateway.kennung,
        name=gateway.name,
        address=Gebaeudeanschrift(
            hausnummer=number,
            hausnummer_buchstabe=letter,
            postleitzahl=gateway.postcode,
            strasse=gateway.street,
            wohnort=gateway.city,
        ),
        reachability=tuple(reachable),
        key_profile=KeyProfile(rules.key_profile),
        expired_only_accepts=rules.expired_only == "accept",
        swiss_free_movement=rules.swiss_free_movement,
        unlimited_1b=rules.unlimited_1b,
        notify_replaced=rules.notify_replaced,
        fallback_office=rules.fallback_office,
        fetch_at_most=config.outbox.fetch_at_most,
        clerk_working_days=config.clerks.working_days,
        clerk_holidays=config.clerks.holidays,
        announce_end_days=config.schemas.announce_end_days,
        retention_counts_from=config.retention.counts_from,
        erasures_file=erasures_file(config),
        confirms_for=config.connect.confirms_for,
        connect_idle_days=config.connect.idle_days,
    )


def erasures_file(config: Config) -> Path:
    """Where erasures are told: as configured, else beside the heads of the journal."""
    heads = config.journal.heads_file
    return config.retention.erasures_file or heads.with_name(f"{heads.name}.erasures")


def _new_uuid() -> str:
    return str(uuid.uuid4())


def _party_source(store: Store) -> Callable[[], list[PartyRecord]]:
    def read() -> list[PartyRecord]:
        with store.read() as reader:
            return reader.parties()

    return read
