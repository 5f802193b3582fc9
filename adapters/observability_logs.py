"""Structured logs on standard error: one JSON object a line, and nothing personal in them.

Texts of exceptions are never written: a database or XML error may quote a name. Their kind and place are.
"""

from __future__ import annotations

import logging
import logging.config
import sys
import traceback
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any

import structlog

Event = MutableMapping[str, Any]
_FRAMES = 6


def configure_logs(level: str, style: str) -> None:
    """Set up structlog and the standard library's logging, for this process.

    `level` is "debug", "info", "warning" or "error"; `style` "json" or "text".
    """
    structlog.configure(
        processors=[*_shared(), _renderer(style)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(stdlib_logging(level, style))


def stdlib_logging(level: str, style: str) -> dict[str, Any]:
    """A configuration for ``logging.config.dictConfig`` that writes the same lines as structlog.

    The libraries' own loggers stay at "warning": spyne would log whole requests below that.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": {"()": _formatter, "style": style}},
        "handlers": {
            "lines": {"class": "logging.StreamHandler", "stream": "ext://sys.stderr", "formatter": "lines"}
        },
        "root": {"handlers": ["lines"], "level": "WARNING"},
        "loggers": {
            name: {"level": level.upper(), "handlers": ["lines"], "propagate": False}
            for name in ("_granian", "gateway", "store", "adapters")
        },
    }


def place_of(error: BaseException) -> dict[str, object]:
    """Kind and place of an exception, as fields of a log line; its text is left out."""
    return {"error": type(error).__name__, "where": _frames(error.__traceback__)}


def _formatter(style: str) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _renderer(style),
        ],
        foreign_pre_chain=[structlog.stdlib.add_logger_name, *_shared()],
    )


def _shared() -> list[Any]:
    return [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        _without_exception_text,
    ]


def _renderer(style: str) -> Any:
    if style == "json":
        return structlog.processors.JSONRenderer(sort_keys=False)
    return structlog.dev.ConsoleRenderer(colors=False)


def _without_exception_text(_logger: Any, _name: str, event: Event) -> Event:
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    if isinstance(info, BaseException):
        info = (type(info), info, info.__traceback__)
    if isinstance(info, tuple) and info[0] is not None:
        event["error"] = info[0].__name__
        event["where"] = _frames(info[2])
    return event


def _frames(trace: TracebackType | None) -> list[str]:
    found = traceback.extract_tb(trace)[-_FRAMES:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in found]
