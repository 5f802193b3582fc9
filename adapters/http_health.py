"""Health, readiness and metrics for whoever watches over the gateway."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from time import monotonic
from types import MappingProxyType

import structlog

from adapters.http import Request, Response, method_not_allowed
from adapters.observability_logs import place_of
from adapters.observability_metrics import CONTENT_TYPE, Metrics

Check = Callable[[], None]
"""Returns if all is well, raises otherwise."""


class HealthEndpoints:
    """``/healthz``: the process lives. ``/readyz``: it can verify, sign and commit. ``/metrics``."""

    def __init__(self, checks: Mapping[str, Check], metrics: Metrics, *, keep_seconds: float = 1.0) -> None:
        """`checks` by the name they have in the answer; a result is kept for `keep_seconds`, so that
        nobody can make the gateway busy with itself by asking.
        """
        self._checks = MappingProxyType(dict(checks))
        self._metrics = metrics
        self._keep = keep_seconds
        self._checked_at = float("-inf")
        self._result: Mapping[str, str] = {}
        self._lock = asyncio.Lock()
        self._log = structlog.get_logger("adapters.health")

    async def healthz(self, request: Request) -> Response:
        """200 as long as the process answers."""
        if request.method not in {"GET", "HEAD"}:
            return method_not_allowed("GET")
        return _json(200, {"status": "alive"})

    async def readyz(self, request: Request) -> Response:
        """200 if every check passes, else 503; each check with "ok" or the kind of its error."""
        if request.method not in {"GET", "HEAD"}:
            return method_not_allowed("GET")
        async with self._lock:
            if monotonic() - self._checked_at > self._keep:
                self._result = await asyncio.to_thread(self._run)
                self._checked_at = monotonic()
            result = self._result
        ready = all(outcome == "ok" for outcome in result.values())
        return _json(200 if ready else 503, {"status": "ready" if ready else "not ready", "checks": result})

    async def metrics(self, request: Request) -> Response:
        """The numbers of all worker processes, for Prometheus."""
        if request.method not in {"GET", "HEAD"}:
            return method_not_allowed("GET")
        return Response(200, await asyncio.to_thread(self._metrics.exposition), CONTENT_TYPE)

    def _run(self) -> Mapping[str, str]:
        result = {}
        for name, check in self._checks.items():
            try:
                check()
                result[name] = "ok"
            except Exception as error:  # noqa: BLE001 - whatever it is, it is not ready
                result[name] = type(error).__name__
                self._log.warning("not-ready", check=name, **place_of(error))
        return result


def _json(status: int, value: object) -> Response:
    return Response(status, json.dumps(value).encode("utf-8") + b"\n", "application/json")
