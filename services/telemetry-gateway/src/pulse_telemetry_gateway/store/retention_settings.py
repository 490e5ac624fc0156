"""The table `retention_setting`."""

from pulse_postgres import Connection
from pulse_telemetry_gateway.model.retention import ChosenDays, RetentionSetting

_COLUMNS = "version, log_days, raw_days, minutes_days, hours_days, updated_at, updated_by, updated_by_name"
_LOCK = 0x70756C736505
"""Advisory lock of a change. The row does not exist before the first one."""


class RetentionSettingStore:
    """Each function works within the caller's transaction."""

    async def read(self, connection: Connection) -> RetentionSetting:
        """What administrators chose."""
        row = await connection.fetchrow(f"SELECT {_COLUMNS} FROM retention_setting")  # noqa: S608  # constant columns
        if row is None:
            return RetentionSetting()
        days = ChosenDays(row["log_days"], row["raw_days"], row["minutes_days"], row["hours_days"])
        return RetentionSetting(days, row["version"], row["updated_at"], row["updated_by"], row["updated_by_name"])

    async def lock(self, connection: Connection) -> RetentionSetting:
        """Like `read`. Nobody changes it until the transaction ends."""
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        return await self.read(connection)

    async def put(self, connection: Connection, new: RetentionSetting) -> None:
        """Replaces the row. The caller holds the lock."""
        await connection.execute(
            f"INSERT INTO retention_setting ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) "  # noqa: S608  # constant columns
            "ON CONFLICT (single) DO UPDATE SET version = $1, log_days = $2, raw_days = $3, minutes_days = $4, "
            "hours_days = $5, updated_at = $6, updated_by = $7, updated_by_name = $8",
            new.version,
            new.days.log,
            new.days.raw,
            new.days.minutes,
            new.days.hours,
            new.updated_at,
            new.updated_by,
            new.updated_by_name,
        )
