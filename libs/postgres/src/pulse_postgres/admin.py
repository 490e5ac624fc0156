"""Tasks of the superuser: databases, and for each service one schema and one role without rights on anything else."""

import re
from contextlib import suppress
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

from pulse_postgres.migrations import require_supported

_NAME = re.compile(r"^[a-z_][a-z0-9_]{0,62}$")


def _checked(name: str) -> str:
    if not _NAME.match(name):
        raise ValueError(f"{name!r} is not a lower-case SQL name")
    return name


def with_database(url: str, name: str) -> str:
    """Returns the URL of another database on the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{_checked(name)}"))


def with_role(url: str, role: str, password: str) -> str:
    """Returns the URL of the same database with another role."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{_checked(role)}:{quote(password, safe='')}@{host}"))


async def _execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def create_database(url: str, name: str) -> str:
    """Creates an empty database and returns its URL. Only its owner and roles with an explicit grant may connect.
    Raises MigrationError if the server's version is too old."""
    _checked(name)
    connection = await asyncpg.connect(url)
    try:
        require_supported(connection)
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            await connection.execute(f'CREATE DATABASE "{name}"')
        await connection.execute(f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC')
    finally:
        await connection.close()
    fresh = with_database(url, name)
    await _execute(fresh, "REVOKE ALL ON SCHEMA public FROM PUBLIC")
    return fresh


async def clone_database(url: str, template: str, name: str) -> str:
    """Creates a database as a copy of a template and returns its URL. The template must not have connections."""
    await _execute(
        url,
        f'CREATE DATABASE "{_checked(name)}" TEMPLATE "{_checked(template)}"',
        f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC',
    )
    fresh = with_database(url, name)
    connection = await asyncpg.connect(fresh)
    try:
        owners = await connection.fetch(
            "SELECT DISTINCT r.rolname FROM pg_namespace n JOIN pg_roles r ON r.oid = n.nspowner "
            "WHERE NOT r.rolsuper AND n.nspname NOT LIKE 'pg\\_%'"
        )
        for row in owners:
            await connection.execute(f'GRANT CONNECT ON DATABASE "{name}" TO "{_checked(row[0])}"')
    finally:
        await connection.close()
    return fresh


async def drop_database(url: str, name: str) -> None:
    """Deletes a database and ends its connections."""
    await _execute(url, f'DROP DATABASE IF EXISTS "{_checked(name)}" WITH (FORCE)')


async def provision(url: str, schema: str, role: str, password: str) -> str:
    """Creates or updates role and schema of one service and returns the service's URL.

    The role may connect and owns its schema. It has no rights on other schemas, because PUBLIC has none in a database
    that `create_database` made. Raises ValueError for an invalid name or password.
    """
    _checked(schema), _checked(role)
    if not re.fullmatch(r"[A-Za-z0-9_-]{16,128}", password):
        raise ValueError("the password must have 16 to 128 characters of A-Z a-z 0-9 _ -")
    connection = await asyncpg.connect(url)
    try:
        name = await connection.fetchval("SELECT current_database()")
        if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
            await connection.execute(f'CREATE ROLE "{role}" NOSUPERUSER NOCREATEDB NOCREATEROLE')
        verifier = f"ALTER ROLE \"{role}\" LOGIN PASSWORD '{password}'"  # the pattern above needs no escaping
        await connection.execute(verifier)
        await connection.execute(f'ALTER ROLE "{role}" SET search_path = "{schema}"')
        await connection.execute(f'GRANT CONNECT ON DATABASE "{name}" TO "{role}"')
        await connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}" AUTHORIZATION "{role}"')
    finally:
        await connection.close()
    return with_role(url, role, password)


async def provision_group(url: str, group: str) -> None:
    """Creates or updates a group role without sign-in that may connect to this database. The owners of tables grant it
    access."""
    _checked(group)
    connection = await asyncpg.connect(url)
    try:
        name = await connection.fetchval("SELECT current_database()")
        if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", group):
            with suppress(asyncpg.DuplicateObjectError):  # another process has just created it
                await connection.execute(f'CREATE ROLE "{group}" NOSUPERUSER NOCREATEDB NOCREATEROLE NOLOGIN')
        await connection.execute(f'GRANT CONNECT ON DATABASE "{name}" TO "{group}"')
    finally:
        await connection.close()
