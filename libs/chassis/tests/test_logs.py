"""The log of a process: one line per event, of structlog and of logging."""

import json
import subprocess
import sys

_WRITE = """
import logging, structlog
from pulse_chassis.observability import logs
log = structlog.get_logger("pulse.ours")  # like in modules, before the configuration
logs.configure("auth", style={style!r}, level={level!r})
structlog.contextvars.bind_contextvars(request_id="r1")
{body}
"""


def written(body: str, *, style: str = "json", level: str = "info") -> list[str]:
    """Returns the lines on stderr of a new process that runs `body`. The configuration is global to a process."""
    script = _WRITE.format(style=style, level=level, body=body)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)  # noqa: S603  # ours
    assert done.stdout == ""
    return done.stderr.splitlines()


def test_events_of_structlog_and_logging_have_one_format() -> None:
    ours, theirs = map(
        json.loads, written("log.info('request', status=200); logging.getLogger('lib').info('a %s', 'b')")
    )
    assert ours.pop("timestamp").endswith("Z")
    assert theirs.pop("timestamp").endswith("Z")
    common = {"service": "auth", "level": "info", "request_id": "r1"}
    assert ours == common | {"logger": "pulse.ours", "event": "request", "status": 200}
    assert theirs == common | {"logger": "lib", "event": "a b"}


def test_events_below_the_level_are_not_written() -> None:
    body = "log.info('a'); log.warning('b'); logging.getLogger('lib').info('c'); logging.getLogger('lib').error('d')"
    assert [json.loads(line)["event"] for line in written(body, level="warning")] == ["b", "d"]


def test_an_exception_is_one_line_with_its_traceback() -> None:
    body = """
try:
    1 / 0
except ZeroDivisionError:
    log.exception("ours")
    logging.getLogger("lib").exception("theirs")
"""
    ours, theirs = map(json.loads, written(body))
    assert (ours["event"], ours["level"], theirs["event"]) == ("ours", "error", "theirs")
    assert all(line["exception"].endswith("ZeroDivisionError: division by zero") for line in (ours, theirs))


def test_secrets_are_hidden() -> None:
    (line,) = written("log.info('a', password='hush', cookie='hush')")
    assert "hush" not in line
    assert json.loads(line)["password"] == "…"


def test_a_failed_write_raises_nothing() -> None:
    """A full disk (simulated by /dev/full), and a closed terminal."""
    body = """
import os, sys
kept = os.dup(2)
full = os.open("/dev/full", os.O_WRONLY)
os.dup2(full, 2)
for n in range(1000):
    log.error("lost", n=n, text="x" * 100)
    logging.getLogger("lib").error("lost")
os.dup2(kept, 2)
log.info("kept")
sys.stderr.close()
log.error("closed")
"""
    assert [json.loads(line)["event"] for line in written(body) if "kept" in line] == ["kept"]


def test_the_console_format_is_readable() -> None:
    (line,) = written("log.info('request', status=200)", style="console")
    assert "request" in line
    assert "status=200" in line
    assert not line.startswith("{")
