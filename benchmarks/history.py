"""Latency of history queries over HTTP without other load: 30 days of one reading per second as 1,000 points, the last
hour as single readings, and 50 series at once."""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from benchmarks import stage
from benchmarks.filling import DAY, History, add_series, fill, opened, prepare
from benchmarks.report import Result

SERIES = 50
ROUNDS = 100
DAYS = 30
_HOUR = 3_600_000_000
_END = 1_767_225_600_000_000


def measure() -> list[Result]:
    """Percentiles over as many requests as there are rounds, each for another time span."""
    with tempfile.TemporaryDirectory() as folder, stage.servers(Path(folder), []) as backend:
        url = asyncio.run(stage.new_database(backend))
        readings, seconds = asyncio.run(_fill(url))
        with stage.gateway(backend, Path(folder), url) as gateway:
            measured = asyncio.run(_ask(gateway.port))
    return [
        *measured,
        Result("written straight into chunks", round(readings / seconds), "readings/s"),
    ]


async def _fill(url: str) -> tuple[int, float]:
    """One series has a reading per second, the others one in ten seconds."""
    await prepare(url)
    n, seconds = 0, 0.0
    async with opened(url) as database:
        device_id, series = await add_series(database, "bench", [f"s{i}" for i in range(SERIES)])
        for number in series:
            every = 1_000_000 if number == series[0] else 10_000_000
            history = History(DAYS * DAY // every, every, _END)
            seconds += await fill(database, device_id, number, history)
            n += history.n
    return n, seconds


async def _ask(port: int) -> list[Result]:
    headers = {"Authorization": f"Bearer {stage.token(1)}"}
    every = ",".join(map(str, range(1, SERIES + 1)))
    results: list[Result] = []
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}/api/telemetry", headers=headers, timeout=60
    ) as http:
        for name, path, span, params, most in (
            ("30 days at 1 Hz to 1,000 points", "/series/1/readings", DAYS * DAY, {"points": 1_000}, 50),
            ("7 days at 1 Hz to 1,000 points", "/series/1/readings", 7 * DAY, {"points": 1_000}, None),
            ("1 day at 1 Hz to 1,000 points", "/series/1/readings", DAY, {"points": 1_000}, None),
            ("the last hour, every reading", "/series/1/readings", _HOUR, {"points": 5_000}, 50),
            ("a page of 10,000 single readings", "/series/1/readings", DAYS * DAY, {"raw": "true"}, None),
            ("50 series, 30 days, 300 points", "/readings", DAYS * DAY, {"series": every, "points": 300}, 300),
            ("50 series, 1 day, 300 points", "/readings", DAY, {"series": every, "points": 300}, 300),
            ("50 series, 1 hour, 300 points", "/readings", _HOUR, {"series": every, "points": 300}, 300),
        ):
            took, size = await _times(http, path, span, params)
            p95 = round(float(np.percentile(took, 95)), 1)
            target = None if most is None else f"p95 < {most} ms"
            results += [
                Result(f"{name}: p95", p95, "ms", target=target, met=None if most is None else p95 < most),
                Result(f"{name}: median", round(statistics.median(took), 1), "ms"),
                Result(f"{name}: answer", round(size / 1e3, 1), "kB"),
            ]
    return results


async def _times(http: httpx.AsyncClient, path: str, span: int, params: dict[str, Any]) -> tuple[list[float], int]:
    rng = np.random.default_rng(1)
    took, size = [], 0
    for number in range(ROUNDS + 5):
        end = _END - int(rng.integers(0, _HOUR))  # always different, never on the hour
        query = params | {"from": end - span, "to": end}
        began = time.perf_counter()
        answer = await http.get(path, params=query)
        seconds = time.perf_counter() - began
        answer.raise_for_status()
        size = len(answer.content)
        if number >= 5:  # the first requests fill caches and prepare statements
            took.append(seconds * 1e3)
    return took, size
