"""The composition root: makes one gateway out of its parts."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import structlog

from adapters.config_files import contract_folders
from adapters.config_secrets import load_ecdsa_key, load_signing_key
from adapters.http import WebApplication, WorkPool
from adapters.http_health import HealthEndpoints
from adapters.http_proxy import peer_reader
from adapters.observability_acceptance import AcceptanceMetrics
from adapters.observability_metrics import Metrics
from adapters.observability_work import WorkMetrics
from adapters.server_acceptance import build_acceptance, build_draining
from adapters.server_background import Repeated
from adapters.server_batch import (
    BATCH_PATH,
    RESULTS_PATH,
    Away,
    batch_endpoint,
    build_batch_door,
    watched_folders,
)
from adapters.server_core import build_core
from adapters.soap.app import SoapEndpoint
from adapters.soap.contract import PUBLIC_FOLDER, load_contract, published_files
from adapters.soap.guard import SealingKeys, SoapDoor
from adapters.soap.published import version_files

if TYPE_CHECKING:
    from prometheus_client.registry import Collector

    from adapters.config import Config

SOAP_PATH = "/soap"


def build_application(config: Config) -> WebApplication:
    """Make the whole gateway of this process: keys, contracts, rules and statements are loaded here.

    The store is not touched: a gateway may start while its store is away. Raises ConfigurationError.
    """
    keys = SealingKeys(load_signing_key(config), load_ecdsa_key(config))
    core = build_core(config, keys.rsa, keys.ecdsa)
    settings = core.pipeline.tools.settings
    acceptance = build_acceptance(config, keys.rsa, settings, core.store, core.clock)
    measured: list[Collector] = [WorkMetrics(core.store, core.clock)]
    checks = dict(core.checks(keys.all()))
    # Without the core store the batch door may still work; a proxy asks for it by itself.
    batch_checks = {"sign": checks["sign"], "deliveries": checks["commit"]}
    away = None
    if acceptance is not None:
        away = Away(acceptance.kept, acceptance.senders(core.validator, settings, core.clock))
        measured.append(AcceptanceMetrics(acceptance.kept, acceptance.copy, core.clock))
        batch_checks["deliveries"] = _either(checks["commit"], acceptance.check)
    metrics = Metrics(measured)
    pool = WorkPool(config.http.threads, config.http.queue)
    door = SoapDoor(
        contract=load_contract(),
        pipeline=core.pipeline,
        parties=core.parties,
        keys=keys,
        policy=core.soap_policy,
        limits=core.limits,
        clock=core.clock,
        messages=core.messages,
        tls_must_match=config.http.client_certificate_must_match,
    )
    peer_of = peer_reader(config.http.trusted_proxies, config.http.client_certificate_header)
    soap = SoapEndpoint(
        door,
        files=_published(config),
        pool=pool,
        peer_of=peer_of,
        metrics=metrics,
        body_seconds=config.http.body_seconds,
    )
    batch_door = build_batch_door(
        config,
        core.workshop,
        core.pipeline.senders,
        away=away,
        tls_must_match=config.http.client_certificate_must_match,
    )
    batch = batch_endpoint(config, batch_door, pool=pool, peer_of=peer_of, metrics=metrics)
    health = HealthEndpoints(checks, metrics)
    batch_health = HealthEndpoints(batch_checks, metrics)

    def repeated(
        name: str, work: Callable[[], object], seconds: float, last: Callable[[], None] | None = None
    ) -> Repeated:
        return Repeated(name, work, seconds, last=last, failures=metrics.background_failures.labels(name))

    poll = config.work.poll_seconds
    sealer = repeated("sealer", core.seal_journal, config.journal.seal_every_seconds, core.leave_journal)
    scheduler = repeated("scheduler", core.take_turn, config.scheduler.every_seconds, core.scheduler.leave)
    folders = watched_folders(config, core.workshop, batch_door.taking) if config.work.in_server else []
    beside = [repeated("worker", each.work_off, poll) for each in core.workers]
    beside += [repeated("folder", each.turn, config.batch.folder_seconds, each.leave) for each in folders]
    halts = [*(each.halt for each in core.workers), *(each.halt for each in folders)]
    closes = [core.store.close]
    if acceptance is not None:
        if config.work.in_server:
            draining = build_draining(config, acceptance.kept, batch_door.draining, core.clock)
            beside.append(repeated("drain", draining.work_off, poll))
            halts.append(draining.halt)
        every = config.acceptance.registry_every_seconds
        beside.append(repeated("registry-copy", acceptance.renew_copy, every))
        closes.append(acceptance.kept.close)
    return WebApplication(
        routes={
            SOAP_PATH: soap,
            BATCH_PATH: batch.deliver,
            RESULTS_PATH: batch.results,
            "/healthz": health.healthz,
            "/readyz": health.readyz,
            f"/readyz{BATCH_PATH}": batch_health.readyz,
            "/metrics": health.metrics,
        },
        folders={f"/{PUBLIC_FOLDER}/": soap.schema_file},
        on_start=(
            sealer.start,
            scheduler.start,
            *(each.start for each in beside),
            _say_ready,
        ),
        on_stop=(
            # All are told before anything is waited for; a long row must not keep the leases from others.
            core.scheduler.halt,
            *halts,
            pool.close,
            scheduler.stop,
            *(each.stop for each in beside),
            sealer.stop,
            *closes,
        ),
    )


def _either(first: Callable[[], None], second: Callable[[], None]) -> Callable[[], None]:
    """Return a check that passes if one of two does."""

    def check() -> None:
        try:
            first()
        except Exception:  # noqa: BLE001 - whatever it is, the other may do
            second()

    return check


def _say_ready() -> None:
    structlog.get_logger("adapters.server").info("ready", pid=os.getpid())


def _published(config: Config) -> Mapping[str, bytes]:
    """The contract in the bundled version of the standard and in every further one."""
    url = public_url(config)
    files = dict(published_files(url))
    for folder in contract_folders(config):
        if folder.extends is not None:
            files.update(version_files(url, folder))
    return files


def public_url(config: Config) -> str:
    """The address of the SOAP door as partners reach it."""
    base = config.http.public_url or f"http://{config.http.host}:{config.http.port}"
    return base.rstrip("/") + SOAP_PATH
