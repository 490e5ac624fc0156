"""Logs of processes: limited in size, private, and never written through a link of another user."""

import json
import os
import stat
from pathlib import Path

import pytest

from pulse_standalone import files
from pulse_standalone.log_view import readable

BIG = b"x" * 10_000_001


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    made = tmp_path / "victim"
    made.write_bytes(BIG)
    return made


def test_the_end_of_a_large_log_is_copied_and_the_log_truncated(tmp_path: Path) -> None:
    log, kept = tmp_path / "log", tmp_path / "log.1"
    log.write_bytes(BIG + b"last")
    kept.write_text("older")
    files.cap(log)
    assert log.stat().st_size == 0
    assert kept.stat().st_size == 10_000_000
    assert kept.read_bytes().endswith(b"last")


def test_a_link_in_place_of_the_copy_is_not_followed(tmp_path: Path, victim: Path) -> None:
    log, kept = tmp_path / "log", tmp_path / "log.1"
    log.write_bytes(BIG)
    kept.symlink_to(victim)
    files.cap(log)
    assert victim.read_bytes() == BIG
    assert not kept.is_symlink()
    assert log.stat().st_size == 0


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_a_log_that_is_a_link_is_not_truncated_or_written(tmp_path: Path, victim: Path, link: object) -> None:
    log = tmp_path / "log"
    assert callable(link)
    link(victim, log)
    files.cap(log)
    assert victim.read_bytes() == BIG
    assert files.last_line(log) == ("" if log.is_symlink() else "x" * 300)
    with pytest.raises(OSError, match="link"):
        files.open_log(log)


def test_a_log_that_is_a_pipe_does_not_block(tmp_path: Path) -> None:
    log = tmp_path / "log"
    os.mkfifo(log)
    files.cap(log)
    with pytest.raises(OSError, match="log"):
        files.open_log(log)


def test_a_log_and_its_copy_are_private(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with files.open_log(log) as file:
        file.write(BIG)
    files.cap(log)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (log, tmp_path / "log.1")]
    assert modes == [0o600, 0o600]
    with files.open_log(log) as file:
        file.write(b"more")
    assert log.read_bytes() == b"more"


def test_json_events_are_shown_as_readable_lines_and_other_lines_stay() -> None:
    event = {"method": "GET", "path": "/a b", "status": 200, "event": "request", "service": "web", "level": "info"}
    failed = {"event": "request_failed", "level": "error", "timestamp": "2026-11-30T09:00:01Z", "exception": "A\nB"}
    lines = ["==> /x/logs/web.log <==", json.dumps(event | {"timestamp": "2026-11-30T09:00:00.123Z"}), ""]
    lines += ["==> /x/logs/auth.log <==", "not JSON", json.dumps(failed)]
    assert list(readable((line + "\n" for line in lines), "web")) == [
        '09:00:00 web info request method=GET path="/a b" status=200',
        "auth: not JSON",
        "09:00:01 auth error request_failed",
        "A",
        "B",
    ]


def test_a_log_cannot_write_control_characters_to_the_terminal() -> None:
    line = json.dumps({"event": "request", "path": "/\x1b[2J"})
    assert "\x1b" not in "".join(readable([line], "web"))
