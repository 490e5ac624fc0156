"""`pulse-collector doctor`: checks what a collector needs, and prints a remedy for each problem."""

import asyncio
import contextlib
import ctypes
import os
import shutil
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from pulse_bus.port import LinkState
from pulse_desktop.cli import doctor_mirror
from pulse_desktop.cli.broker import open_bus
from pulse_desktop.cli.finding import Finding
from pulse_desktop.cli.terminal import FAILED, OK, say
from pulse_desktop.core.engine import World
from pulse_desktop.core.identity.enrolled import open_identity
from pulse_desktop.core.identity.model import PLACES, IdentityError
from pulse_desktop.core.model import StoreFailure
from pulse_desktop.core.settings import BadSettingsError, Settings
from pulse_desktop.core.state_directory import lock
from pulse_desktop.core.state_directory.privacy import shared_files
from pulse_desktop.core.status import snapshot
from pulse_desktop.core.storage.inspection import Inspection, NoBufferError

_DEADLINE = 5.0
"""Timeout for the broker in seconds."""
_FIRST_YEAR = 1_735_689_600
"""2025-01-01: a clock that shows an earlier time is wrong."""
_TIME_ERROR = 5
"""Result of adjtimex(2) when the clock is not synchronised."""
_CLOCK_TOLERANCE = 300.0
_UNTRUSTED = "certificate verify failed"
"""The beginning of OpenSSL's message."""


def run(settings: Settings) -> int:
    """Prints every finding. Returns FAILED when one is FAIL."""
    lines, bad = report(settings)
    say(*lines)
    return FAILED if bad else OK


def report(settings: Settings) -> tuple[list[str], int]:
    """The lines of every finding, and how many checks failed. Must run in a thread without an event loop."""
    findings = [*_folder(settings.state_dir), *_disk(settings), *_buffer(settings.state_dir), *_clock(settings)]
    password, credentials = _password(settings)
    findings += credentials
    findings += asyncio.run(doctor_mirror.findings(settings.state_dir))
    findings += asyncio.run(_broker(settings, password))
    lines: list[str] = []
    for one in findings:
        lines.append(f"{one.state:<5} {one.check:<12} {one.text}")
        if one.todo:
            lines.append(f"{'':<18} -> {one.todo}")
    bad = sum(one.state == "FAIL" for one in findings)
    return [*lines, "", f"{bad} of {len(findings)} checks failed" if bad else f"all {len(findings)} checks passed"], bad


def _folder(folder: Path) -> Iterator[Finding]:
    name = "permissions"
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    if not existing.is_dir():
        yield Finding(name, "FAIL", f"{existing} is not a directory", "choose another --state-dir")
        return
    if not os.access(existing, os.W_OK | os.X_OK):
        todo = f"give the collector's user (uid {os.geteuid()}) write access with chown, or choose another --state-dir"
        yield Finding(name, "FAIL", f"{existing} is not writable", todo)
        return
    if existing != folder:
        yield Finding(name, "OK", f"{folder} will be created at the first start")
        return
    foreign = [path.name for path in folder.iterdir() if path.is_file() and not os.access(path, os.R_OK | os.W_OK)]
    if foreign:
        todo = f"chown them to the collector's user (uid {os.geteuid()})"
        yield Finding(name, "FAIL", f"{folder}: no access to {', '.join(sorted(foreign)[:5])}", todo)
        return
    if stat.S_IMODE(folder.stat().st_mode) & 0o077:
        yield Finding(name, "WARN", f"other users can access {folder}", f"chmod 700 {folder}")
        return
    if shared := shared_files(folder):
        text = f"{folder}: the permissions of {', '.join(shared[:5])} let other users in"
        yield Finding(name, "WARN", text, "start the collector, which fixes them, or chmod 600 them")
        return
    yield Finding(name, "OK", f"only this user can access {folder}")


def _disk(settings: Settings) -> Iterator[Finding]:
    existing = next(path for path in (settings.state_dir, *settings.state_dir.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    size = sum(path.stat().st_size for path in existing.glob("buffer.db*")) if existing == settings.state_dir else 0
    usable = size + free - settings.buffer_min_free_bytes
    text = f"{free:,} bytes free; the buffer uses {size:,} bytes of at most {settings.buffer_max_bytes:,}"
    if usable < 1_000_000:
        todo = "free disk space: the buffer can use only 1 MB before the oldest readings are thinned"
        yield Finding("disk", "FAIL", text, todo)
    elif usable < settings.buffer_max_bytes:
        todo = f"the buffer stops growing at {usable:,} bytes: free disk space, or lower PULSE_BUFFER_MAX_BYTES"
        yield Finding("disk", "WARN", text, todo)
    else:
        yield Finding("disk", "OK", text)
    if existing == settings.state_dir:
        for path in sorted(existing.glob("buffer.corrupt-*")):
            if not path.name.endswith(("-wal", "-shm")):
                todo = "the new buffer has every readable reading; keep the file for an analysis, or delete it"
                yield Finding("disk", "WARN", f"{path.name} is a corrupt buffer that was replaced", todo)


def _buffer(folder: Path) -> Iterator[Finding]:
    try:
        with Inspection.at(folder) as inspection:
            problems = inspection.faults()
            counts = inspection.counts()
            ord_ = inspection.impossible_ord()
    except NoBufferError:
        yield Finding("buffer", "OK", "no buffer yet")
        return
    except StoreFailure as failure:
        todo = "start the collector: it replaces a corrupt file and keeps every readable reading"
        yield Finding("buffer", "FAIL", str(failure), todo)
        return
    text = f"{counts['waiting']:,} readings waiting, {counts['quarantined']:,} quarantined"
    if ord_:
        text = f"the server sent the impossible ord {ord_} ({text})"
        yield Finding(
            "buffer",
            "WARN",
            text,
            "restart the collector, which resets the ord; find out who else uses its credentials",
        )
    elif problems:
        yield Finding(
            "buffer",
            "FAIL",
            f"{problems[0]} ({len(problems)} problems)",
            "run `buffer verify`, then restart the collector",
        )
    elif counts["quarantined"]:
        yield Finding(
            "buffer", "WARN", text, "see `quarantine list` for the reasons; fix the source, then `quarantine clear`"
        )
    else:
        yield Finding("buffer", "OK", f"intact; {text}")


def _clock(settings: Settings) -> Iterator[Finding]:
    now = time.time()
    shown = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now))
    if now < _FIRST_YEAR:
        yield Finding("clock", "FAIL", f"{shown} is in the past", "set the clock: timedatectl set-ntp true")
        return
    with contextlib.suppress(snapshot.NoStatusError):
        ahead = snapshot.read(settings.state_dir)["written"] / 1e6 - now
        if ahead > _CLOCK_TOLERANCE:
            todo = "set the clock; readings keep their times and their order"
            yield Finding(
                "clock", "FAIL", f"{shown}: the collector's last status is {ahead:,.0f} s in the future", todo
            )
            return
    if _kernel_clock() == _TIME_ERROR:
        todo = "install chrony or systemd-timesyncd, unless another program synchronises the clock"
        yield Finding("clock", "WARN", f"{shown}, but the kernel reports that the clock is not synchronised", todo)
    else:
        yield Finding("clock", "OK", shown)


def _kernel_clock() -> int:
    """The state that adjtimex(2) returns; -1 where the call does not exist."""
    with contextlib.suppress(OSError, AttributeError):
        return int(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512)))
    return -1


def _password(settings: Settings) -> tuple[str | None, list[Finding]]:
    if settings.mqtt_password_file is None and (result := _enrolled(settings.state_dir)) is not None:
        return result
    name, file = "credentials", settings.mqtt_password_file
    if file is None:
        todo = "pulse-collector enrol URL CODE, or set PULSE_MQTT_PASSWORD_FILE"
        return "", [Finding(name, "WARN", "no password file", todo)]
    try:
        password = settings.password()
        mode = stat.S_IMODE(file.stat().st_mode)
    except (BadSettingsError, OSError) as error:
        return None, [Finding(name, "FAIL", str(error), "make the file readable for the collector's user")]
    if not password:
        return None, [Finding(name, "FAIL", f"{file} is empty", "write the device's broker password into it")]
    if mode & 0o077:
        return password, [Finding(name, "WARN", f"other users can read {file}", f"chmod 600 {file}")]
    return password, [Finding(name, "OK", f"only this user can read {file}")]


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
        reason = f"no answer within {_DEADLINE:.0f} s" if isinstance(error, TimeoutError) else str(error)
        todo = "check PULSE_MQTT_URL, the network and the broker; readings stay in the buffer meanwhile"
        return [Finding("broker", "FAIL", f"{settings.mqtt_url}: {reason}", todo)]
    findings = [Finding("broker", "OK", f"{settings.mqtt_url} is reachable")]
    if lock.is_held(settings.state_dir):
        return [*findings, _running_collector(settings)]
    if password is not None:
        findings.append(await _sign_in(settings, password))
    return findings


def _running_collector(settings: Settings) -> Finding:
    """Reads the running collector's status. A second connection of the same device would disconnect the collector."""
    try:
        fields = snapshot.read(settings.state_dir)
    except snapshot.NoStatusError as error:
        return Finding("delivery", "WARN", str(error), "try again in a few seconds")
    if fields["delivering"]:
        return Finding("delivery", "OK", "the running collector is connected, and the telemetry gateway answers")
    if fields["link"] == LinkState.CONNECTED.value:
        todo = "check that the telemetry gateway is running and that this device is enrolled"
        return Finding("delivery", "FAIL", "the running collector is connected, but no telemetry gateway answers", todo)
    text = f"the running collector is not connected: {fields['link']} {fields['link_detail']}".rstrip()
    return Finding("delivery", "FAIL", text, "check PULSE_DEVICE and the password file of the running collector")


async def _sign_in(settings: Settings, password: str) -> Finding:
    bus = open_bus(settings, password, World(), is_guest=True)
    connected = asyncio.Event()

    async def note() -> None:
        connected.set()

    bus.on_connected(note)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(bus.run())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_DEADLINE):
                while bus.state is not LinkState.REFUSED and not connected.is_set() and _UNTRUSTED not in bus.detail:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(0.05):
                            await connected.wait()
        state, detail = bus.state, bus.detail
        running.cancel()
    if connected.is_set():
        return Finding("sign-in", "OK", f"the broker accepts {settings.device}")
    if _UNTRUSTED in detail:
        return Finding("certificate", "FAIL", f"{settings.mqtt_url}: {detail}", _certificate_remedy(detail))
    todo = (
        "check at the server whether the device was disabled, removed or enrolled again; check PULSE_DEVICE and the "
        "password file"
    )
    return Finding("sign-in", "FAIL", f"the broker rejects {settings.device}: {state.value} {detail}", todo)


def _certificate_remedy(detail: str) -> str:
    if "has expired" in detail:
        return "renew the broker's certificate at the server, or set the clock of this machine if it is wrong"
    if "not yet valid" in detail:
        return "the clock of this machine is behind: set it"
    if "mismatch" in detail:
        return "the certificate is for other host names: check PULSE_MQTT_URL, or enrol again with --replace"
    return (
        "this is not the broker of the enrolment, or its certificate authority changed: check PULSE_MQTT_URL and "
        "PULSE_MQTT_CA_FILE, then enrol again with --replace"
    )
