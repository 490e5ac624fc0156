"""The tables of availability: seconds up and down by day, and outages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pulse_postgres import Connection, Database

_LOCK = 0x70756C736507


@dataclass(frozen=True)
class ServiceDay:
    """Seconds of one day (UTC). The rest of the day is not known."""

    service: str
    day: date
    up: float
    down: float


@dataclass(frozen=True)
class Outage:
    """A time when a service was down. until: None while it is down."""

    service: str
    since: datetime
    until: datetime | None


class AvailabilityStore:
    """Uses PostgreSQL's clock, the same for all gateways."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def count(self, states: dict[str, bool], gap: timedelta) -> None:
        """Adds the time since the last count to each service that `states` names as up (True) or down. Time beyond
        `gap` was watched by nobody and is not added. A lock orders gateways, so that no time counts twice. Raises
        Unavailable."""
        async with self._database.transaction() as connection:
            await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
            now = await self.now(connection)
            for service, is_up in states.items():
                await self._count_one(connection, service, now, gap, is_up=is_up)

    async def now(self, connection: Connection) -> datetime:
        """PostgreSQL's clock."""
        found: datetime = await connection.fetchval("SELECT clock_timestamp()")
        return found

    async def trim(self, days: int, outages: int) -> None:
        """Deletes days that are older than `days`, and all but the newest `outages`. Raises Unavailable."""
        async with self._database.transaction() as connection:
            await connection.execute(
                "DELETE FROM service_day WHERE day < (now() AT TIME ZONE 'UTC')::date - $1::integer", days
            )
            await connection.execute(
                "DELETE FROM service_outage WHERE id NOT IN "
                "(SELECT id FROM service_outage ORDER BY since DESC LIMIT $1)",
                outages,
            )

    async def days(self, services: Sequence[str], days: int) -> tuple[date, list[ServiceDay]]:
        """Today (UTC), and what is known of the last `days` days."""
        async with self._database.connection() as connection:
            today = await connection.fetchval("SELECT (now() AT TIME ZONE 'UTC')::date")
            rows = await connection.fetch(
                "SELECT service, day, up_seconds, down_seconds FROM service_day WHERE service = ANY($1::text[]) "
                "AND day > $2::date - $3::integer ORDER BY day",
                list(services),
                today,
                days,
            )
        return today, [ServiceDay(*row) for row in rows]

    async def outages(self, days: int, limit: int) -> list[Outage]:
        """The outages of the last `days` days, newest first."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                "SELECT service, since, until FROM service_outage WHERE until > now() - make_interval(days => $1) "
                "UNION ALL SELECT service, down_since, NULL FROM service_watch WHERE down_since IS NOT NULL "
                "ORDER BY since DESC LIMIT $2",
                days,
                limit,
            )
        return [Outage(*row) for row in rows]

    async def _count_one(
        self, connection: Connection, service: str, now: datetime, gap: timedelta, *, is_up: bool
    ) -> None:
        seen = await connection.fetchrow("SELECT at, down_since FROM service_watch WHERE service = $1", service)
        last = seen["at"] if seen else now
        elapsed = now - last
        if timedelta(0) < elapsed <= gap:
            seconds = elapsed.total_seconds()
            await connection.execute(
                "INSERT INTO service_day (service, day, up_seconds, down_seconds) VALUES ($1, "
                "($2::timestamptz AT TIME ZONE 'UTC')::date, $3, $4) ON CONFLICT (service, day) DO UPDATE SET "
                "up_seconds = service_day.up_seconds + $3, down_seconds = service_day.down_seconds + $4",
                service,
                now,
                seconds if is_up else 0.0,
                0.0 if is_up else seconds,
            )
        down_since = seen["down_since"] if seen else None
        if is_up and down_since is not None:
            await connection.execute(
                "INSERT INTO service_outage (service, since, until) VALUES ($1, $2, $3)", service, down_since, now
            )
        began = None if is_up else down_since or (last if elapsed <= gap else now)
        await connection.execute(
            "INSERT INTO service_watch (service, at, down_since) VALUES ($1, $2, $3) "
            "ON CONFLICT (service) DO UPDATE SET at = $2, down_since = $3",
            service,
            now,
            began,
        )
