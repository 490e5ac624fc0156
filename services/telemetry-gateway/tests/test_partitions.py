"""Partitions: several replicas make the same months at once."""

import asyncio

import pytest

from pulse_postgres import Database
from pulse_telemetry_gateway.store.partitions import DERIVED, Partitions

pytestmark = pytest.mark.servers
MONTHS = [(year, month) for year in range(2000, 2010) for month in range(1, 13)]


async def test_replicas_make_the_same_months_at_once(database: Database) -> None:
    """Each asks before it waits for the lock, and must see afterwards what the other one has committed."""
    for at in range(0, len(MONTHS), 4):
        months = MONTHS[at : at + 4]
        await asyncio.gather(*(Partitions(database).ensure(months) for _ in range(4)))
        async with database.transaction() as connection:
            assert await Partitions.hold(connection, months)
    async with database.connection() as connection:
        count = await connection.fetchval(
            "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relname ~ '^(chunk|rollup_.*)_200'"
        )
    assert count == len(MONTHS) * len(DERIVED)
