"""The table `intake_rate`, and what all devices together report."""

from dataclasses import dataclass
from datetime import timedelta

from pulse_postgres import Database
from pulse_telemetry_gateway.store.visibility import DEVICE_EXISTS


@dataclass(frozen=True)
class Measured:
    """One measurement of one gateway. seconds: how long it took. wait_median, wait_p99: seconds from the arrival of a
    batch to its commit; None: nothing arrived."""

    seconds: float
    readings: int
    wait_median: float | None
    wait_p99: float | None


@dataclass(frozen=True)
class Rate:
    """Readings a second of all gateways; None: no gateway measured lately. The waits are those of the slowest one."""

    readings: float | None
    wait_median: float | None
    wait_p99: float | None


@dataclass(frozen=True)
class Fleet:
    """All devices together. known: those whose state is known. waiting: readings of their backlogs. oldest_waiting:
    when the oldest of these was taken, microseconds."""

    online: int
    known: int
    waiting: int
    oldest_waiting: int | None


class IntakeRateStore:
    """Uses PostgreSQL's clock. Every method raises Unavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, gateway: str, measured: Measured) -> None:
        """Replaces the measurement of a gateway. Forgets gateways that did not measure for a day."""
        async with self._database.connection() as connection:
            await connection.execute(
                "INSERT INTO intake_rate (gateway, at, seconds, readings, wait_median, wait_p99) "
                "VALUES ($1, clock_timestamp(), $2, $3, $4, $5) ON CONFLICT (gateway) DO UPDATE SET "
                "at = clock_timestamp(), seconds = $2, readings = $3, wait_median = $4, wait_p99 = $5",
                gateway,
                measured.seconds,
                measured.readings,
                measured.wait_median,
                measured.wait_p99,
            )
            await connection.execute("DELETE FROM intake_rate WHERE at < now() - interval '1 day'")

    async def rate(self, fresh: timedelta) -> Rate:
        """The sum of the measurements that are not older than `fresh`."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(
                "SELECT sum(readings / seconds) AS readings, max(wait_median) AS wait_median, "
                "max(wait_p99) AS wait_p99 FROM intake_rate WHERE at > now() - $1::interval",
                fresh,
            )
        return Rate(None, None, None) if row is None else Rate(row["readings"], row["wait_median"], row["wait_p99"])

    async def fleet(self) -> Fleet:
        """All devices together."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(
                "SELECT count(*) FILTER (WHERE online) AS online, count(*) FILTER (WHERE online IS NOT NULL) AS known, "  # noqa: S608  # constants
                "least(coalesce(sum(waiting), 0), 4611686018427387904)::bigint AS waiting, "
                "min(oldest_waiting) FILTER (WHERE waiting > 0) AS oldest_waiting "
                f"FROM device d WHERE {DEVICE_EXISTS}"
            )
        return Fleet(0, 0, 0, None) if row is None else Fleet(**dict(row))
