"""Only the owner can read the collector's files."""

import asyncio
import os
import stat
import sys
from pathlib import Path

from pulse_desktop.core.state_directory.privacy import keep_private, shared_files
from pulse_testkit.waiting import eventually


async def test_every_file_of_a_collector_is_its_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    (folder / "buffer.corrupt-20260101T000000Z").write_bytes(b"of an earlier version")
    (folder / "buffer.corrupt-20260101T000000Z").chmod(0o644)
    command = [sys.executable, "-m", "pulse_desktop", "run", "--state-dir", str(folder), "--device", "alpha"]
    journal = ["--journal", str(folder / "journal"), "--simulator-rate", "50"]
    quiet = {**os.environ, "PULSE_MQTT_URL": "mqtt://127.0.0.1:1"}
    one = await asyncio.create_subprocess_exec(
        *command, *journal, env=quiet, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL, umask=0o022
    )
    try:
        expected = {"buffer.db", "buffer.db-wal", "buffer.db-shm", "status.json", "journal"}
        await eventually(lambda: expected <= {path.name for path in folder.iterdir()})
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
        assert set(modes.values()) == {0o600}, modes
    finally:
        one.terminate()
        await one.wait()


def test_files_that_other_users_can_read_are_listed_and_fixed(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        for name, mode in (("a", 0o644), ("b", 0o640), ("c", 0o600)):
            (tmp_path / name).write_text("")
            (tmp_path / name).chmod(mode)
        assert shared_files(tmp_path) == ["a", "b"]
        keep_private(tmp_path)
        (tmp_path / "d").write_text("")
        assert shared_files(tmp_path) == []
    finally:
        os.umask(before)
