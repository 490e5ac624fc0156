"""Rows for pages: which account is where."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pulse_postgres import Connection
from pulse_sync_publisher.model.records import State

_SINCE = "(SELECT r.at FROM receipt r WHERE r.device = e.device AND r.seq >= e.seq ORDER BY r.seq LIMIT 1) AS acked_at"


@dataclass(frozen=True)
class HeldRow:
    """One account in the mirror of one collector. src: its version at users. is_acked: the collector has this version;
    otherwise `had_src` is the version that it has, None if it has none."""

    account: str
    email: str | None
    name: str | None
    role: str | None
    state: State
    src: int
    has_verifier: bool
    at: datetime
    is_acked: bool
    acked_at: datetime | None
    had_src: int | None


@dataclass(frozen=True)
class PlaceRow:
    """One collector whose log has the account. Fields as in `HeldRow`."""

    device: str
    name: str
    site: str
    collector_state: str
    state: State
    src: int
    has_verifier: bool
    at: datetime
    is_acked: bool
    acked_at: datetime | None
    had_src: int | None


class PageStore:
    """Joins of entries with accounts and collectors."""

    async def counts(self, connection: Connection, device: str, acked: int) -> tuple[int, int, datetime | None]:
        """Live accounts with a verifier that a collector has acknowledged, entries that it has not acknowledged, and
        the time of the oldest of these."""
        row = await connection.fetchrow(
            "SELECT count(*) FILTER (WHERE seq <= $2 AND state = 'live' AND has_verifier) AS held, "
            "count(*) FILTER (WHERE seq > $2) AS behind, min(at) FILTER (WHERE seq > $2) AS since "
            "FROM entry WHERE device = $1",
            device,
            acked,
        )
        return (row["held"], row["behind"], row["since"]) if row else (0, 0, None)

    async def contents(
        self, connection: Connection, device: str, place: tuple[int, str | None], limit: int
    ) -> list[HeldRow]:
        """Accounts in one log by id. `place`: the collector's acknowledged position, and the last account of the
        previous page."""
        acked, after = place
        rows = await connection.fetch(
            "SELECT e.account::text AS account, a.email, a.name, a.role, e.state, e.src, e.has_verifier, e.at, "  # noqa: S608
            f"e.seq <= $2 AS is_acked, e.had_src, {_SINCE} FROM entry e LEFT JOIN account a ON a.id = e.account "
            "WHERE e.device = $1 AND ($3::uuid IS NULL OR e.account > $3) ORDER BY e.account LIMIT $4",
            device,
            acked,
            UUID(after) if after else None,
            limit,
        )
        return [HeldRow(**_without_gap(dict(row))) for row in rows]

    async def places(self, connection: Connection, account: str) -> list[PlaceRow]:
        """The collectors whose logs have the account, by id."""
        rows = await connection.fetch(
            "SELECT e.device, c.name, c.site, c.state AS collector_state, e.state, e.src, e.has_verifier, e.at, "  # noqa: S608
            f"e.seq <= c.acked AS is_acked, e.had_src, {_SINCE} FROM entry e JOIN collector c ON c.device = e.device "
            "WHERE e.account = $1 AND c.state <> 'deleted' ORDER BY e.device LIMIT 10000",
            UUID(account),
        )
        return [PlaceRow(**_without_gap(dict(row))) for row in rows]


def _without_gap(row: dict[str, Any]) -> dict[str, Any]:
    """An entry that is not acknowledged has no time of acknowledgement, whatever an earlier enrolment acknowledged."""
    return row if row["is_acked"] else row | {"acked_at": None}
