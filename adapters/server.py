"""Runs the gateway as several worker processes."""

from __future__ import annotations

import os
import shutil
import tempfile
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.observability_logs import configure_logs, stdlib_logging

if TYPE_CHECKING:
    from adapters.http import WebApplication

APPLICATION = "adapters.server_application"
WORKER_MEBIBYTES = 1024
"""A worker larger than this is replaced, after it has finished what it has begun."""


def serve(path: Path) -> None:
    """Run the gateway configured in the file at `path` until SIGTERM or SIGINT; requests under way end.

    Raises ConfigurationError if the configuration or a file it names cannot be used.
    """
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces, Loops
    from granian.http import HTTP1Settings

    from adapters.config import load_config
    from adapters.config_files import check_files
    from adapters.config_problems import ConfigurationError

    config = load_config(path)
    problems = check_files(config)
    if problems:
        raise ConfigurationError(problems)
    # Read by prometheus_client when it is imported.
    metrics = os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="inge-metrics-")
    try:
        # Workers are forks of this process: what is loaded here, none of them has to load again.
        import_module(APPLICATION)
        Granian(
            target=APPLICATION,
            address=config.http.host,
            port=config.http.port,
            interface=Interfaces.ASGI,
            workers=config.http.workers,
            loop=Loops.uvloop,
            http=HTTPModes.http1,
            http1_settings=HTTP1Settings(header_read_timeout=10_000),
            websockets=False,
            # Every connection with a slow body counts; a thousand per worker cost sockets, not threads.
            backlog=2048,
            backpressure=1024,
            respawn_failed_workers=True,
            # libxml2 keeps every name it has read: a flood of made-up ones must not fill the machine.
            workers_max_rss=WORKER_MEBIBYTES,
            workers_kill_timeout=max(1, round(config.http.drain_seconds)),
            log_dictconfig=stdlib_logging(config.logging.level, config.logging.format),
        ).serve(target_loader=partial(load_worker, path), wrap_loader=False)
    finally:
        shutil.rmtree(metrics, ignore_errors=True)


def load_worker(path: Path) -> WebApplication:
    """The application of one worker process, with everything loaded once. Raises ConfigurationError."""
    from adapters.config import load_config
    from adapters.server_application import build_application

    config = load_config(path)
    configure_logs(config.logging.level, config.logging.format)
    return build_application(config)
