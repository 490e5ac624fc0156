"""Logging: structlog events and standard library records in one format, as JSON or for a terminal."""

import logging
import sys
from collections import deque
from typing import Literal

import structlog
from structlog.typing import Processor

_KEPT = 500
_recent: deque[str] = deque(maxlen=_KEPT)


class _Recent(logging.Handler):
    """Keeps the last lines in memory, so that an administrator can fetch them."""

    def emit(self, record: logging.LogRecord) -> None:
        _recent.append(self.format(record))


def recent(lines: int) -> str:
    """The last lines of this process, at most 500."""
    return "\n".join(list(_recent)[-lines:])


def configure(form: Literal["json", "console"], *, level: int = logging.INFO) -> None:
    """Sends every log line to standard error."""
    shared: list[Processor] = [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    last: Processor = (
        structlog.processors.JSONRenderer() if form == "json" else structlog.dev.ConsoleRenderer(colors=False)
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last]
    )
    root = logging.getLogger()
    root.handlers = [logging.StreamHandler(sys.stderr), _Recent()]
    for handler in root.handlers:
        handler.setFormatter(formatter)
    root.setLevel(level)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
