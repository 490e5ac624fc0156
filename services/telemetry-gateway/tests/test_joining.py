"""Only consecutive batches are joined."""

import numpy as np
import pytest

from pulse_telemetry_gateway.model.ingest.batches import Batch
from pulse_telemetry_gateway.model.ingest.joining import consecutive_runs
from pulse_telemetry_gateway.model.ledger.settling import ROW_READINGS

ZERO = np.zeros(10, np.int64)
FIRST = Batch("a", 1, 1, 1, 0, "live", 0, (1,), 0, ZERO, ZERO, ZERO.view(np.float64))


def test_consecutive_batches_become_one_run_although_others_are_between_them() -> None:
    group = [
        ("a", FIRST),
        ("b", FIRST),
        ("a", FIRST._replace(lo=10)),
        ("b", FIRST._replace(lo=20)),
        ("a", FIRST._replace(lo=20)),
    ]
    assert consecutive_runs(group) == [[0, 2, 4], [1], [3]]


@pytest.mark.parametrize(
    "changed", [{"epoch": 2}, {"ord": 2}, {"catalog": 2}, {"lane": "backlog"}, {"series": (2,)}, {"lo": 9}, {"lo": 11}]
)  # fmt: skip
def test_different_batches_are_not_joined(changed: dict[str, object]) -> None:
    following = FIRST._replace(lo=10)._replace(**changed)  # type: ignore[arg-type]  # one of several fields
    assert consecutive_runs([("a", FIRST), ("a", following)]) == [[0], [1]]


def test_batches_of_different_devices_are_not_joined() -> None:
    assert consecutive_runs([("a", FIRST), ("b", FIRST._replace(lo=10))]) == [[0], [1]]


def test_a_duplicate_batch_is_not_joined() -> None:
    assert consecutive_runs([("a", FIRST), ("a", FIRST)]) == [[0], [1]]


def test_a_run_fits_a_row_of_the_log() -> None:
    group = [("a", FIRST._replace(lo=lo)) for lo in range(0, ROW_READINGS + 10, 10)]
    assert [len(places) for places in consecutive_runs(group)] == [ROW_READINGS // 10, 1]
