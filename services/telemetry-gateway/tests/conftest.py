"""A migrated gateway database for each test, opened with the gateway's own role."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import numpy as np
import pytest

from pulse_contracts.ranges import Range
from pulse_contracts.telemetry import Refused
from pulse_postgres import Database, Migrations
from pulse_postgres.admin import provision, provision_group, with_role
from pulse_postgres.database import PoolSettings, ranges
from pulse_telemetry_gateway.model.ledger.arrivals import Arrival
from pulse_telemetry_gateway.model.storage.columns import FLOAT, Columns
from pulse_telemetry_gateway.store.ledger import LedgerStore
from pulse_telemetry_gateway.store.registry import RegistryStore

PASSWORD = "test-password-test-password"
NOW = 1_767_225_600_000_000


async def migrate(url: str) -> None:
    """Prepares the template: role, schema, tables."""
    await provision_group(url, "telemetry_reader")
    mine = await provision(url, "telemetry", "pulse_telemetry", PASSWORD)
    await Migrations("pulse_telemetry_gateway.migrations").apply(mine)


@pytest.fixture
async def database_url(new_database: Callable[[str, Callable[[str], Awaitable[None]]], Awaitable[str]]) -> str:
    """The superuser's URL of a fresh database."""
    return await new_database("telemetry", migrate)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The database as the gateway sees it."""
    async with Database(PoolSettings(with_role(database_url, "pulse_telemetry", PASSWORD))) as opened:
        yield opened


def arrival(
    lo: int,
    hi: int,
    *,
    epoch: int = 7,
    order: int = 1,
    device: int = 1,
    refused: tuple[int, ...] = (),
    lane: str = "live",
) -> Arrival:
    """Readings [lo, hi) of series 1 whose values are their sequence numbers, without the `refused` ones."""
    seq = np.asarray([s for s in range(lo, hi) if s not in refused], np.int64)
    columns = Columns(
        np.asarray([1], np.int64),
        np.asarray([FLOAT], np.uint8),
        seq,
        NOW + seq * 1000,
        np.zeros(len(seq), np.int64),
        seq.astype(np.float64).view(np.int64),
    )
    return Arrival(
        device=f"device-{device}",
        device_id=device,
        epoch=epoch,
        ord=order,
        wanted=(lo, hi),
        lane="live" if lane == "live" else "backlog",
        sent=NOW,
        received=NOW + 500,
        columns=columns if len(seq) else None,
        refused=[Refused(seq=s, code="wrong_type") for s in refused],
    )


@dataclass(frozen=True)
class LedgerLine:
    """One epoch in a device's ledger."""

    epoch: int
    next: int
    settled: list[Range]
    stored: int
    refused: int
    dropped: int


async def ledger_lines(database: Database, device_id: int) -> list[LedgerLine]:
    """The device's ledger, newest epoch first."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            "SELECT epoch, next, settled, stored_n, refused_n, dropped_n FROM stream "
            "WHERE device_id = $1 ORDER BY ord DESC, epoch",
            device_id,
        )
    return [LedgerLine(row[0], row[1], ranges(row[2]), *row[3:]) for row in rows]


async def three_series(database: Database) -> LedgerStore:
    """Creates devices 1 and 2, and for device 1 the series 1 (float), 2 (int) and 3 (bool)."""
    registry = RegistryStore(database)
    for name in ("alpha", "beta"):
        await registry.device_id(name)
    async with database.connection() as connection:
        for number, kind in enumerate(("float", "int", "bool")):
            await connection.execute(
                "INSERT INTO series (device_id, name, type, display_name, unit) VALUES (1, $1, $2, $1, '')",
                f"s{number + 1}",
                kind,
            )
    return LedgerStore(database)


def mixed(lo: int, hi: int, *, epoch: int = 7, every: int = 1_000_000, start: int = NOW, seed: int = 1) -> Arrival:
    """Readings of a float, an int and a bool series in turn, one every `every` microseconds."""
    rng = np.random.default_rng(seed + lo)
    seq = np.arange(lo, hi)
    x = seq % 3
    word = np.where(
        x == 0,
        np.round(rng.normal(20, 5, len(seq)), 2).view(np.int64),
        np.where(x == 1, rng.integers(-(2**62), 2**62, len(seq)), rng.integers(0, 2, len(seq))),
    )
    columns = Columns(np.asarray([1, 2, 3]), np.asarray([FLOAT, 0, 2], np.uint8), seq, start + seq * every, x, word)
    return Arrival("alpha", 1, epoch, 1, (lo, hi), "live", start, start + hi * every, columns)
