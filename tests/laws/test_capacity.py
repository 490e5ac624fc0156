"""The tables of docs/scaling.md agree with the recorded results."""

import pytest

from benchmarks import capacity


def test_the_tables_are_fresh() -> None:
    text = capacity.PAGE.read_text()
    assert capacity.filled(text) == text, "run `python -m benchmarks page`"


def test_the_formula_adds_batches_steps_and_merges() -> None:
    load = capacity.Load("test", 10.0, 1.0, 8, 10)
    step = "300 readings of 8 series"
    cost = {
        "fleet: gateway, 10 readings a batch": 300.0,
        "fleet: PostgreSQL, 10 readings a batch": 60.0,
        "fleet: broker, 10 readings a batch": 30.0,
        "fleet: PostgreSQL's log (WAL), 10 readings a batch": 1_000.0,
        f"fleet: step of compaction, {step}: gateway": 6.0,
        f"fleet: merge of 32 such steps, {step}: gateway": 9.0,
        f"fleet: step of compaction, {step}: PostgreSQL": 3.0,
        f"fleet: merge of 32 such steps, {step}: PostgreSQL": 6.0,
        "disk: disk, smooth": 5.0,
        "disk: disk, noisy": 10.0,
    }
    found = capacity.need(cost, load, 2_400)
    # 2,400 batches, 80 steps and 20 merges a second, each core busy to 60 %
    assert found.gateway_cores == pytest.approx((0.72 + 0.48 + 0.18) / 0.6)
    assert found.database_cores == pytest.approx((0.144 + 0.24 + 0.12) / 0.6)
    assert found.broker_cores == pytest.approx(0.072 / 0.6)
    assert found.log == pytest.approx(2.4)
    assert list(found.disk) == pytest.approx([10.368, 20.736])
    assert (found.gateways, found.brokers, found.databases) == ("4", "1 Mosquitto", 1)


def test_a_large_fleet_needs_a_cluster_and_reports_missing_shards() -> None:
    need = capacity.Need(100_000, 300.0, 3.0, 40.0, 1.0, (1.0, 1.0))
    assert need.brokers == "a cluster of 8"
    assert need.databases == 3
    assert need.gateways == "301: **more than 256 shards**"
