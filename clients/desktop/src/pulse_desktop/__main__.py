"""`pulse-collector`: runs the collector, and has commands for its status, buffer, quarantine and identity."""

import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import structlog

from pulse_desktop.cli import buffer, doctor, enrol, mirror, parser, people, quarantine, replay
from pulse_desktop.cli.assembly import StateDirectoryError, make_engine, owned
from pulse_desktop.cli.credentials import broker_password, load_settings
from pulse_desktop.cli.opened import NotEnrolledError
from pulse_desktop.cli.terminal import ALREADY_RUNNING, BAD_SETTINGS, FAILED, OK, complain, say
from pulse_desktop.client.server import window_server
from pulse_desktop.core import logs
from pulse_desktop.core.identity.model import IdentityError
from pulse_desktop.core.model import StoreFailure
from pulse_desktop.core.settings import BadSettingsError, Settings
from pulse_desktop.core.state_directory import lock
from pulse_desktop.core.status import snapshot
from pulse_desktop.core.storage.inspection import NoBufferError


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0 success, 1 failure or a problem found, 2 bad settings, 3 already running, 4 sign-in
    refused."""
    options = vars(parser.make().parse_args(arguments))
    command: str = options.pop("command")
    flags = {name: value for name, value in options.items() if value is not None}
    try:
        return _run(flags) if command == "run" else _execute(command, flags)
    except BadSettingsError as error:
        complain("invalid settings:", *(f"  {line}" for line in error.lines))
        return BAD_SETTINGS


def _execute(command: str, flags: dict[str, Any]) -> int:
    if not structlog.is_configured():  # otherwise events go to standard output, which belongs to the command
        logs.configure("console", level=logging.WARNING)
    try:
        return _dispatch(command, flags)
    except BrokenPipeError:  # the reader of the pipe is gone
        sys.stderr.close()
        return FAILED
    except (NoBufferError, StoreFailure, snapshot.NoStatusError, IdentityError, NotEnrolledError) as error:
        complain(str(error))
    except OSError as error:
        complain(f"{error.filename}: {error.strerror}")
    return FAILED


def _dispatch(command: str, flags: dict[str, Any]) -> int:
    if command == "doctor":
        return doctor.run(load_settings(flags))
    folder = _folder(flags)
    if command == "enrol":
        ca_file = Path(flags["ca"]) if "ca" in flags else None
        return enrol.run(folder, enrol.EnrolRequest(flags["server"], flags["code"], "replace" in flags, ca_file))
    output = Path(flags["output"]) if "output" in flags else None
    as_json, is_sure = "json" in flags, "yes" in flags
    pause = True if "pause" in flags else False if "resume" in flags else None
    commands: dict[str, Callable[[], int]] = {
        "status": lambda: _status(folder, as_json=as_json),
        "buffer list": lambda: buffer.show(folder, as_json=as_json),
        "buffer verify": lambda: buffer.verify(folder),
        "buffer export": lambda: buffer.export(folder, flags["format"], output),
        "quarantine list": lambda: quarantine.show(folder, as_json=as_json, limit=max(0, flags["limit"])),
        "quarantine export": lambda: quarantine.export(folder, output),
        "quarantine clear": lambda: quarantine.clear(folder, is_sure=is_sure),
        "replay": lambda: replay.change(folder, pause=pause, rate=flags.get("rate")),
        "sign-in": lambda: people.sign_in(
            folder,
            people.SignInRequest(flags["email"], Path(flags["ca"]) if "ca" in flags else None),
            from_stdin="password_stdin" in flags,
            as_json=as_json,
        ),
        "sign-out": lambda: people.sign_out(folder, as_json=as_json),
        "change-password": lambda: people.change_password(folder, as_json=as_json),
        "whoami": lambda: people.whoami(folder, as_json=as_json),
        "mirror status": lambda: mirror.status(folder, as_json=as_json),
        "mirror conflicts": lambda: mirror.show_conflicts(folder, as_json=as_json),
        "mirror verify": lambda: mirror.verify(folder, as_json=as_json),
        "mirror resync": lambda: mirror.resync(folder, as_json=as_json),
    }
    return commands[command]()


def _status(folder: Path, *, as_json: bool) -> int:
    fields = snapshot.read(folder)
    if not fields["running"] and (limit := replay.stored(folder)) is not None:
        fields["replay"] = limit
    say(json.dumps(fields) if as_json else snapshot.table(fields))
    return OK


def _folder(flags: dict[str, Any]) -> Path:
    folder = {"state_dir": flags["state_dir"]} if "state_dir" in flags else {}
    return Settings.load({**folder, "device": "any"}).state_dir


def _run(flags: dict[str, Any]) -> int:
    settings = load_settings(flags)
    password = broker_password(settings)
    logs.configure(settings.log_format)
    try:
        with owned(settings):
            must_restart = asyncio.run(_collect(settings, password))
    except lock.AlreadyRunningError as error:
        complain(str(error))
        return ALREADY_RUNNING
    except StateDirectoryError as error:
        complain(str(error))
        return BAD_SETTINGS
    except StoreFailure as error:
        complain(f"the buffer in {settings.state_dir} cannot be used: {error}")
        return BAD_SETTINGS
    except OSError as error:
        complain(f"{error.filename}: {error.strerror}")
        return BAD_SETTINGS
    if must_restart:  # as the same process, so that its supervisor need not know
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606  # this very program
    return OK


async def _collect(settings: Settings, password: str) -> bool:
    """Returns whether a remote command asked for a restart."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    engine = make_engine(settings, password)
    async with window_server(settings.state_dir, lambda: engine.view):
        await engine.run(stop)
    return engine.must_restart


if __name__ == "__main__":
    sys.exit(main())
