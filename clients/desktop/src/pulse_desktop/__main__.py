"""`pulse-collector`: run the collector without a window, or ask a running one how it is. The only place that knows
the real broker."""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from typing import Any

from pulse_bus.mqtt import MqttBus, MqttSettings, Will
from pulse_contracts.system import Status
from pulse_contracts.topics import SYSTEM_STATUS
from pulse_desktop.core import lock, logs, status
from pulse_desktop.core.engine import Engine, World, collector_version
from pulse_desktop.core.model import StoreFailure
from pulse_desktop.core.settings import BadSettingsError, Settings

BAD_SETTINGS, ALREADY_RUNNING = 2, 3


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 fine, 1 failed, 2 bad settings, 3 already running."""
    given = vars(_parser().parse_args(arguments))
    command = given.pop("command")
    flags = {name: value for name, value in given.items() if value is not None}
    try:
        return _status(flags) if command == "status" else _run(flags)
    except BadSettingsError as error:
        _complain("the settings do not work:", *(f"  {line}" for line in error.lines))
        return BAD_SETTINGS


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pulse-collector",
        description="Reads sensors, keeps every reading on disk, and delivers it exactly once over MQTT.",
        epilog="Every flag has an environment variable (see the README); the broker's password comes from the file "
        "that PULSE_MQTT_PASSWORD_FILE names.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="{run,status}")
    run = commands.add_parser("run", help="collect and deliver until stopped")
    show = commands.add_parser("status", help="how the collector of a state directory is")
    for one in (run, show):
        one.add_argument("--state-dir", metavar="DIR", help="where the buffer lives")
    show.add_argument("--json", action="store_true", default=None, help="for programs")
    run.add_argument("--device", metavar="ID", help="[a-z0-9-]{1,32}; also the broker's user name")
    run.add_argument("--mqtt-url", metavar="URL", help="mqtt://host:port")
    run.add_argument("--name", help="shown to people")
    run.add_argument("--host-metrics", action=argparse.BooleanOptionalAction, default=None, help="read this machine")
    run.add_argument("--simulator-rate", metavar="N", help="simulated readings per second, 0 for none")
    run.add_argument("--simulator-series", metavar="N", help="how many simulated series")
    run.add_argument("--simulator-seed", metavar="N", help="same seed, same noise")
    run.add_argument("--buffer-max-bytes", metavar="N", help="disk for readings before the oldest are dropped")
    run.add_argument("--journal", metavar="PATH", help="also write everything produced to this text file")
    run.add_argument("--log-format", choices=("json", "console"))
    return parser


def _status(flags: dict[str, Any]) -> int:
    as_json = flags.pop("json", False)
    folder = Settings.load({**flags, "device": "any"}).state_dir
    try:
        found = status.read(folder)
    except status.NoStatusError as error:
        _complain(str(error))
        return 1
    sys.stdout.write((json.dumps(found) if as_json else status.table(found)) + "\n")
    return 0


def _run(flags: dict[str, Any]) -> int:
    settings = Settings.load(flags)
    password = settings.password()
    logs.configure(settings.log_format)
    try:
        settings.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        held = lock.acquire(settings.state_dir)
    except lock.AlreadyRunningError as error:
        _complain(str(error))
        return ALREADY_RUNNING
    except OSError as error:
        _complain(f"the state directory {settings.state_dir} cannot be written: {error.strerror}")
        return BAD_SETTINGS
    with held:
        try:
            asyncio.run(_collect(settings, password))
        except StoreFailure as error:
            _complain(f"the buffer in {settings.state_dir} cannot be used: {error}")
            return BAD_SETTINGS
        except OSError as error:
            _complain(f"{error.filename}: {error.strerror}")
            return BAD_SETTINGS
    return 0


async def _collect(settings: Settings, password: str) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    world = World()
    await Engine(settings, open_bus(settings, password, world), world).run(stop)


def open_bus(settings: Settings, password: str, world: World) -> MqttBus:
    """The real bus of this device, with its last will. Raises BadSettingsError for a url that is none."""
    offline = Status(state="offline", since=world.clock.micros(), version=collector_version(), name=settings.name)
    will = Will(SYSTEM_STATUS, offline, {"kind": "collector", "id": settings.device})
    mqtt = MqttSettings(
        url=settings.mqtt_url,
        username=settings.device,
        password=password,
        client_id=settings.device,
        prefix=settings.mqtt_prefix,
        will=will,
    )
    try:
        return MqttBus(mqtt, clock=world.clock.micros, rng=world.rng)
    except ValueError as error:
        raise BadSettingsError([f"PULSE_MQTT_URL / --mqtt-url: {error}"]) from error


def _complain(*lines: str) -> None:
    sys.stderr.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main())
