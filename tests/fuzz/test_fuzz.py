"""Five thousand mutants in each test run. `make fuzz` sends any number."""

import os
from pathlib import Path

import pytest

from benchmarks import stage
from pulse_testkit.servers import Servers
from tests.fuzz.whole import fuzz

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]
SEED = int(os.environ.get("SEED", "20261123"))
"""A fixed seed, so that a failure can be repeated. `make fuzz` draws one."""


def test_five_thousand_mutants_cause_no_crash_no_exception_and_no_5xx(servers: Servers, tmp_path: Path) -> None:
    backend = stage.Servers(servers.database_url, servers.mqtt_url, dict(servers.passwords))
    report = fuzz(backend, tmp_path, 5_000, SEED, lambda _: None)
    print(report.as_text())
    assert report.problems == []
    assert report.count == 5_000
    assert report.outcomes.total() == 5_000
