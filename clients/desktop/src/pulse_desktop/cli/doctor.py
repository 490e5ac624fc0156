"""`pulse-collector doctor`: is everything there that a collector needs, and what to do about what is not."""

import asyncio
import contextlib
import ctypes
import os
import shutil
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pulse_bus.port import LinkState
from pulse_desktop.cli.broker import open_bus
from pulse_desktop.cli.terminal import FAILED, OK, say
from pulse_desktop.core import lock, status
from pulse_desktop.core.engine import World
from pulse_desktop.core.identity import PLACES, IdentityError, open_identity
from pulse_desktop.core.inspection import Look, NoBufferError
from pulse_desktop.core.model import StoreFailure
from pulse_desktop.core.privacy import open_to_others
from pulse_desktop.core.settings import BadSettingsError, Settings

_DEADLINE = 5.0
"""Seconds for the broker to answer."""
_FIRST_YEAR = 1_735_689_600
"""2025-01-01: no clock that is right shows less."""
_TIME_ERROR = 5
"""adjtimex(2): the clock is not synchronised."""
_SLACK = 300.0
_UNTRUSTED = "certificate verify failed"
"""How OpenSSL begins to say why."""


@dataclass(frozen=True)
class Finding:
    """One check. `todo` is empty when there is nothing to do."""

    check: str
    state: Literal["OK", "WARN", "FAIL"]
    text: str
    todo: str = ""


def run(settings: Settings) -> int:
    """Prints every finding; the exit code says whether one is FAIL."""
    findings = [*_folder(settings.state_dir), *_disk(settings), *_buffer(settings.state_dir), *_clock(settings)]
    password, told = _password(settings)
    findings += told
    findings += asyncio.run(_broker(settings, password))
    for one in findings:
        say(f"{one.state:<5} {one.check:<12} {one.text}")
        if one.todo:
            say(f"{'':<18} -> {one.todo}")
    bad = sum(one.state == "FAIL" for one in findings)
    say("", f"{bad} of {len(findings)} checks failed" if bad else f"all {len(findings)} checks passed")
    return FAILED if bad else OK


def _folder(folder: Path) -> Iterator[Finding]:
    name = "permissions"
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not there.is_dir():
        yield Finding(name, "FAIL", f"{there} is not a directory", "choose another --state-dir")
        return
    if not os.access(there, os.W_OK | os.X_OK):
        todo = f"let the user of the collector (uid {os.geteuid()}) write to it: chown, or another --state-dir"
        yield Finding(name, "FAIL", f"{there} cannot be written", todo)
        return
    if there != folder:
        yield Finding(name, "OK", f"{folder} will be made at the first start")
        return
    foreign = [path.name for path in folder.iterdir() if path.is_file() and not os.access(path, os.R_OK | os.W_OK)]
    if foreign:
        todo = f"chown them to the user of the collector (uid {os.geteuid()})"
        yield Finding(name, "FAIL", f"{folder}: no access to {', '.join(sorted(foreign)[:5])}", todo)
        return
    if stat.S_IMODE(folder.stat().st_mode) & 0o077:
        yield Finding(name, "WARN", f"{folder} is open to other users", f"chmod 700 {folder}")
        return
    if others := open_to_others(folder):
        text = f"{folder}: other users may read {', '.join(others[:5])} once they get in"
        yield Finding(name, "WARN", text, "start the collector: it closes them, or chmod 600")
        return
    yield Finding(name, "OK", f"{folder} can be written, by this user only")


def _disk(settings: Settings) -> Iterator[Finding]:
    there = next(path for path in (settings.state_dir, *settings.state_dir.parents) if path.exists())
    free = shutil.disk_usage(there).free
    size = sum(path.stat().st_size for path in there.glob("buffer.db*")) if there == settings.state_dir else 0
    usable = size + free - settings.buffer_min_free_bytes
    text = f"{free:,} bytes free; the buffer has {size:,} and may have {settings.buffer_max_bytes:,}"
    if usable < 1_000_000:
        todo = "free some of the disk: the buffer holds 1 MB at least, then the oldest readings lose detail"
        yield Finding("disk", "FAIL", text, todo)
    elif usable < settings.buffer_max_bytes:
        todo = f"it will stop growing at {usable:,} bytes: free disk, or lower PULSE_BUFFER_MAX_BYTES to say so"
        yield Finding("disk", "WARN", text, todo)
    else:
        yield Finding("disk", "OK", text)
    if there == settings.state_dir:
        for path in sorted(there.glob("buffer.corrupt-*")):
            if not path.name.endswith(("-wal", "-shm")):
                todo = "what could be read of it was taken over; keep it for a specialist, or delete it"
                yield Finding("disk", "WARN", f"{path.name} was set aside as corrupt", todo)


def _buffer(folder: Path) -> Iterator[Finding]:
    try:
        with Look.at(folder) as look:
            problems = look.faults()
            counts = look.counts()
            order = look.impossible_order()
    except NoBufferError:
        yield Finding("buffer", "OK", "no buffer yet: nothing waits")
        return
    except StoreFailure as failure:
        todo = "start the collector: a corrupt file is set aside, and what can be read of it is taken over"
        yield Finding("buffer", "FAIL", str(failure), todo)
        return
    text = f"{counts['waiting']:,} readings wait, {counts['quarantined']:,} are quarantined"
    if order:
        text = f"it was told the order {order}, which no collector can have reached ({text})"
        yield Finding("buffer", "WARN", text, "restart the collector: it counts anew; find who uses its credentials")
    elif problems:
        yield Finding("buffer", "FAIL", f"{problems[0]} ({len(problems)} problems)", "`buffer verify`, then restart")
    elif counts["quarantined"]:
        yield Finding("buffer", "WARN", text, "`quarantine list` says why; fix the source, then `quarantine clear`")
    else:
        yield Finding("buffer", "OK", f"intact; {text}")


def _clock(settings: Settings) -> Iterator[Finding]:
    now = time.time()
    shown = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now))
    if now < _FIRST_YEAR:
        yield Finding("clock", "FAIL", f"{shown} is in the past", "set the clock: timedatectl set-ntp true")
        return
    with contextlib.suppress(status.NoStatusError):
        ahead = status.read(settings.state_dir)["written"] / 1e6 - now
        if ahead > _SLACK:
            todo = "set the clock; readings keep the times they were given, their order is safe"
            yield Finding("clock", "FAIL", f"{shown}: the collector was here {ahead:,.0f} s later already", todo)
            return
    if _kernel_clock() == _TIME_ERROR:
        todo = "install chrony or systemd-timesyncd, unless something else sets the clock"
        yield Finding("clock", "WARN", f"{shown}, but the kernel says that nothing keeps it right", todo)
    else:
        yield Finding("clock", "OK", shown)


def _kernel_clock() -> int:
    """The state that adjtimex(2) returns when asked only; -1 where there is no such call."""
    with contextlib.suppress(OSError, AttributeError):
        return int(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512)))
    return -1


def _password(settings: Settings) -> tuple[str | None, list[Finding]]:
    if settings.mqtt_password_file is None and (found := _enrolled(settings.state_dir)) is not None:
        return found
    name, file = "credentials", settings.mqtt_password_file
    if file is None:
        todo = "pulse-collector enrol URL CODE, or set PULSE_MQTT_PASSWORD_FILE"
        return "", [Finding(name, "WARN", "no password file", todo)]
    try:
        password = settings.password()
        mode = stat.S_IMODE(file.stat().st_mode)
    except (BadSettingsError, OSError) as error:
        return None, [Finding(name, "FAIL", str(error), "make it readable for the user of the collector")]
    if not password:
        return None, [Finding(name, "FAIL", f"{file} is empty", "write the device's broker password into it")]
    if mode & 0o077:
        return password, [Finding(name, "WARN", f"{file} is open to other users", f"chmod 600 {file}")]
    return password, [Finding(name, "OK", f"{file} can be read, by this user only")]


def _enrolled(folder: Path) -> tuple[str | None, list[Finding]] | None:
    name, enrolled = "credentials", open_identity(folder)
    try:
        identity = enrolled.read()
        if identity is None:
            return None
        password = enrolled.secrets(identity).password.get_secret_value()
    except IdentityError as error:
        return None, [Finding(name, "FAIL", str(error), "pulse-collector enrol URL CODE --replace")]
    problem = enrolled.problem(identity)
    text = f"enrolled as {identity.device}, generation {identity.gen}; secrets in {PLACES[identity.place]}"
    return password, [Finding(name, "WARN" if problem else "OK", text, problem or "")]


async def _broker(settings: Settings, password: str | None) -> list[Finding]:
    scheme, _, address = settings.mqtt_url.partition("://")
    default = "8883" if scheme == "mqtts" else "1883"
    host, _, port = address.rpartition(":") if ":" in address else (address, "", default)
    try:
        async with asyncio.timeout(_DEADLINE):
            _, writer = await asyncio.open_connection(host.strip("[]"), int(port))
        writer.close()
    except (OSError, TimeoutError, ValueError) as error:
        why = f"no answer within {_DEADLINE:.0f} s" if isinstance(error, TimeoutError) else str(error)
        todo = "check PULSE_MQTT_URL, the network and the broker; readings wait on the disk meanwhile"
        return [Finding("broker", "FAIL", f"{settings.mqtt_url}: {why}", todo)]
    findings = [Finding("broker", "OK", f"{settings.mqtt_url} is reachable")]
    if lock.is_held(settings.state_dir):
        return [*findings, _running_collector(settings)]
    if password is not None:
        findings.append(await _sign_in(settings, password))
    return findings


def _running_collector(settings: Settings) -> Finding:
    """The device's connection belongs to the collector that runs: its word counts."""
    try:
        found = status.read(settings.state_dir)
    except status.NoStatusError as error:
        return Finding("delivery", "WARN", str(error), "ask again in a few seconds")
    if found["delivering"]:
        return Finding("delivery", "OK", "the running collector is connected, and the gateway answers")
    if found["link"] == LinkState.CONNECTED.value:
        todo = "is the telemetry gateway running, and does it know this device?"
        return Finding("delivery", "FAIL", "the collector is connected, but no gateway answers", todo)
    text = f"the running collector is not connected: {found['link']} {found['link_detail']}".rstrip()
    return Finding("delivery", "FAIL", text, "check PULSE_DEVICE and the password file of the running collector")


async def _sign_in(settings: Settings, password: str) -> Finding:
    bus = open_bus(settings, password, World(), is_guest=True)
    changed = asyncio.Event()

    async def note() -> None:
        changed.set()

    bus.on_connected(note)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(bus.run())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_DEADLINE):
                while bus.state is not LinkState.REFUSED and not changed.is_set() and _UNTRUSTED not in bus.detail:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(0.05):
                            await changed.wait()
        state, detail = bus.state, bus.detail
        running.cancel()
    if changed.is_set():
        return Finding("sign-in", "OK", f"the broker takes {settings.device}")
    if _UNTRUSTED in detail:
        return Finding("certificate", "FAIL", f"{settings.mqtt_url}: {detail}", _about_certificate(detail))
    todo = "was it disabled, enrolled again or removed at the server? else check PULSE_DEVICE and the password file"
    return Finding("sign-in", "FAIL", f"the broker does not take {settings.device}: {state.value} {detail}", todo)


def _about_certificate(detail: str) -> str:
    if "has expired" in detail:
        return "renew the broker's certificate at the server, unless the clock here is wrong"
    if "not yet valid" in detail:
        return "the clock here is behind: set it"
    if "mismatch" in detail:
        return "the certificate names other hosts: enrol again with --replace, or check PULSE_MQTT_URL"
    return (
        "this is another broker than that of the enrolment, or its authority is new: check where PULSE_MQTT_URL leads "
        "and PULSE_MQTT_CA_FILE, then enrol again with --replace"
    )
