"""Logs: one line per event with fields, as JSON or for a terminal. A filter hides fields with names of secrets."""

import logging
import sys
import threading
from collections.abc import MutableMapping
from typing import Any

import structlog

_SECRET_NAMES = frozenset(
    {"password", "token", "access_token", "refresh_token", "digest", "secret", "payload", "cookie"}
)

_writing = threading.Lock()


def _hide_secrets(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name in _SECRET_NAMES & event.keys():
        event[name] = "…"
    return event


class _Lines:
    """Writes rendered lines to stderr. A line that cannot be written (full disk, closed pipe) is dropped, like in
    `logging`: a request must not fail because of its log line."""

    def __init__(self, name: str = "root") -> None:
        self.name = name

    def msg(self, line: str) -> None:
        try:
            with _writing:
                sys.stderr.write(line + "\n")
                sys.stderr.flush()
        except (OSError, ValueError):  # ValueError: stderr is closed
            return

    debug = info = warning = error = critical = exception = msg


def configure(service: str, *, style: str, level: str) -> None:
    """Sends events of structlog and of the standard library's logging to stderr, one line per event. structlog writes
    directly, because going through `logging` is several times slower (`make bench NAME=auth`)."""
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
