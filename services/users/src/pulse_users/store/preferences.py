"""The table of preferences."""

from uuid import UUID

from pulse_postgres import Connection
from pulse_users.model.preferences import Preferences
from pulse_users.model.saved_views import read_views

_COLUMNS = "version, language, theme, time_zone, decimal_sign, units"


class PreferencesStore:
    """Preferences by account."""

    async def read(self, connection: Connection, account: UUID) -> Preferences:
        """The preferences; the defaults if none are stored."""
        query = f"SELECT {_COLUMNS}, views::text AS views FROM preferences WHERE account = $1"  # noqa: S608  # constant columns
        row = await connection.fetchrow(query, account)
        return Preferences(**dict(row) | {"views": read_views(row["views"])}) if row else Preferences()

    async def lock(self, connection: Connection, account: UUID) -> Preferences:
        """Like `read`. Other changes of these preferences wait until the transaction ends."""
        await connection.execute("SELECT 1 FROM account WHERE id = $1 FOR NO KEY UPDATE", account)
        return await self.read(connection, account)

    async def put(self, connection: Connection, account: UUID, new: Preferences, *, with_views: bool) -> None:
        """Replaces the preferences. Without `with_views` the stored views stay as they are, also those that this
        release does not know."""
        await connection.execute(
            f"INSERT INTO preferences (account, {_COLUMNS}, views) "  # noqa: S608  # constant columns
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8::text::jsonb) "
            "ON CONFLICT (account) DO UPDATE SET version = $2, language = $3, theme = $4, time_zone = $5, "
            "decimal_sign = $6, units = $7, "
            "views = CASE WHEN $9 THEN $8::text::jsonb ELSE preferences.views END",
            account,
            new.version,
            new.language,
            new.theme,
            new.time_zone,
            new.decimal_sign,
            new.units,
            new.views.model_dump_json(),
            with_views,
        )

    async def forget(self, connection: Connection, account: UUID) -> None:
        """Deletes the preferences of an account."""
        await connection.execute("DELETE FROM preferences WHERE account = $1", account)
