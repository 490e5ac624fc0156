"""Fixtures for tests of HTTP connections."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from .http_server import RELEASE, SEEN, serving


@pytest.fixture
async def port() -> AsyncIterator[int]:
    SEEN.clear()
    RELEASE[:] = [asyncio.Event()]
    async with serving() as port:
        yield port
