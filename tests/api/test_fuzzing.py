"""Every response is documented in the OpenAPI document, and there is no 5xx. `make fuzz-api` runs longer."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.fuzzing import SERVICES, fuzz
from tests.system import System, running_system

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
_EXAMPLES = 15


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system for these tests only, because the fuzzer leaves data behind."""
    with running_system(tmp_path_factory.mktemp("fuzz-api") / "state") as running:
        yield running


@pytest.mark.parametrize("service", SERVICES)
def test_every_response_is_documented(system: System, service: str, tmp_path: Path) -> None:
    log = tmp_path / "schemathesis.log"
    code = fuzz(system, service, examples=_EXAMPLES, seed=20261123, log=log)
    text = log.read_text()
    assert code == 0, text[-8_000:]
    generated = re.search(r"(\d+) generated", text)
    assert generated is not None
    assert int(generated.group(1)) > 100, "it must have asked something"
