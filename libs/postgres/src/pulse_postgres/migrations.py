"""Migrations of one schema: numbered SQL files, applied in order, each in its own transaction, under an advisory lock.

A line `-- include name` stands for the file `name.sql` of `pulse_postgres.tables`, which owns the tables that several
services have. The checksum covers the expanded text, so an included file must never change either. ADR 0003 says why
this and not Alembic.
"""

import hashlib
import re
from dataclasses import dataclass
from importlib.resources import files

import asyncpg

from pulse_postgres.database import outages_translated

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


class MigrationError(Exception):
    """The database and the program disagree about the schema's history."""


@dataclass(frozen=True)
class _Step:
    version: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


@dataclass(frozen=True)
class Migrations:
    """The steps in `package` (a package with `NNNN_name.sql` files) for the connecting role's schema."""

    package: str

    def steps(self) -> list[_Step]:
        """In order. Raises MigrationError for a gap or a badly named file."""
        found: list[_Step] = []
        for file in sorted(files(self.package).iterdir(), key=lambda f: f.name):
            if not file.name.endswith(".sql"):
                continue
            match = _FILE.match(file.name)
            if match is None or int(match.group(1)) != len(found) + 1:
                raise MigrationError(f"{self.package}/{file.name}: expected {len(found) + 1:04d}_name.sql")
            found.append(_Step(int(match.group(1)), file.name, _expanded(file.read_text(encoding="utf-8"))))
        return found

    @property
    def head(self) -> int:
        """The version that this program needs."""
        return len(self.steps())

    async def apply(self, url: str, password: str | None = None) -> list[str]:
        """Brings the schema to the head; returns the names of the applied files. Several processes may call it at
        once: one works, the others wait. Raises MigrationError, DatabaseUnavailable."""
        with outages_translated():
            connection = await asyncpg.connect(url, password=password, timeout=10)
        try:
            with outages_translated(connection):
                return await self._bring_to_head(connection)
        finally:
            await connection.close()

    async def _bring_to_head(self, connection: "asyncpg.Connection[asyncpg.Record]") -> list[str]:
        key = int.from_bytes(hashlib.sha256(self.package.encode()).digest()[:8], "big", signed=True)
        await connection.execute("SET statement_timeout = '10min'")
        await connection.execute("SELECT pg_advisory_lock($1)", key)
        await connection.execute("SET lock_timeout = '5s'")
        await connection.execute(_TABLE)
        done = await self._check(connection)
        applied: list[str] = []
        for step in self.steps()[done:]:
            async with connection.transaction():
                await connection.execute(step.sql)
                await connection.execute(
                    "INSERT INTO schema_migration (version, name, checksum) VALUES ($1, $2, $3)",
                    step.version,
                    step.name,
                    step.checksum,
                )
            applied.append(step.name)
        return applied

    async def _check(self, connection: "asyncpg.Connection[asyncpg.Record]") -> int:
        rows = await connection.fetch("SELECT version, name, checksum FROM schema_migration ORDER BY version")
        steps = self.steps()
        if len(rows) > len(steps):
            raise MigrationError(
                f"the schema is at version {len(rows)}, this program knows {len(steps)}: start the newer program"
            )
        for row, step in zip(rows, steps, strict=False):
            if (row["version"], row["checksum"]) != (step.version, step.checksum):
                raise MigrationError(f"{step.name} is not what was applied as version {row['version']}: never edit one")
        return len(rows)


def _expanded(sql: str) -> str:
    tables = files("pulse_postgres.tables")
    return _INCLUDE.sub(lambda found: tables.joinpath(f"{found[1]}.sql").read_text(encoding="utf-8"), sql)
