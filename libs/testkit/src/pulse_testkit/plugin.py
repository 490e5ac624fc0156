"""The pytest plugin: one PostgreSQL and one broker per run, databases copied from migrated templates, a fake clock, and
the rule that an unannounced WARNING fails the test."""

import json
import logging
import os
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import structlog

from pulse_postgres.admin import clone_database, create_database, drop_database
from pulse_testkit.clock import FakeClock
from pulse_testkit.servers import Servers

REPOSITORY = Path(__file__).resolve().parents[4]
DEVICES = ("alpha", "beta", "gamma")
"""Devices with an account at the broker."""


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """PostgreSQL and the broker. They are started once per run, and their data is deleted at its end."""
    state = tmp_path_factory.mktemp("servers", numbered=True)
    for folder in (state, *state.parents):
        if folder == Path("/tmp") or folder == folder.parent:  # noqa: S108  # compared only, not written to
            break
        folder.chmod(folder.stat().st_mode | 0o111)
    command = [sys.executable, "-m", "pulse_standalone", "servers", "--state-dir", str(state), "--throwaway"]
    command += ["--tools-dir", os.environ.get("PULSE_TOOLS_DIR", str(REPOSITORY / ".tools"))]
    for device in DEVICES:
        command += ["--device", device]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the process has no pipes")
        line = process.stdout.readline()
        if not line:
            raise RuntimeError("the servers did not start: see the message above")
        details = json.loads(line)
        yield Servers(details["database_url"], details["mqtt_url"], details["passwords"], details["pids"])
        process.stdin.close()
        process.wait(30)


Migrate = Callable[[str], Awaitable[None]]


@pytest.fixture
async def new_database(servers: Servers) -> AsyncIterator[Callable[[str, Migrate], Awaitable[str]]]:
    """`await new_database("telemetry", migrate)` returns the URL of a new database. It is a copy of a template, which
    `migrate(url)` prepares once per run. Functions of different modules have different templates, also for one kind."""
    created: list[str] = []

    async def create(kind: str, migrate: Migrate) -> str:
        origin = (kind, migrate.__module__)
        template = servers.templates.get(origin)
        if template is None:
            template = f"template_{kind}_{secrets.token_hex(4)}"
            await migrate(await create_database(servers.database_url, template))
            servers.templates[origin] = template
        name = f"test_{secrets.token_hex(6)}"
        created.append(name)
        return await clone_database(servers.database_url, template, name)

    yield create
    for name in created:
        await drop_database(servers.database_url, name)


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stays at 2026-01-01T00:00:00Z until it is advanced."""
    return FakeClock()


def pytest_configure() -> None:
    """Sends structlog events through `logging`, so that one handler sees every log line."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["event"], repr_native_str=False),
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


class _WarningRecorder(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.name}: {record.getMessage()}")


@pytest.fixture(autouse=True)
def no_unannounced_warnings(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fails the test when its WARNING logs and its announcements differ.

    `@pytest.mark.announces_log("text")` announces a log line of WARNING or above that contains the text. The test fails
    on a line that no mark announces, and on a mark whose text never appears.
    """
    recorder = _WarningRecorder()
    root = logging.getLogger()
    root.addHandler(recorder)
    yield
    if recorder not in root.handlers:
        pytest.fail("the test replaced the handlers of the root logger, so that its WARNING logs were not seen")
    root.removeHandler(recorder)
    announced = [str(mark.args[0]) for mark in request.node.iter_markers("announces_log")]
    unannounced = [line for line in recorder.lines if not any(text in line for text in announced)]
    missing = [text for text in announced if not any(text in line for line in recorder.lines)]
    if unannounced:
        pytest.fail("unannounced WARNING logs:\n" + "\n".join(unannounced))
    if missing:
        pytest.fail("announced logs that never appeared:\n" + "\n".join(missing))
