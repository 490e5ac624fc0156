"""History: the readings of a series in a range of time, sampled when there are more than asked for."""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from pulse_contracts.errors import DomainError, Unavailable
from pulse_telemetry_gateway.model.columns import BOOL, FLOAT, decode, series_of
from pulse_telemetry_gateway.model.sampling import Window, m4
from pulse_telemetry_gateway.store.log import LogStore, StoredBatch
from pulse_telemetry_gateway.store.registry import RegistryStore

_FOLD = 100_000


class UnknownSeries(DomainError):
    """There is no such series."""

    code, status = "not_found", 404


class BadRange(DomainError):
    """The range of time is empty, backwards or too long."""

    code, status = "invalid_range", 422


@dataclass(frozen=True)
class Readings:
    """`n` readings were in the range; `t` (microseconds) and `v` hold all of them, or a sample (M4) of them."""

    n: int
    is_sampled: bool
    t: list[int]
    v: list[bool | int | float]


class History:
    """Reads the log, `at_once` requests at a time: each holds a connection, and ingest must never wait for one."""

    def __init__(self, log: LogStore, registry: RegistryStore, deadline: timedelta, at_once: int = 2) -> None:
        self._log, self._registry, self._deadline = log, registry, deadline
        self._slots = asyncio.Semaphore(at_once)

    async def readings(self, series: int, start: int, end: int, points: int) -> Readings:
        """Readings of [start, end) in order of time. Raises UnknownSeries, BadRange, Unavailable (took too long)."""
        if not start < end:
            raise BadRange(f"from must lie before to, got {start} and {end}")
        known = (await self._registry.devices_of([series])).get(series)
        if known is None:
            raise UnknownSeries(f"there is no series {series}")
        device_id, _, kind = known
        window = Window(start, end, max(1, points // 4))
        n, is_sampled = 0, False
        t, word = np.empty(0, np.int64), np.empty(0, np.int64)
        try:
            async with asyncio.timeout(self._deadline.total_seconds()):
                async with self._slots, aclosing(self._log.between(device_id, start, end)) as pieces:
                    async for rows in pieces:
                        more_t, more_word = await asyncio.to_thread(_pick, rows, series, window)
                        n += len(more_t)
                        t, word = np.concatenate((t, more_t)), np.concatenate((word, more_word))
                        if len(t) > _FOLD + 4 * points:
                            t, word = _sample(t, word, kind, window)
                            is_sampled = True
        except TimeoutError as error:
            raise Unavailable(f"the range took longer than {self._deadline}: ask for a shorter one") from error
        if is_sampled or len(t) > points:
            t, word = _sample(t, word, kind, window)
            is_sampled = True
        else:
            order = np.argsort(t, kind="stable")
            t, word = t[order], word[order]
        return Readings(n, is_sampled, t.tolist(), _values(word, kind))


def _pick(rows: list[StoredBatch], series: int, window: Window) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    times, words = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for row in rows:
        where = np.flatnonzero(series_of(row.payload) == series)
        if len(where) == 0:
            continue
        columns = decode(row.payload, row.lo)
        mine = np.isin(columns.x, where)  # two of a collector's ids may mean one series: a type that changed back
        keep = mine & (columns.t >= window.start) & (columns.t < window.end)
        times.append(columns.t[keep])
        words.append(columns.word[keep])
    return np.concatenate(times), np.concatenate(words)


def _sample(
    t: NDArray[np.int64], word: NDArray[np.int64], kind: int, window: Window
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    kept = m4(t, word.view(np.float64) if kind == FLOAT else word, window)
    return t[kept], word[kept]


def _values(word: NDArray[np.int64], kind: int) -> list[bool | int | float]:
    if kind == FLOAT:
        floats: list[bool | int | float] = word.view(np.float64).tolist()
        return floats
    if kind == BOOL:
        return [bool(w) for w in word.tolist()]
    ints: list[bool | int | float] = word.tolist()
    return ints
