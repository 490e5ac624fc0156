"""A new database with one role and its schema, like a service has it."""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from pulse_postgres import Database
from pulse_postgres.admin import provision, with_role
from pulse_postgres.database import PoolSettings

PASSWORD = "test-password-test-password"
Migrate = Callable[[str], Awaitable[None]]


async def prepare(url: str) -> None:
    """Prepares the template: a role that owns one empty schema."""
    await provision(url, "shop", "pulse_shop", PASSWORD)


@pytest.fixture
async def admin_url(new_database: Callable[[str, Migrate], Awaitable[str]]) -> str:
    """The URL of the superuser."""
    return await new_database("shop", prepare)


@pytest.fixture
def url(admin_url: str) -> str:
    """The URL of the service."""
    return with_role(admin_url, "pulse_shop", PASSWORD)


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    """The database, opened like in a service."""
    async with Database(PoolSettings(url)) as opened:
        yield opened


@pytest.fixture
def free_port() -> int:
    """A port without a listener."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
