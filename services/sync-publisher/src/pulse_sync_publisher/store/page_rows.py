"""Rows for pages: which account is where."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pulse_postgres import Connection
from pulse_sync_publisher.model.records import State

_SINCE = "(SELECT r.at FROM receipt r WHERE r.device = e.device AND r.seq >= e.seq ORDER BY r.seq LIMIT 1) AS acked_at"


@dataclass(frozen=True)
class Counts:
    """Of one collector. held: live accounts with a verifier that it has acknowledged. behind: entries that it has not
    acknowledged. since: the time of the oldest of these."""

    held: int
    behind: int
    since: datetime | None


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

    async def counts(self, connection: Connection, acked: Mapping[str, int]) -> dict[str, Counts]:
        """The counts of each collector in `acked`, which has their acknowledged positions."""
        rows = await connection.fetch(
            "SELECT w.device, "
            "count(*) FILTER (WHERE e.seq <= w.acked AND e.state = 'live' AND e.has_verifier) AS held, "
            "count(*) FILTER (WHERE e.seq > w.acked) AS behind, min(e.at) FILTER (WHERE e.seq > w.acked) AS since "
            "FROM unnest($1::text[], $2::bigint[]) AS w (device, acked) LEFT JOIN entry e ON e.device = w.device "
            "GROUP BY w.device",
            list(acked),
            list(acked.values()),
        )
        return {row["device"]: Counts(row["held"], row["behind"], row["since"]) for row in rows}

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
