"""`make logs`: follows log files, and shows JSON events as readable lines."""

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

_HEADER = re.compile(r"^==> (.+) <==$")
_HIDDEN = frozenset({"timestamp", "level", "event", "service", "logger", "exception"})
_LAST_LINES = 20


def follow(files: Sequence[Path], *, is_raw: bool) -> int:
    """Prints the last lines of the files and follows them until interrupted. `is_raw`: as they are in the files.
    Returns the exit code."""
    command = ["tail", "-n", str(_LAST_LINES), "-F", *map(str, files)]
    if is_raw:
        return subprocess.run(command, check=False).returncode
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, errors="replace") as tail:
        try:
            for line in readable(tail.stdout or (), files[0].stem):
                sys.stdout.write(line + "\n")
                sys.stdout.flush()
        finally:
            tail.terminate()
        return tail.wait()


def readable(lines: Iterable[str], name: str) -> Iterator[str]:
    """The lines of `tail`, with the process in front. `name`: the process of the first file. JSON events become
    `time name level event field=value`; other lines stay."""
    for raw in lines:
        line = raw.rstrip("\n")
        if header := _HEADER.match(line):
            name = Path(header[1]).stem
        elif line:
            yield from _rendered(line, name)


def _rendered(line: str, name: str) -> Iterator[str]:
    try:
        event = json.loads(line)
    except ValueError:
        event = None
    if not isinstance(event, dict) or "event" not in event:
        yield f"{name}: {line}"
        return
    time = str(event.get("timestamp", "")).partition("T")[2][:8]
    fields = " ".join(f"{key}={_value(value)}" for key, value in event.items() if key not in _HIDDEN)
    yield f"{time} {name} {event.get('level', 'info')} {event['event']} {fields}".rstrip()
    yield from str(event.get("exception", "")).splitlines()


def _value(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return json.dumps(text) if not text or any(c.isspace() or not c.isprintable() for c in text) else text
