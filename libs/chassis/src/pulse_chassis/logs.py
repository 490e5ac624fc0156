"""Logs: events with fields, one line each, JSON or for people. Secrets never get here; a filter hides known names."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_SECRET_NAMES = frozenset(
    {"password", "token", "access_token", "refresh_token", "digest", "secret", "payload", "cookie"}
)


def _hide_secrets(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name in _SECRET_NAMES & event.keys():
        event[name] = "…"
    return event


class _Lines(structlog.WriteLogger):
    """Writes finished lines under a logger's name."""

    def __init__(self, name: str = "root") -> None:
        super().__init__(sys.stderr)
        self.name = name


def configure(service: str, *, style: str, level: str) -> None:
    """Sends structlog and the standard library's logging to stderr, one line per event. Our own events do not go by
    way of `logging`, which would cost each several times as much (`make bench NAME=auth`)."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _hide_secrets,
    ]
    render: list[Any] = [structlog.processors.format_exc_info]
    if style == "json":
        render.append(structlog.processors.JSONRenderer())
    else:
        render.append(structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()))
    structlog.configure(
        processors=[*shared, *render],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_Lines,
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.getLogger("uvicorn.access").disabled = True
    logging.getLogger("pulse.bus.aiomqtt").setLevel(logging.WARNING)
    structlog.contextvars.bind_contextvars(service=service)
