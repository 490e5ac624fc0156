"""Test folders of members are not packages. Otherwise pytest would confuse them with the root package `tests`."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_no_test_folder_of_a_member_is_a_package() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    packages = [p for p in listed.splitlines() if p.endswith("/tests/__init__.py")]
    assert packages == []
