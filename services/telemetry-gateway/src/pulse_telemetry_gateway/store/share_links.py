"""The table `share_link`."""

from datetime import datetime
from typing import Final
from uuid import UUID

from pulse_postgres import Connection, Row
from pulse_telemetry_gateway.model.share_links import ENDED_KEPT, ShareLink

_COLUMNS: Final = (
    "l.id, l.object_id, l.name, l.created_at, l.created_by, l.created_by_name, l.expires_at, l.revoked_at, "
    "l.revoked_by, l.embeddable, l.last_used_at"
)


class ShareLinkStore:
    """Each function works within the caller's transaction. A caller that changes links holds their dashboard."""

    async def count_valid(self, connection: Connection, dashboard: UUID, now: datetime) -> int:
        """How many links of a dashboard can be used."""
        query = "SELECT count(*) FROM share_link WHERE object_id = $1 AND revoked_at IS NULL AND expires_at > $2"
        return int(await connection.fetchval(query, dashboard, now))

    async def add(self, connection: Connection, link: ShareLink, token_hash: bytes) -> None:
        """Adds a link, and deletes those that ended long ago."""
        await connection.execute(
            "INSERT INTO share_link (id, object_id, token_hash, name, created_at, created_by, created_by_name, "
            "expires_at, embeddable) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            link.id,
            link.dashboard,
            token_hash,
            link.name,
            link.created_at,
            link.created_by,
            link.created_by_name,
            link.expires_at,
            link.embeddable,
        )
        await self.trim(connection, link.dashboard, link.created_at)

    async def trim(self, connection: Connection, dashboard: UUID, now: datetime) -> None:
        """Deletes the oldest links of a dashboard that ended, if more than 20 did."""
        await connection.execute(
            "DELETE FROM share_link WHERE id IN (SELECT id FROM share_link WHERE object_id = $1 "
            "AND (revoked_at IS NOT NULL OR expires_at <= $2) ORDER BY created_at DESC, id OFFSET $3)",
            dashboard,
            now,
            ENDED_KEPT,
        )

    async def revoke(self, connection: Connection, id_: UUID, now: datetime, account: str) -> None:
        """Ends a link."""
        await connection.execute(
            "UPDATE share_link SET revoked_at = $2, revoked_by = $3 WHERE id = $1 AND revoked_at IS NULL",
            id_,
            now,
            account,
        )

    async def revoke_all(self, connection: Connection, dashboard: UUID, now: datetime, account: str) -> list[ShareLink]:
        """Ends the valid links of a dashboard. Returns them."""
        rows = await connection.fetch(
            "UPDATE share_link l SET revoked_at = $2, revoked_by = $3 "  # noqa: S608  # constant columns
            f"WHERE l.object_id = $1 AND l.revoked_at IS NULL AND l.expires_at > $2 RETURNING {_COLUMNS}",
            dashboard,
            now,
            account,
        )
        return [_link(row) for row in rows]

    async def find(self, connection: Connection, dashboard: UUID, id_: UUID) -> ShareLink | None:
        """One link of a dashboard."""
        query = f"SELECT {_COLUMNS} FROM share_link l WHERE l.object_id = $1 AND l.id = $2"  # noqa: S608
        row = await connection.fetchrow(query, dashboard, id_)
        return _link(row) if row else None

    async def of(self, connection: Connection, dashboard: UUID) -> list[ShareLink]:
        """The links of a dashboard, newest first."""
        query = f"SELECT {_COLUMNS} FROM share_link l WHERE l.object_id = $1 ORDER BY l.created_at DESC, l.id"  # noqa: S608
        return [_link(row) for row in await connection.fetch(query, dashboard)]

    async def usable(self, connection: Connection, token_hash: bytes, now: datetime) -> ShareLink | None:
        """The link of a token, if it is valid and its dashboard is shared."""
        row = await connection.fetchrow(
            f"SELECT {_COLUMNS} FROM share_link l JOIN saved_object o ON o.id = l.object_id "  # noqa: S608
            "WHERE l.token_hash = $1 AND l.revoked_at IS NULL AND l.expires_at > $2 AND o.shared",
            token_hash,
            now,
        )
        return _link(row) if row else None

    async def note_use(self, connection: Connection, id_: UUID, now: datetime) -> None:
        """Records a use, at most once a minute, so that a screen that reads every few seconds writes little."""
        await connection.execute(
            "UPDATE share_link SET last_used_at = $2::timestamptz "
            "WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2::timestamptz - interval '1 minute')",
            id_,
            now,
        )

    async def shows(self, connection: Connection, token_hash: bytes, now: datetime, series: int) -> bool | None:
        """Whether the dashboard of a token shows a series. None: the token is invalid. The database reads the panels,
        so that their text is not sent for each request."""
        is_shown: bool | None = await connection.fetchval(
            "SELECT EXISTS (SELECT FROM json_array_elements(v.content::json) AS p (panel) WHERE "
            "CASE json_typeof(p.panel -> 'series') WHEN 'number' THEN p.panel ->> 'series' = $3 WHEN 'array' THEN "
            "EXISTS (SELECT FROM json_array_elements_text(p.panel -> 'series') AS s (series) WHERE s.series = $3) "
            "ELSE false END) FROM share_link l JOIN saved_object o ON o.id = l.object_id "
            "JOIN saved_object_version v ON v.object_id = o.id AND v.version = o.version "
            "WHERE l.token_hash = $1 AND l.revoked_at IS NULL AND l.expires_at > $2 AND o.shared",
            token_hash,
            now,
            str(series),
        )
        return is_shown


def _link(row: Row) -> ShareLink:
    return ShareLink(
        UUID(str(row["id"])),
        UUID(str(row["object_id"])),
        row["name"],
        row["created_at"],
        row["created_by"],
        row["created_by_name"],
        row["expires_at"],
        row["revoked_at"],
        row["revoked_by"],
        row["embeddable"],
        row["last_used_at"],
    )
