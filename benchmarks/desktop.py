"""The collector's window: how soon it is usable, its memory, what it costs, and whether a stalled user interface delays
the engine. Qt draws without a screen and without a GPU."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

from benchmarks.report import Result

STARTS, ROUNDS = 5, 3
_MODES = ("none", "calm", "sleep", "busy")


def measure() -> list[Result]:
    """Medians: five starts, and three rounds of every mode in turn."""
    seconds, megabytes = _starts()
    runs: dict[str, list[dict[str, float]]] = {mode: [] for mode in _MODES}
    for _ in range(ROUNDS):
        for mode in _MODES:
            runs[mode].append(_run(mode))
    median = {
        mode: {name: statistics.median(one[name] for one in some) for name in some[0]} for mode, some in runs.items()
    }
    calm, alone = median["calm"], median["none"]
    late = [
        Result(
            f"a task at 100 Hz in the engine, {text}: p99",
            round(median[mode]["p99"], 2),
            "ms late",
            "the engine without a window",
            round(alone["p99"], 2),
            target="< 15 ms",
            met=median[mode]["p99"] < 15,
        )
        for mode, text in (
            ("calm", "with a window"),
            ("sleep", "interface blocked 300 ms every 2 s"),
            ("busy", "interface busy 300 ms every 2 s"),
        )
    ]
    return [
        Result("start until the state is shown, and end", round(seconds, 2), "s", target="< 3 s", met=seconds < 3),
        Result("memory of the process", round(megabytes), "MB", target="< 220 MB", met=megabytes < 220),
        Result(
            "engine with 50 series x 10 Hz and a window with four charts",
            round(100 * calm["core"], 1),
            "% of a core",
            "the engine without a window",
            round(100 * alone["core"], 1),
        ),
        *late,
    ]


def _environment(folder: str) -> dict[str, str]:
    return os.environ | {
        "QT_QPA_PLATFORM": "offscreen",
        "PULSE_SECRETS": "file",
        "PULSE_DEVICE": "bench",
        "PULSE_COLLECTOR_STATE_DIR": folder,
        "PULSE_MQTT_URL": "mqtt://127.0.0.1:1",
    }


def _starts() -> tuple[float, float]:
    """Medians of the seconds of `--smoke`, and of the most memory of the process in MB."""
    seconds, megabytes = list[float](), list[float]()
    for _ in range(STARTS):
        with tempfile.TemporaryDirectory() as folder:
            began = time.monotonic()
            command = [sys.executable, "-m", "pulse_desktop.ui", "--smoke"]
            with subprocess.Popen(command, env=_environment(folder), stderr=subprocess.DEVNULL) as process:
                _, status, usage = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                raise RuntimeError(f"--smoke ended with {process.returncode}")
            seconds.append(time.monotonic() - began)
            megabytes.append(usage.ru_maxrss / 1_024)
    return statistics.median(seconds), statistics.median(megabytes)


def _run(mode: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.desktop_window", mode, folder]
        done = subprocess.run(
            command, env=_environment(folder), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, text=True
        )
        found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found
