"""Charts and tables of benchmark results agree with the results."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import chart


def row(**changed: Any) -> dict[str, Any]:
    """A result like `report.publish` writes it."""
    plain = {"metric": "m", "value": 10.0, "unit": "s", "peer": None, "peer_value": None, "target": None, "met": None}
    return plain | {"ratio": None} | changed


@pytest.mark.parametrize(
    ("target", "peer", "aim"),
    [
        ("< 5 s", None, 5),
        (">= 100,000 readings/s", None, 100_000),
        ("p95 < 50 ms", None, 50),
        ("< 250 ms, and the 450 unaffected", 80.0, 250),
        ("<= 12", None, 12),
        ("ratio >= 0.9", 200.0, 180),
        ("15 times smaller", 30.0, 2),
        ("ahead", 7.0, 7),
        ("within 20 %", 3.0, None),
        (None, 3.0, None),
    ],
)
def test_a_target_is_converted_to_the_scale_of_its_value(
    target: str | None, peer: float | None, aim: float | None
) -> None:
    assert chart.aim(row(target=target, peer_value=peer)) == pytest.approx(aim)


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- results: begin -->\nold\n<!-- results: end -->\nafter\n")
    monkeypatch.setattr(chart, "RESULTS", tmp_path)
    monkeypatch.setattr(chart, "PAGE", page)
    machine = {"cores": 2, "load_before": 0.1}
    rows = [
        row(metric="<lost>", value=0.0, peer="them", peer_value=0.0, target="0", met=True),
        row(metric="slow", value=12.0, target="< 5 s", met=False),
    ]
    document = {"benchmark": "bench", "date": "2026-01-01T00:00", "commit": "c", "machine": machine, "results": rows}
    (tmp_path / "bench.json").write_text(json.dumps(document))
    return tmp_path


def test_filling_a_page_twice_changes_nothing(results: Path) -> None:
    chart.page()
    once = (results / "page.md").read_text()
    chart.page()
    assert (results / "page.md").read_text() == once
    assert once.startswith("before\n")
    assert once.endswith("\nafter\n")
    assert "old" not in once
    assert "| slow | 12.0 s |  | < 5 s | **no** |" in once
    assert "| <lost> | 0 s | 0 them | 0 | yes |" in once


def test_a_chart_shows_zeros_and_highlights_missed_targets(results: Path) -> None:
    (drawn,) = chart.charts()
    text = drawn.read_text()
    assert text.count('class="ours"') == text.count('class="no"') == text.count('class="peer"') == 1
    assert text.count('class="aim"') == 1
    assert "&lt;lost&gt;" in text
    assert results == drawn.parent
