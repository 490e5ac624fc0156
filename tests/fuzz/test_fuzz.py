"""Five thousand mutants in each run of the tests; `make fuzz` sends as many as one likes."""

import os
from pathlib import Path

import pytest

from benchmarks import stage
from pulse_testkit.servers import Servers
from tests.fuzz.whole import fuzz

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]
SEED = int(os.environ.get("SEED", "20261123"))
"""The same each time, so that a failure can be looked at; `make fuzz` draws one."""


def test_five_thousand_mutants_find_no_crash_no_exception_and_no_5xx(servers: Servers, tmp_path: Path) -> None:
    given = stage.Servers(servers.database_url, servers.mqtt_url, dict(servers.passwords))
    report = fuzz(given, tmp_path, 5_000, SEED, lambda _: None)
    print(report.as_text())
    assert report.problems == []
    assert report.count == 5_000
    assert report.outcomes.total() == 5_000
