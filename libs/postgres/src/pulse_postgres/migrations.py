"""Migrations of one schema: numbered SQL files, applied in order, each in its own transaction, under an advisory lock.

A line `-- include name` inserts the file `name.sql` of `pulse_postgres.tables`, which holds the tables that several
services have. The checksum covers the expanded text, so an included file must never change either. ADR 0003 explains
why Alembic is not used.

The first line of a file says whether the previous release may run on the new schema: `-- expand` if it may,
`-- contract` if not (ADR 0027). A file without such a line counts as `-- contract`. The database stores for each
migration the oldest version of a program that may run on it, so that an older program can decide without knowing the
newer migrations.
"""

import hashlib
import re
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

import asyncpg

from pulse_postgres.database import Connection, outages_translated

_FILE = re.compile(r"^(\d{4})_[a-z0-9_]+\.sql$")
_INCLUDE = re.compile(r"^-- include ([a-z_]+)\n", re.MULTILINE)
_TABLE = """
CREATE TABLE IF NOT EXISTS schema_migration (
    version    integer PRIMARY KEY,
    name       text NOT NULL,
    checksum   text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""
_COLUMN = "ALTER TABLE schema_migration ADD COLUMN IF NOT EXISTS runs_with integer"
_STATE = """
SELECT coalesce(max(version), 0) AS version,
       coalesce(max(coalesce((to_jsonb(m) ->> 'runs_with')::integer, version)), 0) AS oldest
FROM schema_migration m
"""
"""`to_jsonb` also reads a table that was created before the column existed."""
MINIMUM_MAJOR: Final = 16
"""The oldest major version of PostgreSQL that the schemas need (STORAGE in CREATE TABLE)."""


def require_supported(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Raises MigrationError if the server's version is too old, or the database is not in UTF-8."""
    major = connection.get_server_version().major
    if major < MINIMUM_MAJOR:
        raise MigrationError(f"PostgreSQL {major} is too old: version {MINIMUM_MAJOR} or newer is needed")
    encoding = connection.get_settings().server_encoding
    if encoding != "UTF8":
        raise MigrationError(
            f"the database has the encoding {encoding}: create it with ENCODING 'UTF8', because names have any letters"
        )


class MigrationError(Exception):
    """The database and the program have different histories of the schema, or PostgreSQL is too old."""


@dataclass(frozen=True)
class SchemaState:
    """The state of a schema. version: number of the newest migration, 0 without any. oldest: lowest head of a program
    that may run on it."""

    version: int
    oldest: int

    def fits(self, head: int) -> bool:
        """Whether a program with this head may run. False while migrations are missing. Raises MigrationError if a
        newer program made the schema incompatible."""
        if head < self.oldest:
            raise MigrationError(
                f"the schema has version {self.version} and needs a program with version {self.oldest} or newer, but "
                f"this program has version {head}: start the newer release again, or restore the backup from before it"
            )
        return head <= self.version


@dataclass(frozen=True)
class _Step:
    version: int
    name: str
    sql: str

    @property
    def is_expand(self) -> bool:
        return self.sql.startswith("-- expand\n")

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


@dataclass(frozen=True)
class Migrations:
    """The migrations in `package`, which holds files `NNNN_name.sql`. They apply to the schema of the connecting
    role."""

    package: str

    def steps(self) -> list[_Step]:
        """Returns the steps in order. Raises MigrationError for a gap or an invalid file name."""
        steps: list[_Step] = []
        for file in sorted(files(self.package).iterdir(), key=lambda f: f.name):
            if not file.name.endswith(".sql"):
                continue
            match = _FILE.match(file.name)
            if match is None or int(match.group(1)) != len(steps) + 1:
                raise MigrationError(f"{self.package}/{file.name}: expected {len(steps) + 1:04d}_name.sql")
            steps.append(_Step(int(match.group(1)), file.name, _expanded(file.read_text(encoding="utf-8"))))
        return steps

    @property
    def head(self) -> int:
        """The version that this program needs."""
        return len(self.steps())

    async def apply(self, url: str, password: str | None = None) -> list[str]:
        """Applies all missing migrations and returns their file names. Concurrent calls of several processes wait for
        each other. Raises MigrationError, DatabaseUnavailable."""
        with outages_translated():
            connection = await asyncpg.connect(url, password=password, timeout=10)
        try:
            with outages_translated(connection):
                return await self._bring_to_head(connection)
        finally:
            await connection.close()

    async def state(self, connection: "Connection | asyncpg.Connection[asyncpg.Record]") -> SchemaState:
        """Returns the state of the schema. Raises DatabaseUnavailable."""
        if not await connection.fetchval("SELECT to_regclass('schema_migration') IS NOT NULL"):
            return SchemaState(0, 0)
        rows = await connection.fetch(_STATE)
        return SchemaState(*rows[0])

    async def _bring_to_head(self, connection: "asyncpg.Connection[asyncpg.Record]") -> list[str]:
        require_supported(connection)
        key = int.from_bytes(hashlib.sha256(self.package.encode()).digest()[:8], "big", signed=True)
        await connection.execute("SET statement_timeout = '10min'")
        await connection.execute("SELECT pg_advisory_lock($1)", key)
        await connection.execute("SET lock_timeout = '5s'")
        await connection.execute(_TABLE)
        await connection.execute(_COLUMN)
        done = await self._check(connection)
        oldest = (await self.state(connection)).oldest
        applied: list[str] = []
        for step in self.steps()[done:]:
            oldest = oldest if step.is_expand else step.version
            async with connection.transaction():
                await connection.execute(step.sql)
                await connection.execute(
                    "INSERT INTO schema_migration (version, name, checksum, runs_with) VALUES ($1, $2, $3, $4)",
                    step.version,
                    step.name,
                    step.checksum,
                    oldest,
                )
            applied.append(step.name)
        return applied

    async def _check(self, connection: "asyncpg.Connection[asyncpg.Record]") -> int:
        """Returns the number of applied migrations that this program knows. Raises MigrationError."""
        rows = await connection.fetch("SELECT version, name, checksum FROM schema_migration ORDER BY version")
        steps = self.steps()
        (await self.state(connection)).fits(len(steps))
        for row, step in zip(rows, steps, strict=False):
            if (row["version"], row["checksum"]) != (step.version, step.checksum):
                raise MigrationError(
                    f"{step.name} differs from the applied version {row['version']}: a migration must never be edited"
                )
        return len(rows)


def _expanded(sql: str) -> str:
    tables = files("pulse_postgres.tables")
    return _INCLUDE.sub(lambda match: tables.joinpath(f"{match[1]}.sql").read_text(encoding="utf-8"), sql)
