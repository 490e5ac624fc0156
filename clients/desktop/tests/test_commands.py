"""The commands for the buffer, its quarantine and the replay limit, in one process."""

import asyncio
import csv
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pulse_desktop.__main__ import main
from pulse_desktop.core.buffer.buffer import Buffer
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.mirror.configuration import Configuration, Configured
from pulse_desktop.core.model import BufferLimits, Reading, Refusal, SeriesSpec, Settlement

EPOCH = 77
READINGS = [Reading(1, 1_000_000, 0.1), Reading(2, 2_000_000, -(2**63)), Reading(3, 3_000_000, True)]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A buffer with five waiting, one settled and two quarantined readings. A collector has it open."""
    buffer = Buffer(tmp_path, EPOCH, BufferLimits(), Clock())
    buffer.declare([SeriesSpec("a", "float", "V"), SeriesSpec("b", "int"), SeriesSpec("c", "bool")])
    buffer.append(READINGS)
    buffer.append([Reading(1, 4_000_000, float(i)) for i in range(5)])
    buffer.settle(
        [
            Settlement(EPOCH, ((0, 1),)),
            Settlement(EPOCH, ((4, 6),), (Refusal(4, "not_finite"), Refusal(5, "wrong_type", "str"))),
        ]
    )
    yield tmp_path
    buffer.close()


def call(folder: Path, *words: str) -> int:
    return main([*words, "--state-dir", str(folder)])


Out = pytest.CaptureFixture[str]


def test_list_counts_the_waiting_readings_of_a_running_collector(folder: Path, capsys: Out) -> None:
    assert call(folder, "buffer", "list") == 0
    assert "5 readings waiting in 1 epochs" in capsys.readouterr().out
    assert call(folder, "buffer", "list", "--json") == 0
    (line,) = json.loads(capsys.readouterr().out)
    assert (line["epoch"], line["waiting"], line["next"], line["is_summary"]) == (EPOCH, 5, 8, False)


def test_export_writes_every_waiting_reading_exactly(folder: Path, capsys: Out) -> None:
    assert call(folder, "buffer", "export") == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(r["seq"], r["series"], r["type"], r["value"]) for r in rows] == [
        ("1", "b", "int", "-9223372036854775808"),
        ("2", "c", "bool", "true"),
        ("3", "a", "float", "0.0"),
        ("6", "a", "float", "3.0"),
        ("7", "a", "float", "4.0"),
    ]
    assert rows[0]["time"] == "1970-01-01T00:00:02.000000Z"


def test_export_writes_json_lines_and_never_overwrites_a_file(folder: Path, capsys: Out) -> None:
    target = folder / "out.jsonl"
    assert call(folder, "buffer", "export", "--format", "jsonl", "--output", str(target)) == 0
    lines = [json.loads(line) for line in target.read_text().splitlines()]
    assert [line["value"] for line in lines] == [-(2**63), True, 0.0, 3.0, 4.0]
    assert call(folder, "buffer", "export", "--output", str(target)) == 1
    assert str(target) in capsys.readouterr().err
    assert len(target.read_text().splitlines()) == 5


def test_numbers_that_json_cannot_represent_are_strings(tmp_path: Path, capsys: Out) -> None:
    buffer = Buffer(tmp_path, EPOCH, BufferLimits(), Clock())
    buffer.declare([SeriesSpec("a", "float")])
    buffer.append([Reading(1, 2**62, float("nan")), Reading(1, 1, float("-inf"))])
    buffer.close()
    assert call(tmp_path, "buffer", "export", "--format", "jsonl") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["value"] for line in lines] == ["nan", "-inf"]
    assert lines[0]["time"] == str(2**62)


def test_verify_reports_an_unreadable_block_and_export_skips_it(folder: Path, capsys: Out) -> None:
    assert call(folder, "buffer", "verify") == 0
    spoil(folder, "UPDATE block SET data = x'00ff' WHERE lo = 0")
    assert call(folder, "buffer", "verify") == 1
    captured = capsys.readouterr()
    assert "block [0, 3)" in captured.err
    assert "3 unreadable readings" in captured.out
    assert call(folder, "buffer", "export") == 1
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 1 + 3
    assert "2 unreadable" in captured.err


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("UPDATE epoch SET next = 2", "its next number is 2"),
        ("UPDATE block SET lo = 2 WHERE lo = 3", "overlap"),
        ("INSERT INTO gone VALUES (77, 1, 500)", "outside block"),
    ],
)
def test_verify_reports_contradictions_between_the_tables(folder: Path, capsys: Out, damage: str, message: str) -> None:
    spoil(folder, damage)
    assert call(folder, "buffer", "verify") == 1
    assert message in capsys.readouterr().err


def spoil(folder: Path, sql: str) -> None:
    import sqlite3

    db = sqlite3.connect(folder / "buffer.db")
    db.execute(sql)
    db.commit()
    db.close()


def test_the_quarantine_is_listed_with_reasons(folder: Path, capsys: Out) -> None:
    assert call(folder, "quarantine", "list") == 0
    out = capsys.readouterr().out
    assert "2 readings in quarantine: 1 not_finite, 1 wrong_type" in out
    assert "str" in out
    assert call(folder, "quarantine", "list", "--limit", "1", "--json") == 0
    assert [one["seq"] for one in json.loads(capsys.readouterr().out)] == [5]


def test_the_quarantine_is_exported_as_json_lines(folder: Path, capsys: Out) -> None:
    assert call(folder, "quarantine", "export") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["seq"], line["series"], line["value"], line["code"]) for line in lines] == [
        (4, "a", "1.0", "not_finite"),
        (5, "a", "2.0", "wrong_type"),
    ]


def test_clearing_the_quarantine_asks_first(folder: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("yes\n"))  # a pipe cannot answer a question
    assert call(folder, "quarantine", "clear") == 1
    assert "nothing was deleted" in capsys.readouterr().err
    assert call(folder, "quarantine", "clear", "--yes") == 0
    assert "2 readings deleted" in capsys.readouterr().out
    assert call(folder, "quarantine", "list") == 0
    assert "0 readings in quarantine" in capsys.readouterr().out
    assert call(folder, "buffer", "list") == 0, "waiting readings stay"
    assert "5 readings waiting" in capsys.readouterr().out


def stored(folder: Path) -> Configured:
    async def read() -> Configured:
        async with Configuration(folder, Clock()) as configuration:
            return await configuration.read()

    return asyncio.run(read())


def test_the_replay_limit_is_stored_and_each_flag_changes_one_value(folder: Path, capsys: Out) -> None:
    for words in (["--pause"], ["--rate", "500"]):
        assert call(folder, "replay", *words) == 0
    assert stored(folder) == Configured(is_replay_paused=True, replay_rate=500)
    assert call(folder, "replay", "--resume") == 0
    assert stored(folder) == Configured(replay_rate=500)
    assert call(folder, "replay", "--rate", "0") == 0
    assert stored(folder) == Configured()
    assert call(folder, "replay", "--rate", "-3") == 1
    assert call(folder, "replay", "--rate", "nan") == 1
    assert "readings per second" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["buffer", "list"],
        ["buffer", "verify"],
        ["buffer", "export"],
        ["quarantine", "list"],
        ["quarantine", "export"],
        ["quarantine", "clear", "--yes"],
    ],
)
def test_a_directory_without_a_buffer_is_reported(tmp_path: Path, capsys: Out, words: list[str]) -> None:
    assert call(tmp_path, *words) == 1
    assert "no collector has run" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [["buffer"], ["buffer", "export"], ["quarantine", "clear"], ["replay"], ["doctor"]])
def test_every_command_has_a_help_text(capsys: Out, words: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([*words, "--help"])
    assert stopped.value.code == 0
    assert "pulse-collector" in capsys.readouterr().out
