"""A short campaign with every kind of fault, and gateways with a known bug that the same checker must find."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.resilience.campaign import Plan, run
from tests.resilience.faults import FAULTS
from tests.resilience.world import Size

pytestmark = [pytest.mark.resilience, pytest.mark.timeout(900)]
SEED = int(os.environ.get("SEED", "20261123"))
"""A fixed seed, so that a failure can be repeated. `make resilience` draws one."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder outside pytest's, which another session makes private."""
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


async def test_sixty_faults_lose_duplicate_and_alter_no_reading(folder: Path) -> None:
    report = await run(Plan(60, SEED, at_once=2), folder / "world", is_quiet=True)
    print(report.as_text())
    assert report.problems == []
    assert sum((report.faults + report.skipped).values()) == 60
    assert len(report.faults) + len(report.skipped) == len(FAULTS)
    assert report.total_plain("acknowledged") > 1_000
    for device, verdict in report.verdicts.items():
        assert verdict.produced > 5_000, device
        assert verdict.stored + verdict.dropped + verdict.refused >= verdict.produced, device
        assert verdict.in_chunks > 0, device
        assert verdict.refused == 0, device  # no reading of a simulator is invalid, even with a wrong clock
        assert verdict.dropped < verdict.produced / 5, device  # a small full disk may have to be thinned


@pytest.mark.parametrize(
    ("mutant", "faults", "kinds"),
    [
        # the system compensates for one kind alone
        ("acks before the commit", 8, ("kill a gateway", "lose the broker's store")),
        ("knows a high-water mark only", 8, ("cut a cable", "nothing comes down")),
        # every restart loses messages, and the judge waits for each of them
        ("forgets its plain session", 2, ("restart every gateway",)),
    ],
)
async def test_a_gateway_with_a_known_bug_is_found(
    folder: Path, mutant: str, faults: int, kinds: tuple[str, ...]
) -> None:
    plan = Plan(faults, SEED, Size(collectors=2, rate=1_000, mutant=mutant), kinds, at_once=2)
    report = await run(plan, folder / "world", is_quiet=True)
    assert report.total("lost") + report.total_plain("lost") > 0, report.as_text()
