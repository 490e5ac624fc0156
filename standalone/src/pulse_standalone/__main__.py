"""`pulse`, or `python -m pulse_standalone`: runs the whole system on one machine, and the commands of its services. The
Makefile calls it."""

import argparse
import asyncio
import json
import logging
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import NoReturn

import structlog

from pulse_bus.dynsec import dynamic_security
from pulse_standalone import tools, web
from pulse_standalone.files import SetupError
from pulse_standalone.log_view import follow
from pulse_standalone.servers import ServerOptions, serve
from pulse_standalone.settings import BadSettingsError, Settings, StateSettings
from pulse_standalone.state import State
from pulse_standalone.supervisor import Supervisor
from pulse_standalone.system import System
from pulse_standalone.terminal import Screen

_STOP_SECONDS = 20


def main() -> int:
    """Returns the exit code: 0 success, 1 failure (one line on standard error), 2 bad settings (one line each)."""
    words = sys.argv[1:]
    is_tool = words[:1] == ["psql"] or (bool(words) and words[0] in tools.COMMANDS)  # their arguments are their own
    arguments = None if is_tool else _parser().parse_args()
    if not structlog.is_configured():  # otherwise events go to standard output, which belongs to the commands
        structlog.configure(
            wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
            logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        )
    if arguments is None or arguments.command not in {"run", "servers"}:  # a closed socket must not stop these two
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `make status | head` ends quietly
    try:
        if arguments is None:
            _run_tool(words)
        return _COMMANDS[arguments.command](arguments)
    except BadSettingsError as error:
        print(error, file=sys.stderr)
        return 2
    except SetupError as error:
        print(f"pulse: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pulse",
        description="Runs the whole of PrecisionPulse on one machine.",
        epilog=f"{tools.summary()}\n\n"
        "Settings are environment variables, for example PULSE_PORT (8080) and PULSE_STATE_DIR (.pulse).",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, summary in (
        ("run", "start the system in the foreground"),
        ("stop", "stop the system of this state directory"),
        ("status", "print the status of every process as JSON"),
        ("rules", "print accounts and access rules for your own broker (MQTT_URL)"),
        ("psql", "open psql as the superuser of the embedded database; all arguments are psql's own"),
        ("build-web", "build the web client if it changed"),
    ):
        commands.add_parser(name, help=summary)
    logs = commands.add_parser("logs", help="follow the logs")
    logs.add_argument("name", nargs="*", help="only these processes")
    logs.add_argument("--json", action="store_true", help="print the lines as they are in the files")
    reset = commands.add_parser("reset", help="delete the state directory with every reading, account and secret")
    reset.add_argument("--yes", action="store_true", help="do not ask")
    servers = commands.add_parser("servers", help="start PostgreSQL and the broker alone, for tests")
    servers.add_argument("--state-dir", type=Path, required=True)
    servers.add_argument("--tools-dir", type=Path, default=Path(".tools"))
    servers.add_argument(
        "--device", action="append", default=[], help="create a broker account for this device (repeatable)"
    )
    servers.add_argument("--throwaway", action="store_true", help="start fast, not durable servers")
    return parser


def _run_tool(words: list[str]) -> NoReturn:
    """Runs a command of a service, or psql, in place of this process."""
    state = State(StateSettings.load().state_dir)
    if words[0] == "psql":
        tools.run_psql(state, words[1:])
    tools.run_command(state, words[0], words[1:])


def _servers(arguments: argparse.Namespace) -> int:
    folder, tools = arguments.state_dir.resolve(), arguments.tools_dir.resolve()
    asyncio.run(serve(ServerOptions(folder, tools, tuple(arguments.device), arguments.throwaway)))
    return 0


def _build_web(_: argparse.Namespace) -> int:
    web.build(StateSettings.load().root)
    return 0


def _run(_: argparse.Namespace) -> int:
    settings = Settings.load()
    state = State(settings.state_dir)
    with state.owned(), Screen() as screen:
        asyncio.run(Supervisor(settings, state, screen).run())
    return 0


def _stop(_: argparse.Namespace) -> int:
    state = State(StateSettings.load().state_dir)
    pid = state.owner()
    if pid is None:
        print("the system is not running")
        return 0
    os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + _STOP_SECONDS
    while state.owner() is not None:
        if time.monotonic() > end:
            raise SetupError(f"pid {pid} did not stop within {_STOP_SECONDS} s: kill {pid}")
        time.sleep(0.05)
    print("stopped")
    return 0


def _status(_: argparse.Namespace) -> int:
    status = State(StateSettings.load().state_dir).status()
    print(json.dumps(status, indent=2))
    return 0 if status["running"] else 1


def _logs(arguments: argparse.Namespace) -> int:
    state = State(StateSettings.load().state_dir)
    files = [state.log_to_follow(name) for name in arguments.name] or sorted((state.folder / "logs").glob("*.log"))
    missing = [file for file in files if not file.exists()]
    if missing or not files:
        raise SetupError(f"there is no log {missing[0] if missing else f'in {state.folder}'}: run `make run` first")
    try:
        return follow(files, is_raw=arguments.json)
    except KeyboardInterrupt:
        return 0


def _reset(arguments: argparse.Namespace) -> int:
    folder = StateSettings.load().state_dir.resolve()
    if not folder.exists():
        print(f"nothing to delete: {folder} does not exist")
        return 0
    if not (folder / "secrets").is_dir():
        raise SetupError(f"{folder} does not look like a state directory: nothing deleted")
    pid = State(folder).owner()
    if pid is not None:
        raise SetupError(f"the system is running (pid {pid}): run `make stop` first")
    if not arguments.yes:
        print(f"This deletes every reading, account and secret in {folder}.")
        try:
            answer = input("Type yes to continue: ")
        except EOFError:
            answer = ""
        if answer.strip() != "yes":
            print("nothing deleted")
            return 1
    shutil.rmtree(folder)
    print("deleted")
    return 0


def _rules(_: argparse.Namespace) -> int:
    settings = Settings.load()
    state = State(settings.state_dir)
    state.prepare_secrets()
    accounts = System(settings, state).accounts()
    print(json.dumps(dynamic_security(accounts.admin, accounts.all()), indent=2))
    return 0


_COMMANDS = {
    "run": _run,
    "stop": _stop,
    "status": _status,
    "logs": _logs,
    "reset": _reset,
    "rules": _rules,
    "build-web": _build_web,
    "servers": _servers,
}


if __name__ == "__main__":
    sys.exit(main())
