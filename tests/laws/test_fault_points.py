"""Every named point of the fault campaigns exists in the program that it names. The campaigns take minutes; this check
does not."""

import importlib

import pytest

from tests.resilience.points import POINTS
from tests.resilience.test_accounts import POINTS as ACCOUNT_POINTS


@pytest.mark.parametrize(
    ("program", "start"), [("pulse_telemetry_gateway", "gateway: "), ("pulse_desktop", "collector: ")]
)
def test_every_named_point_exists_in_its_program(program: str, start: str) -> None:
    mine = {name for name, point in POINTS.items() if point.is_in(program)}
    assert mine == {name for name in POINTS if name.startswith(start)}
    assert len(mine) >= 8
    for point in POINTS.values():
        owner = importlib.import_module(point.module)
        for part in point.attribute.split("."):
            owner = getattr(owner, part)


def test_every_named_point_of_the_account_campaign_exists() -> None:
    for place in ACCOUNT_POINTS.values():
        module, attribute, _ = place.split()
        owner = importlib.import_module(module)
        for part in attribute.split("."):
            owner = getattr(owner, part)
