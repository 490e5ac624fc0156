"""Each import contract can fail: a module that violates it is added to a copy of the sources."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

pytestmark = pytest.mark.laws

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
CONTRACTS = [contract["name"] for contract in SETTINGS["contracts"]]

BREAKERS: dict[str, tuple[str, str]] = {
    "Deployables are islands": ("pulse_auth/actions/stranger.py", "import pulse_users"),
    "Deployables stand on libs, libs stand on contracts": ("pulse_contracts/stranger.py", "import pulse_bus"),
    "Inside a service every module has a floor, and imports run downwards": (
        "pulse_telemetry_gateway/model/stranger.py",
        "import pulse_telemetry_gateway.store",
    ),
    "Inside the desktop: entry, then widgets, then core": (
        "pulse_desktop/core/stranger.py",
        "import pulse_desktop.__main__",
    ),
    "Inside the desktop's core every package has a floor": (
        "pulse_desktop/core/storage/stranger.py",
        "import pulse_desktop.core.delivery",
    ),
    "Contracts import nothing but pydantic": ("pulse_contracts/stranger.py", "import numpy"),
    "The Python client needs nothing of ours": ("pulse_client/stranger.py", "import pulse_contracts"),
    "aiomqtt has one door": ("pulse_bus/stranger.py", "import aiomqtt"),
    "aiosqlite has one door": ("pulse_desktop/core/mirror/stranger.py", "import aiosqlite"),
    "asyncpg has one door": ("pulse_chassis/stranger.py", "import asyncpg"),
    "passlib has one door": ("pulse_chassis/stranger.py", "import passlib.hash"),
    "python-jose has one door": ("pulse_chassis/stranger.py", "from jose import jwt"),
    "uvicorn has one door": ("pulse_users/actions/stranger.py", "import uvicorn"),
    "Socket.IO has one door": ("pulse_telemetry_gateway/actions/stranger.py", "import socketio"),
    "h11 has one door": ("pulse_users/actions/stranger.py", "import h11"),
    "websockets has one door": ("pulse_users/actions/stranger.py", "import websockets"),
    "limits has one door": ("pulse_users/actions/stranger.py", "import limits"),
    "prometheus_client has one door": ("pulse_users/actions/stranger.py", "import prometheus_client"),
    "paho has one door": ("pulse_users/actions/stranger.py", "import paho.mqtt"),
    "pyotp has one door": ("pulse_users/actions/stranger.py", "import pyotp"),
    "pyarrow has one door": ("pulse_telemetry_gateway/actions/stranger.py", "import pyarrow"),
    "aiosmtplib has one door": ("pulse_users/actions/stranger.py", "import aiosmtplib"),
    "zxcvbn has one door": ("pulse_users/actions/stranger.py", "import zxcvbn"),
    "Only auth may sign tokens": ("pulse_users/actions/stranger.py", "import pulse_jose.signing"),
    "Only the desktop's window needs Qt, and what it shows is decided without it": (
        "pulse_desktop/ui/viewmodels/stranger.py",
        "import PySide6",
    ),
    "qasync has one door": ("pulse_desktop/ui/stranger.py", "import qasync"),
    "pyqtgraph has one door": ("pulse_desktop/ui/stranger.py", "import pyqtgraph"),
    "The desktop never drags in the server": ("pulse_desktop/core/stranger.py", "import fastapi"),
    "Shipped code never imports the testkit": ("pulse_users/actions/stranger.py", "import pulse_testkit"),
    "No cycles inside a lib or the desktop": ("pulse_jose/claims.py", "import pulse_jose.verifying"),
}


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sources")
    for package in SETTINGS["root_packages"]:
        found = next(ROOT.glob(f"*/*/src/{package}"), None) or next(ROOT.glob(f"*/src/{package}"))
        shutil.copytree(found, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    shutil.copy(ROOT / "archrules.py", folder)
    return folder


def lint(folder: Path) -> str:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()", "--no-cache"]
    env = {**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200", "NO_COLOR": "1"}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_every_contract_has_a_module_that_breaks_it() -> None:
    assert sorted(BREAKERS) == sorted(CONTRACTS)


def test_the_sources_as_they_are_keep_every_contract(sources: Path) -> None:
    assert "0 broken" in lint(sources)


@pytest.mark.parametrize("contract", CONTRACTS)
def test_a_violating_module_breaks_its_contract(sources: Path, contract: str) -> None:
    name, line = BREAKERS[contract]
    path = sources / name
    # a package with the name of a module file: put the violating module beside it
    if not path.parent.is_dir():
        path = path.parent.with_suffix(".py")
    before = path.read_text() if path.exists() else None
    path.write_text(f"{before or ''}\n{line}\n")
    try:
        broken = [row for row in lint(sources).splitlines() if row.startswith(contract)]
    finally:
        if before is None:
            path.unlink()
        else:
            path.write_text(before)
    assert any("BROKEN" in row for row in broken), broken
