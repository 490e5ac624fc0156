"""The status of a collector: `status.json`, which it writes every second, and the table that operators see."""

import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pulse_desktop.core.mirror.driver import MirrorView
from pulse_desktop.core.model import StoreFailure
from pulse_desktop.core.state_directory import lock
from pulse_desktop.core.status.fill import LEVELS
from pulse_desktop.core.storage.inspection import NoBufferError, count_waiting

FILE = "status.json"
_FILE_BYTES = 4_096
"""The file is padded to this size, so that rewriting it in place needs no new disk block."""
_STALE_SECONDS = 5.0


@dataclass(frozen=True)
class Snapshot:
    """Counts are readings since the process started; `waiting` and `quarantined` are readings on disk. Times are
    microseconds since 1970 UTC. Ages and `full_in` are seconds. Rates are readings per second over the last second.
    `buffer_fill` (0 to 1) is the share of bytes or of readings, whichever is higher. `replay` is the operator's limit
    for the backlog. `mirror`: None when this collector is not enrolled."""

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
    mirror: MirrorView | None = None

    def write(self, folder: Path) -> None:
        """Writes the file atomically. On a full disk, overwrites the old file in place, because its blocks are already
        allocated. Raises OSError."""
        text = json.dumps(asdict(self)).ljust(_FILE_BYTES)
        fresh = folder / f"{FILE}.new"
        try:
            fresh.write_text(text, "utf-8")
            os.replace(fresh, folder / FILE)  # noqa: PTH105  # os.replace is atomic
        except OSError:
            fresh.unlink(missing_ok=True)
            with (folder / FILE).open("r+", encoding="utf-8") as file:
                file.write(text)
                file.truncate()


class NoStatusError(Exception):
    """No collector has run in this state directory, or its status file cannot be read."""


def read(folder: Path) -> dict[str, Any]:
    """The fields of the last snapshot, plus `running` and `stale_seconds`. When no collector is running, `waiting` and
    `quarantined` are counted in the buffer. Raises NoStatusError."""
    try:
        fields: dict[str, Any] = json.loads((folder / FILE).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise NoStatusError(f"no collector has run in {folder}: {error}") from error
    fields["running"] = lock.is_held(folder)
    age = max(0.0, time.time() - fields["written"] / 1e6)
    fields["stale_seconds"] = round(age, 1) if fields["running"] and age > _STALE_SECONDS else None
    if not fields["running"]:
        try:
            fields.update(count_waiting(folder))
        except (NoBufferError, StoreFailure) as error:
            fields["fault"] = f"buffer cannot be read: {error}"
        fields.update(link="closed", link_detail="not running", delivering=False)
        fields.update(produced_per_second=0.0, settled_per_second=0.0, full_in=None)
    return fields


def table(fields: dict[str, Any]) -> str:
    """The fields of `read` as aligned lines."""
    age = fields["oldest_waiting_age"]
    link = fields["link"] + (" (delivering)" if fields["delivering"] else "")
    rows = [
        ("device", fields["device"] + (f" ({fields['name']})" if fields["name"] else "")),
        ("process", f"pid {fields['pid']}" if fields["running"] else "not running"),
        ("link", link + (f": {fields['link_detail']}" if fields["link_detail"] else "")),
        ("buffer", f"{fields['buffer_bytes']:,} of {fields['buffer_max_bytes']:,} bytes"),
        ("fill", _fill(fields["buffer_fill"], fields["full_in"])),
        ("waiting", f"{fields['waiting']:,}" + (f", oldest {_span(age)}" if age is not None else "")),
        ("replay", fields["replay"]),
        ("produced", f"{fields['produced']:,} ({fields['produced_per_second']:,.0f}/s)"),
        ("settled", f"{fields['settled']:,} ({fields['settled_per_second']:,.0f}/s)"),
        ("refused", f"{fields['refused']:,}"),
        ("dropped", f"{fields['dropped']:,}"),
        ("quarantined", f"{fields['quarantined']:,}"),
        ("lost in memory", f"{fields['lost_in_memory']:,}"),
        ("epoch", f"{fields['epoch']} (ord {fields['ord']})"),
    ]
    if fields.get("mirror") is not None:
        rows.append(("mirror", _mirror(fields["mirror"])))
    if fields["stale_seconds"] is not None:
        rows.insert(
            0, ("STALE", f"no update for {_span(fields['stale_seconds'])}: is the disk full, or the process blocked?")
        )
    if fields["fault"]:
        rows.append(("FAULT", fields["fault"]))
    return "\n".join(f"{label:<16}{text}" for label, text in rows)


def _fill(share: float, full_in: int | None) -> str:
    text = f"{100 * share:.1f} %"
    if full_in is not None:
        text += ", full: the oldest readings are thinned" if full_in == 0 else f", full in {_span(full_in)}"
    level = max((level for level in LEVELS if share >= level), default=None)
    return text if level is None else f"{text}  (WARNING: above {100 * level:.0f} %)"


def _mirror(view: dict[str, Any]) -> str:
    if view["problem"]:
        return f"not available: {view['problem']}"
    age = view["fresh_age"]
    text = f"{view['state']}, {view['count']:,} accounts, "
    text += "never confirmed" if age is None else f"confirmed {_span(age)} ago"
    if view["is_clock_suspect"]:
        text += "; CLOCK SUSPECT: no offline sign-in"
    return text


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7_200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3_600:.1f} h" if seconds < 172_800 else f"{seconds / 86_400:.1f} days"
