"""A migrated gateway database per test, as the gateway's own role."""

from collections.abc import AsyncIterator, Awaitable, Callable

import numpy as np
import pytest

from pulse_postgres import Database, Migrations
from pulse_postgres.admin import provision, with_role
from pulse_postgres.database import PoolSettings
from pulse_telemetry_gateway.model.arrivals import Arrival
from pulse_telemetry_gateway.model.columns import FLOAT, Columns

PASSWORD = "test-password-test-password"
NOW = 1_767_225_600_000_000


async def migrate(url: str) -> None:
    """The template: role, schema, tables."""
    mine = await provision(url, "telemetry", "pulse_telemetry", PASSWORD)
    await Migrations("pulse_telemetry_gateway.migrations").apply(mine)


@pytest.fixture
async def database_url(new_database: Callable[[str, Callable[[str], Awaitable[None]]], Awaitable[str]]) -> str:
    """Superuser's URL of a fresh database."""
    return await new_database("telemetry", migrate)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """As the gateway sees it."""
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
    """Readings [lo, hi) of series 1 whose values are their sequence numbers; `refused` are left out."""
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
        device_id=device,
        epoch=epoch,
        ord=order,
        wanted=(lo, hi),
        lane="live" if lane == "live" else "backlog",
        sent=NOW,
        received=NOW + 500,
        columns=columns if len(seq) else None,
        refused=tuple((s, "wrong_type") for s in refused),
    )
