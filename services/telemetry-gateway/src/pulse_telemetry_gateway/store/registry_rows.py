"""What the registry returns: devices, their series, and what collectors report about themselves."""

from dataclasses import dataclass
from datetime import datetime

from pulse_telemetry_gateway.model.displays import Limit


@dataclass(frozen=True)
class Device:
    """One device. clock_offset: received minus sent of its newest epoch, microseconds. is_cloned: two machines took
    this identity from each other within the last hour. is_plain: it sends plain JSON, which is stored at least once and
    has no ledger. lag: how old the newest reading of its last batch was when it was received, microseconds; None while
    that batch is not in the log. version, waiting, oldest_waiting (microseconds), buffer_fill and full_at: see
    DeviceReport. quarantined: messages that were rejected and counted; of a flood, a part is. dropped: readings that
    were given up and can never arrive, in all epochs."""

    id: int
    name: str
    display_name: str
    online: bool | None
    version: str
    waiting: int | None
    oldest_waiting: int | None
    buffer_fill: float | None
    full_at: datetime | None
    last_seen: datetime | None
    clock_offset: int | None
    lag: int | None
    series_count: int
    quarantined: int
    dropped: int
    is_cloned: bool
    is_plain: bool


@dataclass(frozen=True)
class DeviceName:
    """What a reader of one dashboard learns about a device. clock_offset: see Device."""

    name: str
    display_name: str
    clock_offset: int | None


@dataclass(frozen=True)
class Series:
    """One series and its newest reading, if any: `t` in microseconds and the value's 64 bits. display_unit: the unit
    that people set, or None; `unit` is the one to show."""

    id: int
    device: str
    name: str
    type: str
    display_name: str
    unit: str
    display_unit: str | None
    decimals: int | None
    limits: tuple[Limit, ...]
    expected_min: float | None
    expected_max: float | None
    interval_us: int | None
    t: int | None
    word: int | None


@dataclass(frozen=True)
class DeviceReport:
    """What a collector says about itself. waiting: readings in its backlog. oldest_waiting: when the oldest of them was
    taken, microseconds. buffer_fill: how full its buffer is, from 0 to 1. full_in: seconds until it is full. None: the
    collector did not say it."""

    online: bool
    name: str = ""
    version: str = ""
    waiting: int | None = None
    oldest_waiting: int | None = None
    buffer_fill: float | None = None
    full_in: int | None = None
