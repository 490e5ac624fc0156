"""Calculates how many gateways, brokers and databases a fleet needs, from the recorded results of the benchmarks.
`python -m benchmarks page` writes the tables of docs/scaling.md, which explains the formula and its limits."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.report import RESULTS

PAGE: Final = Path(__file__).parents[1] / "docs/scaling.md"
_BEGIN, _END = "<!-- {}: begin -->", "<!-- {}: end -->"
BUSY: Final = 0.6
"""Share of a core that the load may use. The rest is for peaks, replays and restarts."""
LAG: Final = 30.0
"""Seconds between two steps of compaction of a device: the default of PULSE_COMPACTION_LAG."""
PIECES: Final = 32
"""Steps that one merge of a series puts together."""
CLUSTER_NODE: Final = 25_000 / 0.93 * BUSY
"""Batches a second of a broker node with 16 virtual cores. Published: 50,000 messages in and out at 93 % of EMQX's
processor. A batch is two messages in and two out: the batch and its acknowledgement."""
SHARDS: Final = 256
"""A gateway without a shard has no work."""
SERVER_CORES: Final = 16
"""Cores of one database server."""

_NEEDS: Final = (
    "devices",
    "each sends",
    "batches/s",
    "gateway cores",
    "gateways",
    "broker cores (Mosquitto)",
    "brokers",
    "PostgreSQL cores",
    "databases",
    "WAL, MB/s",
    "readings on disk, GB a day",
)


@dataclass(frozen=True)
class Load:
    """What one device does: readings and batches a second, its series, and the readings in a batch."""

    name: str
    readings: float
    batches: float
    series: int
    size: int


@dataclass(frozen=True)
class Need:
    """What a fleet needs. Cores are busy to `BUSY`. `broker_cores`: of Mosquitto. `disk`: GB a day."""

    batches: float
    gateway_cores: float
    broker_cores: float
    database_cores: float
    log: float
    disk: tuple[float, float]

    @property
    def gateways(self) -> str:
        """One more than necessary, so that one may fail."""
        count = math.ceil(self.gateway_cores) + 1
        return f"{count:,}" if count <= SHARDS else f"{count:,}: **more than {SHARDS} shards**"

    @property
    def brokers(self) -> str:
        if self.broker_cores <= 1:
            return "1 Mosquitto"
        return f"a cluster of {max(3, math.ceil(self.batches / CLUSTER_NODE) + 1)}"

    @property
    def databases(self) -> int:
        return max(1, math.ceil(self.database_cores / SERVER_CORES))


LOADS: Final = (Load("10 readings a second", 10.0, 1.0, 10, 10), Load("1 reading a minute", 1 / 60, 1 / 60, 1, 1))
FLEETS: Final = (1_000, 100_000, 1_000_000)


def costs() -> dict[str, float]:
    """The recorded values that the model uses, by benchmark and metric."""
    found: dict[str, float] = {}
    for name in ("fleet", "disk", "fanout", "auth", "mirror"):
        document = json.loads((RESULTS / f"{name}.json").read_text())
        found.update({f"{name}: {row['metric']}": float(row["value"]) for row in document["results"]})
    return found


def need(cost: dict[str, float], load: Load, devices: int, lag: float = LAG) -> Need:
    """The formula of docs/scaling.md."""
    batches = devices * load.batches
    steps = devices * min(load.batches, 1 / lag)
    merges = steps * load.series / PIECES
    each = f"{load.size} reading{'s' if load.size > 1 else ''} a batch"
    step = f"{load.size * 30} readings of {load.series} series" if load.size > 1 else "1 reading of 1 series"

    def cores(process: str) -> float:
        return (
            batches * cost[f"fleet: {process}, {each}"] / 1e6
            + steps * cost[f"fleet: step of compaction, {step}: {process}"] / 1e3
            + merges * cost[f"fleet: merge of {PIECES} such steps, {step}: {process}"] / 1e3
        ) / BUSY

    day = devices * load.readings * 86_400 / 1e9
    return Need(
        batches,
        cores("gateway"),
        batches * cost[f"fleet: broker, {each}"] / 1e6 / BUSY,
        cores("PostgreSQL"),
        batches * cost[f"fleet: PostgreSQL's log (WAL), {each}"] / 1e6,
        (day * cost["disk: disk, smooth"], day * cost["disk: disk, noisy"]),
    )


def _cost_table(cost: dict[str, float]) -> list[str]:
    """Every measured value that the tables use."""
    fleet = json.loads((RESULTS / "fleet.json").read_text())
    where = f"commit {fleet['commit']}, load before {fleet['machine']['load_before']}"
    lines = [
        f"The costs of `fleet` are from {fleet['date'][:10]}, {where}.",
        "",
        "| cost | value | benchmark |",
        "|---|---|---|",
    ]
    for size in ("1 reading", "10 readings"):
        lines += [
            f"| a batch of {size}: {process} | {_short(cost[f'fleet: {process}, {size} a batch'])} µs | fleet |"
            for process in ("gateway", "broker", "PostgreSQL")
        ]
        log = cost[f"fleet: PostgreSQL's log (WAL), {size} a batch"]
        lines.append(f"| a batch of {size}: PostgreSQL's log (WAL) | {_short(log)} bytes | fleet |")
    for label in ("1 reading of 1 series", "300 readings of 10 series"):
        for what in (f"step of compaction, {label}", f"merge of {PIECES} such steps, {label}"):
            both = [cost[f"fleet: {what}: {process}"] for process in ("gateway", "PostgreSQL")]
            lines.append(f"| {what}: gateway and PostgreSQL | {_short(both[0])} and {_short(both[1])} ms | fleet |")
    smooth, noisy = cost["disk: disk, smooth"], cost["disk: disk, noisy"]
    browser = cost["fanout: gateway, processor"] / 450
    sign_in = 2_000 / cost["auth: sign-ins"]
    change = cost["mirror: sync-publisher, processor"] / 20
    return [
        *lines,
        f"| a stored reading on disk | {_short(smooth)} to {_short(noisy)} bytes | disk |",
        f"| a browser with 5 frames/s: gateway, at most | {browser:.2f} % of a core | fanout |",
        f"| a sign-in: auth, on two cores | {_short(sign_in)} ms | auth |",
        f"| a changed account at one collector: sync-publisher | {_short(change)} ms | mirror |",
    ]


def _need_table(cost: dict[str, float]) -> list[str]:
    lines = [
        f"| {' | '.join(_NEEDS)} |",
        "|---" * len(_NEEDS) + "|",
    ]
    for load in LOADS:
        for devices in FLEETS:
            one = need(cost, load, devices)
            lines.append(
                f"| {devices:,} | {load.name} | {_short(one.batches)} | {_short(one.gateway_cores)} | {one.gateways} "
                f"| {_short(one.broker_cores)} | {one.brokers} | {_short(one.database_cores)} | {one.databases} "
                f"| {_short(one.log)} | {_short(one.disk[0])} to {_short(one.disk[1])} |"
            )
    return lines


def _lag_table(cost: dict[str, float]) -> list[str]:
    load, devices = LOADS[-1], FLEETS[-1]
    lines = [
        f"| PULSE_COMPACTION_LAG ({devices:,} devices, {load.name} each) | gateway cores | PostgreSQL cores |",
        "|---|---|---|",
    ]
    for name, lag in (("30 s (the default)", 30.0), ("10 min", 600.0), ("1 h", 3_600.0)):
        one = need(cost, load, devices, lag)
        lines.append(f"| {name} | {_short(one.gateway_cores)} | {_short(one.database_cores)} |")
    return lines


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}" if value >= 1 else f"{value:.2g}"


def tables() -> dict[str, list[str]]:
    """The lines of each generated table of the page."""
    cost = costs()
    return {"costs": _cost_table(cost), "needs": _need_table(cost), "lag": _lag_table(cost)}


def filled(text: str) -> str:
    """The page with fresh tables."""
    for name, lines in tables().items():
        begin, end = _BEGIN.format(name), _END.format(name)
        before, rest = text.split(begin)
        text = "\n".join([before + begin, "", *lines, "", end]) + rest.split(end)[1]
    return text


def page() -> None:
    """Writes the tables into docs/scaling.md."""
    PAGE.write_text(filled(PAGE.read_text()))
