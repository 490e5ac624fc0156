"""Logs of test and benchmark programs that are not run by pytest."""

import logging
import sys

import structlog


def show_warnings() -> None:
    """Sends structlog events of level WARNING and above to stderr. Without a configuration, structlog prints every
    event to standard output."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
