"""The tables of availability: seconds up and down by day, and outages."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

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

    async def count(self, states: dict[str, bool], gap: timedelta, grace: timedelta) -> None:
        """Adds the time since the last count to each service that `states` names as up (True) or down. Gateways may
        disagree: a service counts as down only when no gateway saw it up within `grace`. Time beyond `gap` was watched
        by nobody and is not added. A lock orders gateways, so that no time counts twice. Raises Unavailable."""
        async with self._database.transaction() as connection:
            await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
            now = await self.now(connection)
            for service, is_up in states.items():
                await self._count_one(connection, service, now, (gap, grace), is_up=is_up)

    async def count_outage(self, service: str, began_ago: timedelta, ended_ago: timedelta, gap: timedelta) -> None:
        """Adds an outage that has ended and that nobody could store while it lasted. Adds nothing when another gateway
        counted the service after the outage began. The outage begins with the last count, if that is at most `gap`
        older. Raises Unavailable."""
        async with self._database.transaction() as connection:
            await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
            now = await self.now(connection)
            began, ended = now - began_ago, now - ended_ago
            last = await connection.fetchval("SELECT at FROM service_watch WHERE service = $1", service)
            if ended <= began or (last is not None and last > began):
                return
            since = last if last is not None and began - last <= gap else began
            await self._add_seconds(connection, service, since, ended, is_up=False)
            await self._add_outage(connection, service, since, ended)
            await self._put(connection, service, ended, None, ended)

    async def accepts_connections(self) -> bool:
        """Whether PostgreSQL accepts a new connection, whatever the pool and other transactions do."""
        return await self._database.accepts_connections()

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
        self, connection: Connection, service: str, now: datetime, limits: tuple[timedelta, timedelta], *, is_up: bool
    ) -> None:
        gap, grace = limits
        seen = await connection.fetchrow(
            "SELECT at, down_since, last_up FROM service_watch WHERE service = $1", service
        )
        last, down_since, last_up = (seen["at"], seen["down_since"], seen["last_up"]) if seen else (now, None, None)
        if not is_up and last_up is not None and now - last_up <= grace:
            return  # another gateway saw it up, or the outage is too short to tell
        is_watched = now - last <= gap
        if is_watched:
            await self._add_seconds(connection, service, last, now, is_up=is_up)
        if down_since is not None and (is_up or not is_watched):
            await self._add_outage(connection, service, down_since, now if is_watched else last)
            down_since = None
        if is_up:
            await self._put(connection, service, now, None, now)
        else:
            await self._put(connection, service, now, down_since or (last if is_watched else now), last_up)

    async def _add_seconds(
        self, connection: Connection, service: str, start: datetime, end: datetime, *, is_up: bool
    ) -> None:
        for day, seconds in _by_day(start, end):
            await connection.execute(
                "INSERT INTO service_day (service, day, up_seconds, down_seconds) VALUES ($1, $2, $3, $4) "
                "ON CONFLICT (service, day) DO UPDATE SET "
                "up_seconds = service_day.up_seconds + $3, down_seconds = service_day.down_seconds + $4",
                service,
                day,
                seconds if is_up else 0.0,
                0.0 if is_up else seconds,
            )

    async def _add_outage(self, connection: Connection, service: str, since: datetime, until: datetime) -> None:
        if until > since:
            await connection.execute(
                "INSERT INTO service_outage (service, since, until) VALUES ($1, $2, $3)", service, since, until
            )

    async def _put(
        self, connection: Connection, service: str, at: datetime, down_since: datetime | None, last_up: datetime | None
    ) -> None:
        await connection.execute(
            "INSERT INTO service_watch (service, at, down_since, last_up) VALUES ($1, $2, $3, $4) "
            "ON CONFLICT (service) DO UPDATE SET at = $2, down_since = $3, last_up = $4",
            service,
            at,
            down_since,
            last_up,
        )


def _by_day(start: datetime, end: datetime) -> Iterator[tuple[date, float]]:
    """The seconds of each day (UTC) between two moments."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    while start < end:
        midnight = datetime.combine(start.date() + timedelta(days=1), time(), UTC)
        until = min(midnight, end)
        yield start.date(), (until - start).total_seconds()
        start = until
