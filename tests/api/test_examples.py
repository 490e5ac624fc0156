"""The examples of the guides work: one shell runs every block in order."""

import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.system import ROOT, System, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]
GUIDE, PLAIN_GUIDE = ROOT / "docs/guides/api.md", ROOT / "docs/guides/plain-devices.md"
CURL = '''#!{python}
"""Stands in for curl where there is none: the options that the guide uses."""
import sys, httpx
arguments, method, headers, body, out, fails = sys.argv[1:], None, {{}}, None, None, False
url = ""
while arguments:
    word = arguments.pop(0)
    if word == "-X": method = arguments.pop(0)
    elif word == "-H":
        name, _, value = arguments.pop(0).partition(": "); headers[name] = value
    elif word == "-d": body = arguments.pop(0)
    elif word == "-o": out = arguments.pop(0)
    elif word.startswith("-"): fails = fails or "f" in word
    else: url = word
answer = httpx.request(method or ("GET" if body is None else "POST"), url, headers=headers, content=body, timeout=30)
if fails and answer.is_error: sys.exit(f"curl: {{answer.status_code}}")
open(out, "wb").write(answer.content) if out else sys.stdout.write(answer.text)
'''


def blocks(guide: Path) -> list[str]:
    """The text between ```sh and ```."""
    return re.findall(r"^```sh\n(.*?)^```$", guide.read_text(), re.MULTILINE | re.DOTALL)


def outputs(guide: Path, system: System, folder: Path) -> list[str]:
    """Runs every block of the guide in order in one shell. Returns the output of each."""
    path = f"{folder}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    if shutil.which("curl") is None:
        stand_in = folder / "curl"
        stand_in.write_text(CURL.format(python=sys.executable))
        stand_in.chmod(stand_in.stat().st_mode | stat.S_IXUSR)
    env = os.environ | {"PATH": path, "PULSE": system.url}
    env |= {"EMAIL": system.admin["email"], "PASSWORD": system.admin["password"]}
    script = "set -eu\n" + "\necho '<<<>>>'\n".join(blocks(guide))
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
    assert len(said) == len(blocks(GUIDE)) > 8
    assert '"code":"forbidden"' in said[-1]
    assert (tmp_path / "readings.csv").read_text().count("\n") > 1
    assert "account_created" in (tmp_path / "accounts.csv").read_text()


def test_the_guide_takes_a_plain_device_to_its_first_reading(system: System, tmp_path: Path) -> None:
    said = outputs(PLAIN_GUIDE, system, tmp_path)
    assert len(said) == len(blocks(PLAIN_GUIDE)) == 6
    assert "pulse/v1/telemetry/plain/greenhouse" in said[1]
    assert '"window"' in said[3]
    assert '"last_seen"' in said[4]
    assert '"items":' in said[5]
