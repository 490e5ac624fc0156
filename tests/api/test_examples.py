"""The examples of the guides work: one shell runs every block in order."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.api.shell import blocks, provide_curl, search_path
from tests.system import ROOT, System, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]
GUIDE, PLAIN_GUIDE = ROOT / "docs/guides/api.md", ROOT / "docs/guides/plain-devices.md"


def outputs(guide: Path, system: System, folder: Path) -> list[str]:
    """Runs every block of the guide in order in one shell. Returns the output of each."""
    provide_curl(folder)
    env = os.environ | {"PATH": search_path(folder, Path(sys.executable).parent), "PULSE": system.url}
    env |= {"EMAIL": system.admin["email"], "PASSWORD": system.admin["password"]}
    script = "set -eu\n" + "\necho '<<<>>>'\n".join(blocks(guide, "sh"))
    done = subprocess.run(["sh", "-c", script], cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + done.stdout[-2_000:]
    return done.stdout.split("<<<>>>")


def test_every_example_of_the_guide_works(system: System, tmp_path: Path) -> None:
    token = system.token()
    wait_until(
        lambda: any(one["id"] == 1 and one["latest"] for one in system.get("/api/telemetry/series", token)["items"]),
        seconds=30,
        what="series 1, which the guide reads, has a reading",
    )
    said = outputs(GUIDE, system, tmp_path)
    assert len(said) == len(blocks(GUIDE, "sh")) > 8
    assert '"code":"forbidden"' in said[-1]
    assert (tmp_path / "readings.csv").read_text().count("\n") > 1
    assert "account_created" in (tmp_path / "accounts.csv").read_text()


def test_the_guide_takes_a_plain_device_to_its_first_reading(system: System, tmp_path: Path) -> None:
    said = outputs(PLAIN_GUIDE, system, tmp_path)
    assert len(said) == len(blocks(PLAIN_GUIDE, "sh")) == 6
    assert "pulse/v1/telemetry/plain/greenhouse" in said[1]
    assert '"window"' in said[3]
    assert '"last_seen"' in said[4]
    assert '"items":' in said[5]
