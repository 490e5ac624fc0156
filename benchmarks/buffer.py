"""The collector's buffer beside thingsboard-gateway's SQLite storage: the same readings are stored and removed in the
same run. Both fsync every commit (`synchronous=FULL`; the peer's default is NORMAL, which a power failure may undo).
Both commit 1,000 records at a time, and the write time ends when all are committed. Rates are medians of rounds in
which ours and the peer alternate. Then each is killed while it writes, and the readings are counted.

The peer stores JSON messages. The targets compare one reading per record in each. A sweep of ten series per record is
measured too, where the peer is better: it then has 10,000 readings in a commit. Ours is therefore also measured with
5,000 readings in a commit, the most that it has. The fsync is what a commit costs when other programs use the disk, so
the number of commits decides there.

The peer is drained through its own interface: a pack of 1,000 messages, then "done", which deletes them. Its losses at
kill -9 are records that it accepted (`put` returned true) and had not committed.
"""

import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.report import Result
from pulse_contracts.ranges import count
from pulse_desktop.core.buffer.buffer import Buffer
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.model import BufferLimits, Reading, SeriesSpec, Settlement

PEER = "thingsboard-gateway==3.8.5"
READINGS, GROUP, SERIES = 200_000, 1_000, 10
LARGEST_GROUP = 5_000
"""Readings that the buffer stores in one transaction at most."""
ROUNDS = 3
ROOT = Path(__file__).parents[1]
_UV = ROOT / ".venv" / "bin" / "uv"


@dataclass(frozen=True)
class Measured:
    """Readings per second in and out, bytes on disk per reading, and acknowledged readings that were lost at kill
    -9."""

    in_: float
    out: float
    size: float
    lost: int = 0


def measure() -> list[Result]:
    """Measures this project, and the peer if it can be downloaded."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "readings.json").write_text(json.dumps(_readings()))
        try:
            python = _fetch(folder / "venv")
        except (OSError, subprocess.SubprocessError) as error:
            print(f"!! SKIPPED: {PEER} cannot be fetched, so nothing is compared: {error}", file=sys.stderr)
            ours = _median([_ours(folder / f"alone-{n}", folder, GROUP) for n in range(ROUNDS)], _killed(folder))
            return [result for result in _results(ours, None, "") if result.peer is None]
        rounds = [_round(folder, python, number) for number in range(ROUNDS)]
        small, large, each, sweep = zip(*rounds, strict=True)
        lost = _killed(folder)
        ours, grouped = _median(small, lost), _median(large, lost)
        one = _median(each, _peer_killed(folder, python, 1))
        ten = _median(sweep, _peer_killed(folder, python, SERIES))
    name = f"thingsboard-gateway 3.8.5, {SERIES} series a message"
    return [
        *_results(ours, one, "thingsboard-gateway 3.8.5, a reading a message"),
        *(replace(result, target=None, met=None) for result in _results(ours, ten, name) if result.peer),
        Result(f"append, fsync per {LARGEST_GROUP:,}", grouped.in_, "readings/s", name, ten.in_),
    ]


def _round(folder: Path, python: Path, number: int) -> tuple[Measured, Measured, Measured, Measured]:
    """Ours with small and large commits, and the peer with one and ten series per message."""
    state = folder / f"round-{number}"
    state.mkdir()
    return (
        _ours(state / "small", folder, GROUP),
        _ours(state / "large", folder, LARGEST_GROUP),
        _peer(state / "each", folder, python, 1),
        _peer(state / "sweep", folder, python, SERIES),
    )


def _median(rounds: Sequence[Measured], lost: int) -> Measured:
    in_, out, size = (statistics.median(getattr(one, name) for one in rounds) for name in ("in_", "out", "size"))
    return Measured(in_, out, size, lost)


def _results(ours: Measured, peer: Measured | None, name: str) -> list[Result]:
    def beside(metric: str, unit: str, of: Callable[[Measured], float], least: float) -> Result:
        if peer is None:
            return Result(metric, of(ours), unit)
        ratio = of(ours) / of(peer)
        if unit == "bytes/reading":
            return Result(metric, of(ours), unit, name, of(peer), f"{least} times smaller", 1 / ratio >= least)
        return Result(metric, of(ours), unit, name, of(peer), f"ratio >= {least}", ratio >= least)

    lost = "readings said to be safe, and gone after kill -9"
    return [
        beside("append, fsync per 1,000", "readings/s", lambda m: m.in_, 4),
        beside("drain, read and deleted per 1,000", "readings/s", lambda m: m.out, 14),
        beside("disk", "bytes/reading", lambda m: m.size, 15),
        Result("kill -9", ours.lost, lost, target="0", met=ours.lost == 0),
        *([Result("kill -9, the peer", peer.lost, lost, name)] if peer else []),
    ]


def _readings() -> list[tuple[int, int, float]]:
    """Returns (series, microseconds, value): ten sensors swept 200 times a second, with jitter, three decimals and a
    slow drift."""
    noise = random.Random(1)  # noqa: S311  # sensor noise
    levels = [20.0 + i for i in range(SERIES)]
    out = []
    for sweep in range(READINGS // SERIES):
        t = 1_790_000_000_000_000 + sweep * 5_000 + noise.randrange(-150, 150)
        for series in range(SERIES):
            levels[series] += noise.gauss(0, 0.01)
            out.append((series, t, round(levels[series], 3)))
    return out


# -- this project


def open_buffer(folder: Path, epoch: int) -> Buffer:
    """The collector's buffer with its production settings."""
    folder.mkdir(exist_ok=True)
    buffer = Buffer(folder, epoch, BufferLimits(), Clock())
    buffer.declare([SeriesSpec(f"bench.{i}", "float") for i in range(SERIES)])
    return buffer


def _ours(state: Path, folder: Path, group: int) -> Measured:
    """Stores in `state`, `group` readings in a commit. Drains 1,000 at a time."""
    readings = [Reading(1 + s, t, v) for s, t, v in json.loads((folder / "readings.json").read_text())]
    buffer = open_buffer(state, 1)
    began = time.perf_counter()
    for start in range(0, READINGS, group):
        buffer.append(readings[start : start + group])
    in_ = READINGS / (time.perf_counter() - began)
    buffer.usage()  # and releases free pages, and truncates the log
    size = _bytes(state, "buffer.db*") / READINGS
    began, out = time.perf_counter(), 0
    for lo in range(0, READINGS, GROUP):
        piece = buffer.read(1, lo, lo + GROUP)
        out += len(piece.readings) if piece else 0
        buffer.settle([Settlement(1, ((lo, lo + GROUP),))])
    drained = READINGS / (time.perf_counter() - began)
    if out != READINGS or buffer.waiting:
        raise RuntimeError(f"{out} of {READINGS} came out, {buffer.waiting} are left")
    buffer.close()
    return Measured(in_, drained, size)


def _bytes(folder: Path, pattern: str) -> int:
    return sum(path.stat().st_size for path in folder.glob(pattern) if not path.name.endswith(("-shm", "-wal")))


def _killed(folder: Path) -> int:
    lost = 0
    for epoch, enough in enumerate((20_000, 60_000, 41_000), 1):
        state = folder / f"killed-{epoch}"
        command = [sys.executable, "-m", "benchmarks.buffer", "victim", str(state), str(folder / "readings.json")]
        said = _kill_when([*command, str(epoch)], enough)
        buffer = open_buffer(state, 1_000)
        lost += max(0, said - count(buffer.holdings.of(epoch)))
        buffer.close()
    return lost


def _kill_when(command: list[str], enough: int) -> int:
    """Starts a child process that prints the number of safe readings, and kills it at `enough`. Returns the last
    number."""
    said = 0
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        if child.stdout is None:
            raise RuntimeError("no pipe")
        for line in child.stdout:
            said = int(line)
            if said >= enough:
                os.kill(child.pid, signal.SIGKILL)
                break
        return max([said, *(int(line) for line in child.stdout if line.endswith("\n"))])


def victim(folder: Path, readings: Path, epoch: int) -> None:
    """Appends without end, and prints the number of safe readings after each append."""
    buffer = open_buffer(folder, epoch)
    group = [Reading(1 + s, t, v) for s, t, v in json.loads(readings.read_text())[:100]]
    while True:
        buffer.append(group)
        print(buffer.next, flush=True)


# -- the peer


def _fetch(venv: Path) -> Path:
    print(f"· fetching {PEER} into a temporary environment", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True, timeout=60)
    python = venv / "bin" / "python"
    install = [str(_UV), "pip", "install", "--quiet", "--no-deps", "--python", str(python), PEER]
    subprocess.run(install, check=True, timeout=180, capture_output=True)
    return python


def _peer(state: Path, folder: Path, python: Path, per_message: int) -> Measured:
    """Runs `_PEER` in the peer's environment."""
    state.mkdir()
    command = _peer_command(state, folder, python, per_message)
    done = subprocess.run([*command, "measure"], capture_output=True, text=True, timeout=600, check=True)
    numbers = json.loads(done.stdout.splitlines()[-1])
    return Measured(numbers["in"], numbers["out"], numbers["bytes"] / READINGS)


def _peer_killed(folder: Path, python: Path, per_message: int) -> int:
    state = folder / f"peer-killed-{per_message}"
    state.mkdir()
    command = _peer_command(state, folder, python, per_message)
    said = _kill_when([*command, "victim"], 20_000)
    left = subprocess.run([*command, "count"], capture_output=True, text=True, timeout=60, check=True)
    return max(0, said - int(left.stdout.splitlines()[-1]))


def _peer_command(state: Path, folder: Path, python: Path, per_message: int) -> list[str]:
    return [str(python), "-c", _PEER, f"{state}/", str(folder / "readings.json"), str(per_message)]


_PEER = r"""
import glob, json, logging, os, sqlite3, sys, threading, time
from thingsboard_gateway.storage.sqlite.sqlite_event_storage import SQLiteEventStorage
folder, readings, per, mode = sys.argv[1], json.load(open(sys.argv[2])), int(sys.argv[3]), sys.argv[4]
log = logging.getLogger("storage"); log.addHandler(logging.NullHandler()); log.propagate = False
log.trace = lambda *a, **k: None
def rows():
    files = glob.glob(folder + "*.db"); total = 0
    for file in files:
        db = sqlite3.connect(file); total += db.execute("SELECT count(*) FROM messages").fetchone()[0]; db.close()
    return total
if mode == "count":
    print(rows() * per); sys.exit()
messages = []
for start in range(0, len(readings), per):
    part = readings[start:start + per]
    values = {"bench.%d" % s: v for s, _, v in part}
    telemetry = [{"ts": part[0][1] // 1000, "values": values}]
    messages.append(json.dumps({"deviceName": "bench", "deviceType": "default", "telemetry": telemetry}))
config = {"data_file_path": folder, "max_read_records_count": 1000, "writing_batch_size": 1000, "size_limit": 100000}
storage = SQLiteEventStorage(config, log, threading.Event())
storage._SQLiteEventStorage__write_database.db.connection.execute("PRAGMA synchronous=FULL")
if mode == "victim":
    n = 0
    while True:
        for message in messages:
            if storage.put(message): n += per
            if n % 1000 == 0: print(n, flush=True)
            if n % 10000 == 0: time.sleep(0.2)
began = time.perf_counter()
for message in messages:
    assert storage.put(message)
while rows() < len(messages):
    time.sleep(0.005)
spent_in = time.perf_counter() - began
db = sqlite3.connect(glob.glob(folder + "*.db")[0]); db.execute("PRAGMA wal_checkpoint(FULL)"); db.close()
size = sum(os.path.getsize(f) for f in glob.glob(folder + "*.db"))
began, out = time.perf_counter(), 0
while out < len(messages):
    pack = storage.get_event_pack()
    if not pack:
        time.sleep(0.001); continue
    out += len(pack)
    storage.event_pack_processing_done()
spent_out = time.perf_counter() - began
assert out == len(messages), out
print(json.dumps({"in": len(readings) / spent_in, "out": len(readings) / spent_out, "bytes": size}), flush=True)
os._exit(0)
"""


if __name__ == "__main__":
    if sys.argv[1:2] == ["victim"]:
        victim(Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
    else:
        for one in measure():
            print(one)
