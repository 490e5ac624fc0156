"""What a running collector says about itself: `status.json`, written each second, and the table made of it."""

import contextlib
import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pulse_desktop.core import lock, replay_control
from pulse_desktop.core.fill import LEVELS
from pulse_desktop.core.inspection import NoBufferError, count_waiting
from pulse_desktop.core.model import StoreFailure

FILE = "status.json"
_PADDED = 4_096
"""Bytes of the file, so that a rewrite in place needs no new block."""
_STALE_SECONDS = 5.0


@dataclass(frozen=True)
class Snapshot:
    """Counts are readings since the process started, except `waiting` and `quarantined`, which are what the disk
    holds. Times are microseconds since 1970 UTC, ages and `full_in` seconds, rates readings per second over the last
    second. `buffer_fill` (0 to 1) is the worst of bytes and readings; `replay` what the operator wished for the
    backlog."""

    pid: int
    version: str
    device: str
    name: str
    started: int
    written: int
    link: str
    link_detail: str
    delivering: bool
    fault: str
    epoch: int
    ord: int
    produced: int
    waiting: int
    settled: int
    refused: int
    dropped: int
    quarantined: int
    lost_in_memory: int
    oldest_waiting: int | None
    oldest_waiting_age: float | None
    buffer_bytes: int
    buffer_max_bytes: int
    buffer_max_readings: int
    buffer_fill: float
    full_in: int | None
    disk_free: int
    replay: str
    produced_per_second: float
    settled_per_second: float

    def write(self, folder: Path) -> None:
        """Atomically; on a full disk over the old one, whose blocks are ours already: a full disk is when people look.
        Raises OSError."""
        text = json.dumps(asdict(self)).ljust(_PADDED)
        fresh = folder / f"{FILE}.new"
        try:
            fresh.write_text(text, "utf-8")
            os.replace(fresh, folder / FILE)  # noqa: PTH105  # the name says that it is atomic
        except OSError:
            fresh.unlink(missing_ok=True)
            with (folder / FILE).open("r+", encoding="utf-8") as file:
                file.write(text)
                file.truncate()


class NoStatusError(Exception):
    """No collector ever ran there, or its file cannot be read."""


def read(folder: Path) -> dict[str, Any]:
    """The last snapshot as plain fields, plus `running`. When nothing runs, `waiting` and `quarantined` are counted in
    the buffer itself, read-only. Raises NoStatusError."""
    try:
        found: dict[str, Any] = json.loads((folder / FILE).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise NoStatusError(f"no collector has run in {folder}: {error}") from error
    found["running"] = lock.is_held(folder)
    age = max(0.0, time.time() - found["written"] / 1e6)
    found["stale_seconds"] = round(age, 1) if found["running"] and age > _STALE_SECONDS else None
    if not found["running"]:
        try:
            found.update(count_waiting(folder))
        except (NoBufferError, StoreFailure) as error:
            found["fault"] = f"buffer cannot be read: {error}"
        found.update(link="closed", link_detail="not running", delivering=False)
        found.update(produced_per_second=0.0, settled_per_second=0.0, full_in=None)
        with contextlib.suppress(ValueError):
            found["replay"] = str(replay_control.read(folder))
    return found


def table(found: dict[str, Any]) -> str:
    """For a person at a terminal."""
    age = found["oldest_waiting_age"]
    link = found["link"] + (" (delivering)" if found["delivering"] else "")
    rows = [
        ("device", found["device"] + (f" ({found['name']})" if found["name"] else "")),
        ("process", f"pid {found['pid']}" if found["running"] else "not running"),
        ("link", link + (f": {found['link_detail']}" if found["link_detail"] else "")),
        ("buffer", f"{found['buffer_bytes']:,} of {found['buffer_max_bytes']:,} bytes"),
        ("fill", _fill(found["buffer_fill"], found["full_in"])),
        ("waiting", f"{found['waiting']:,}" + (f", oldest {_span(age)}" if age is not None else "")),
        ("replay", found["replay"]),
        ("produced", f"{found['produced']:,} ({found['produced_per_second']:,.0f}/s)"),
        ("settled", f"{found['settled']:,} ({found['settled_per_second']:,.0f}/s)"),
        ("refused", f"{found['refused']:,}"),
        ("dropped", f"{found['dropped']:,}"),
        ("quarantined", f"{found['quarantined']:,}"),
        ("lost in memory", f"{found['lost_in_memory']:,}"),
        ("epoch", f"{found['epoch']} (ord {found['ord']})"),
    ]
    if found["stale_seconds"] is not None:
        rows.insert(0, ("NO NEWS", f"for {_span(found['stale_seconds'])}: what follows is old (disk full, or stuck?)"))
    if found["fault"]:
        rows.append(("FAULT", found["fault"]))
    return "\n".join(f"{label:<16}{text}" for label, text in rows)


def _fill(share: float, full_in: int | None) -> str:
    text = f"{100 * share:.1f} %"
    if full_in is not None:
        text += ", full: the oldest readings lose detail" if full_in == 0 else f", full in {_span(full_in)}"
    mark = max((level for level in LEVELS if share >= level), default=None)
    return text if mark is None else f"{text}  (WARNING: above {100 * mark:.0f} %)"


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7_200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3_600:.1f} h" if seconds < 172_800 else f"{seconds / 86_400:.1f} days"
