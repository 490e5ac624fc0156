"""Snapshots and a client for states that a real collector reaches only after hours: offline, replaying, full."""

from collections.abc import Sequence
from dataclasses import replace

from pulse_desktop.client.port import (
    Batch,
    EngineUnavailable,
    Points,
    ReplayLimit,
    SeriesInfo,
    Snapshot,
    SourceInfo,
)

NOW = 1_780_000_000_000_000
"""Microseconds since 1970 UTC."""

CONNECTED = Snapshot(
    pid=1,
    version="0.1.0",
    device="pp-gw-014",
    name="Plant 2",
    started=NOW - 60_000_000,
    written=NOW,
    link="connected",
    link_detail="",
    delivering=True,
    fault="",
    epoch=1,
    ord=1,
    produced=41_800,
    waiting=12,
    settled=41_788,
    refused=0,
    dropped=0,
    quarantined=0,
    lost_in_memory=0,
    oldest_waiting=NOW - 50_000,
    oldest_waiting_age=0.05,
    buffer_bytes=2_100_000,
    buffer_max_bytes=1_000_000_000,
    buffer_max_readings=500_000_000,
    buffer_fill=0.002,
    full_in=None,
    disk_free=50_000_000_000,
    replay="no limit",
    produced_per_second=1_248.0,
    settled_per_second=1_248.0,
)
REPLAYING = replace(
    CONNECTED,
    waiting=17_338,
    settled=30_872,
    oldest_waiting=NOW - 1_740_000_000,
    oldest_waiting_age=1_740.0,
    settled_per_second=2_940.0,
)
PAUSED = replace(REPLAYING, replay="paused (after that: at most 500 readings per second)")
OFFLINE = replace(REPLAYING, link="waiting", link_detail="[Errno 111] Connection refused", full_in=11_400)
NEARLY_FULL = replace(OFFLINE, buffer_fill=0.91)
FULL = replace(OFFLINE, buffer_fill=1.0, full_in=0, dropped=300)
FAULT = replace(OFFLINE, fault="the disk is full")
STATES = {
    "starting": None,
    "live": CONNECTED,
    "replaying": REPLAYING,
    "paused": PAUSED,
    "offline": OFFLINE,
    "nearly_full": NEARLY_FULL,
    "full": FULL,
    "fault": FAULT,
}
SERIES = [
    SeriesInfo(1, "spindle.temperature", "float", "°C", NOW, 59.7, 10.0),
    SeriesInfo(2, "parts", "int", "", NOW, 1_204_300, 1.0),
    SeriesInfo(3, "door.open", "bool", "", NOW, True, 0.1),
    SeriesInfo(4, "line.pressure", "float", "bar", NOW - 40_000_000, 6.3, 0.0),
]
SOURCES = [
    SourceInfo("host", "running", NOW, "", 10.0),
    SourceInfo("simulator", "failed", NOW, "ValueError: no", 0.0),
]
BATCHES = [
    Batch(18_231, 250, "acknowledged", NOW - 2_000_000, "backlog"),
    Batch(18_232, 250, "in_flight", NOW - 1_000_000, "live"),
]


class StateClient:
    """An engine that stays in one state. `problem`: every call fails with this text while it is not empty."""

    is_attached = True

    def __init__(self, snapshot: Snapshot | None, problem: str = "") -> None:
        self.shown, self.problem = snapshot, problem
        self.limits: list[ReplayLimit] = []
        self.calls = 0

    async def start(self) -> None:
        self._answer()

    async def snapshot(self) -> Snapshot | None:
        self._answer()
        return self.shown

    async def series(self) -> list[SeriesInfo]:
        self._answer()
        return SERIES

    async def points(self, series: Sequence[int], start: int, end: int, most: int) -> dict[int, Points]:
        self._answer()
        step = (end - start) // 50
        times = list(range(start, end, step))
        values = [float(i % 7) for i in range(len(times))]
        return {one: Points(times, values, values, values, is_raw=True) for one in series}

    async def sources(self) -> list[SourceInfo]:
        self._answer()
        return SOURCES

    async def batches(self) -> list[Batch]:
        self._answer()
        return BATCHES

    async def limit_replay(self, limit: ReplayLimit) -> None:
        self._answer()
        self.limits.append(limit)

    async def stop(self) -> None:
        self._answer()

    def _answer(self) -> None:
        self.calls += 1
        if self.problem:
            raise EngineUnavailable(self.problem)
