"""The table `brand`."""

from pulse_postgres import Connection
from pulse_users.model.brand import Accent, Brand

_COLUMNS = "version, name, accent_light, accent_dark, logo_type, updated_at, updated_by, updated_by_name"
_LOCK = 0x70756C736506
"""Advisory lock of a change. The row does not exist before the first one."""


class BrandStore:
    """Each function works within the caller's transaction."""

    async def read(self, connection: Connection) -> Brand:
        """The brand, without the bytes of the logo."""
        row = await connection.fetchrow(f"SELECT {_COLUMNS} FROM brand")  # noqa: S608  # constant columns
        if row is None:
            return Brand()
        accent = Accent(row["accent_light"], row["accent_dark"]) if row["accent_light"] else None
        who = row["updated_at"], row["updated_by"], row["updated_by_name"]
        return Brand(row["version"], row["name"], accent, row["logo_type"], *who)

    async def lock(self, connection: Connection) -> Brand:
        """Like `read`. Nobody changes it until the transaction ends."""
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        return await self.read(connection)

    async def logo(self, connection: Connection) -> bytes | None:
        """The bytes of the logo."""
        found = await connection.fetchval("SELECT logo FROM brand")
        return bytes(found) if found is not None else None

    async def put(self, connection: Connection, new: Brand) -> None:
        """Replaces everything except the logo. The caller holds the lock."""
        await connection.execute(
            "INSERT INTO brand (version, name, accent_light, accent_dark, updated_at, updated_by, updated_by_name) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (single) DO UPDATE SET version = $1, name = $2, "
            "accent_light = $3, accent_dark = $4, updated_at = $5, updated_by = $6, updated_by_name = $7",
            new.version,
            new.name,
            new.accent.light if new.accent else None,
            new.accent.dark if new.accent else None,
            new.updated_at,
            new.updated_by,
            new.updated_by_name,
        )

    async def put_logo(self, connection: Connection, logo: bytes | None, type_: str | None) -> None:
        """Replaces the logo. `put` comes first."""
        await connection.execute("UPDATE brand SET logo = $1, logo_type = $2", logo, type_)
