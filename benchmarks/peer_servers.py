"""InfluxDB and VictoriaMetrics as packaged by Debian. Their packages are unpacked below `.tools` without root. Each
server is started on 127.0.0.1 with a folder of the benchmark, killed, and queried for its number of readings. The
packages' default settings decide when a server answers: InfluxDB 1.6 writes its log with fsync before each 204
(`wal-fsync-delay = "0s"`); VictoriaMetrics keeps new data in memory and writes it about once a second."""

import contextlib
import json
import os
import platform
import shutil
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pulse_standalone.ports import free_port
from tests.system import ROOT, wait_until

DATABASE = "bench"
_TOOLS = ROOT / ".tools" / "peers"
_PACKAGES = ("influxdb", "victoria-metrics")
_START_SECONDS, _FETCH_SECONDS = 30, 180


class CannotFetchError(RuntimeError):
    """The packages cannot be downloaded. The message says why."""


@dataclass(frozen=True)
class Kind:
    """One program: its name, the version of its package, and the path for line protocol with microseconds."""

    name: Literal["InfluxDB", "VictoriaMetrics"]
    package: str
    version: str
    path: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


@dataclass
class Peer:
    """A running server."""

    kind: Kind
    port: int
    process: "subprocess.Popen[bytes]"

    def kill(self) -> None:
        """kill -9. Returns when the process has ended."""
        self.process.kill()
        self.process.wait(10)

    def count(self) -> int:
        """Returns the number of readings that a query finds."""
        if self.kind.name == "InfluxDB":
            answer = self._ask("/query", {"db": DATABASE, "q": "SELECT count(value) FROM /.*/"})
            series = answer["results"][0].get("series", [])
            return sum(int(one["values"][0][1]) for one in series)
        self._ask("/internal/force_flush", {})
        answer = self._ask(
            "/api/v1/query", {"query": 'sum(count_over_time({__name__=~".+_value"}[1d]))', "nocache": "1"}
        )
        found = answer["data"]["result"]
        return int(found[0]["value"][1]) if found else 0

    def prepare(self) -> None:
        """Creates the database if the server needs one."""
        if self.kind.name == "InfluxDB":
            self._ask("/query", {"q": f"CREATE DATABASE {DATABASE}"}, is_post=True)

    def answers(self) -> bool:
        """Whether the server answers."""
        try:
            self._ask("/ping" if self.kind.name == "InfluxDB" else "/health", {})
        except OSError:
            return False
        return True

    def _ask(self, path: str, query: dict[str, str], *, is_post: bool = False) -> Any:
        url = f"http://127.0.0.1:{self.port}{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, b"" if is_post else None, timeout=120) as answer:
            text = answer.read()
        return json.loads(text) if text.startswith(b"{") else None


@contextlib.contextmanager
def running(kind: Kind, folder: Path) -> Iterator[Peer]:
    """Starts the server with the contents of `folder` and kills it at the end. Its log is discarded, which costs less
    than a file."""
    folder.mkdir(exist_ok=True)
    port = free_port()
    program = _TOOLS / "root/usr/bin" / ("influxd" if kind.name == "InfluxDB" else "victoria-metrics")
    if kind.name == "InfluxDB":
        command = [str(program), "-config", str(_TOOLS / "root/etc/influxdb/influxdb.conf")]
        env = {
            "INFLUXDB_META_DIR": str(folder / "meta"),
            "INFLUXDB_DATA_DIR": str(folder / "data"),
            "INFLUXDB_DATA_WAL_DIR": str(folder / "wal"),
            "INFLUXDB_HTTP_BIND_ADDRESS": f"127.0.0.1:{port}",
            "INFLUXDB_BIND_ADDRESS": f"127.0.0.1:{free_port()}",
        }
    else:
        command = [str(program), f"-storageDataPath={folder}", f"-httpListenAddr=127.0.0.1:{port}"]
        env = {}
    libraries = str(_TOOLS / "root/usr/lib" / f"{platform.machine()}-linux-gnu")
    nothing = subprocess.DEVNULL
    process = subprocess.Popen(
        command, env={**os.environ, "LD_LIBRARY_PATH": libraries, **env}, cwd=folder, stdout=nothing, stderr=nothing
    )
    peer = Peer(kind, port, process)
    try:
        wait_until(peer.answers, seconds=_START_SECONDS, what=f"{kind} serves")
        peer.prepare()
        yield peer
    finally:
        peer.kill()


def fetch() -> list[Kind]:
    """Returns both programs. They are downloaded and unpacked only once. Raises CannotFetchError."""
    versions = _TOOLS / "versions.json"
    if not versions.exists():
        _unpack()
    found = json.loads(versions.read_text())
    return [
        Kind("InfluxDB", "influxdb", found["influxdb"], f"/write?db={DATABASE}&precision=u"),
        Kind("VictoriaMetrics", "victoria-metrics", found["victoria-metrics"], "/write?precision=u"),
    ]


def _unpack() -> None:
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise CannotFetchError("no apt-get and dpkg-deb here")
    print(f"· fetching {' and '.join(_PACKAGES)} into {_TOOLS.relative_to(ROOT)}", flush=True)
    shutil.rmtree(_TOOLS, ignore_errors=True)
    for name in ("lists/partial", "cache/archives/partial", "packages", "root"):
        (_TOOLS / name).mkdir(parents=True)
    options = ["-q", "-o", f"Dir::State::Lists={_TOOLS}/lists", "-o", f"Dir::Cache={_TOOLS}/cache"]
    options += ["-o", "Debug::NoLocking=1", "-o", "APT::Sandbox::User=root"]
    _run(["apt-get", *options, "update"], _TOOLS)
    plan = _run(["apt-get", *options, "-s", "--no-install-recommends", "install", *_PACKAGES], _TOOLS)
    names = {line.split()[1] for line in plan.splitlines() if line.startswith("Inst ")} | set(_PACKAGES)
    _run(["apt-get", *options, "download", *sorted(names)], _TOOLS / "packages")
    versions = {}
    for package in sorted((_TOOLS / "packages").glob("*.deb")):
        _run(["dpkg-deb", "-x", str(package), str(_TOOLS / "root")], _TOOLS)
        name, version = _run(["dpkg-deb", "--show", "--showformat=${Package} ${Version}", str(package)], _TOOLS).split()
        versions[name] = version
    for name in ("lists", "cache", "packages"):
        shutil.rmtree(_TOOLS / name)
    (_TOOLS / "versions.json").write_text(json.dumps(versions))


def _run(command: Sequence[str], cwd: Path) -> str:
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=_FETCH_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotFetchError(str(error)) from error
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise CannotFetchError(f"{command[0]}: {reason[0][:200]}")
    return done.stdout
