"""A collector's whole lifetime in a whole system: enrolled, disabled, enabled, rotated and lost, and a broker that lost
its disk. Collector and buffer are real."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.resilience.checker import judge
from tests.system import System, run_in_thread, running_system, wait_until

pytestmark = pytest.mark.resilience
DEVICE, RATE = "press-4", 500


@pytest.fixture
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running_system(tmp_path_factory.mktemp("system"), {"PULSE_FIRST_COLLECTOR": "off"}) as running:
        yield running


@dataclass
class Fleet:
    """auth's API with an administrator's token."""

    system: System

    def __post_init__(self) -> None:
        self.url = f"http://127.0.0.1:{self.system.child('auth')['port']}"
        self._bearer = {"authorization": f"Bearer {self.system.token()}"}

    def post(self, path: str = "", body: object = None) -> dict[str, Any]:
        answer = httpx.post(f"{self.url}/api/collectors{path}", json=body, headers=self._bearer, timeout=20)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found


@dataclass
class Enrolled:
    """A collector that has only the data of its enrolment."""

    folder: Path
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def journal(self) -> Path:
        return self.folder / "journal"

    def do(self, *words: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "pulse_desktop", *words, "--state-dir", str(self.folder / "state")]
        return subprocess.run(command, env=self._env(), capture_output=True, text=True, check=False)

    def start(self, rate: int = RATE) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pulse_desktop", "run", "--state-dir", str(self.folder / "state")]
        command += ["--no-host-metrics", "--simulator-rate", str(rate), "--journal", str(self.journal)]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, env=self._env(), stdout=log, stderr=log)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(15)

    def status(self) -> dict[str, Any]:
        done = self.do("status", "--json")
        return json.loads(done.stdout) if done.returncode == 0 else {}

    def delivers(self) -> None:
        before = int(self.status().get("settled", 0))
        wait_until(lambda: int(self.status().get("settled", 0)) > before + RATE, seconds=30, what="readings settle")

    def is_refused(self) -> bool:
        return self.status().get("link") == "refused"

    @staticmethod
    def _env() -> dict[str, str]:
        return {name: text for name, text in os.environ.items() if not name.startswith("PULSE_")} | {
            "PULSE_SECRETS": "file"
        }


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[Enrolled]:
    made = Enrolled(tmp_path / "collector")
    yield made
    made.stop()


@pytest.mark.timeout(180)
def test_a_disabled_and_rotated_collector_loses_nothing_even_with_a_wiped_broker(
    system: System, collector: Enrolled
) -> None:
    fleet = Fleet(system)
    code = fleet.post("", {"id": DEVICE, "name": "Press 4"})["code"]
    assert collector.do("enrol", fleet.url, code).returncode == 0
    collector.start()
    collector.delivers()

    fleet.post(f"/{DEVICE}/disable")
    wait_until(collector.is_refused, seconds=30, what="the broker refuses a disabled collector")
    assert "was disabled, removed or enrolled again" in collector.status()["link_detail"]
    assert "FAIL  delivery" in collector.do("doctor").stdout
    waiting = collector.status()["waiting"]
    wait_until(lambda: collector.status()["waiting"] > waiting + 2 * RATE, seconds=20, what="it goes on buffering")
    fleet.post(f"/{DEVICE}/enable")
    collector.delivers()

    security = system.state / "mqtt/store/dynamic-security.json"
    security.unlink()
    system.kill("mosquitto")
    collector.delivers()
    assert DEVICE in security.read_text()

    code = fleet.post(f"/{DEVICE}/rotate", {"cut_off": True})["code"]
    wait_until(collector.is_refused, seconds=30, what="the old secret is worth nothing")
    assert collector.do("enrol", fleet.url, code, "--replace").returncode == 1  # it runs
    collector.stop()
    assert collector.do("enrol", fleet.url, code, "--replace").returncode == 0
    collector.start(rate=0)
    wait_until(lambda: collector.status().get("waiting") == 0, seconds=60, what="nothing waits")
    collector.stop()

    verdict = run_in_thread(judge(collector.journal, system.database_url(), DEVICE))
    assert verdict.problems == []
    assert verdict.stored >= verdict.produced > 3 * RATE

    lost = fleet.post(f"/{DEVICE}/lost")
    assert lost["state"] == "lost"
    wait_until(lambda: DEVICE not in security.read_text(), seconds=30, what="the broker forgets a lost collector")
    found = collector.do("doctor")
    assert found.returncode == 1
    assert "was disabled, removed or enrolled again" in found.stdout
