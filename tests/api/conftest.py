"""Fixtures: one whole system for all tests of the HTTP APIs."""

from collections.abc import Iterator

import pytest

from tests.system import System, running_system


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A running system from `make run` with its first collector."""
    with running_system(tmp_path_factory.mktemp("api") / "state") as running:
        yield running
