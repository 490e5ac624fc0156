"""`python -m pulse_standalone`: the whole system on one machine. The Makefile's targets call these commands."""

import argparse
import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from pulse_bus.dynsec import dynamic_security
from pulse_standalone import web
from pulse_standalone.files import SetupError
from pulse_standalone.servers import ServersWanted, serve
from pulse_standalone.state import State
from pulse_standalone.supervisor import Supervisor
from pulse_standalone.system import Options, System
from pulse_standalone.terminal import Screen

_STOP_SECONDS = 20


def main() -> int:
    """Returns the exit code: 0 done, 1 the machine lacks something or nothing runs (said in one line)."""
    given = _parser().parse_args()
    if given.command not in {"run", "servers"}:  # to those, a socket that a server closed must not be the end
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `make status | head` ends quietly
    try:
        if given.command == "servers":
            folder, tools = given.state_dir.resolve(), given.tools_dir.resolve()
            asyncio.run(serve(ServersWanted(folder, tools, tuple(given.device), given.throwaway)))
            return 0
        options = Options.from_environment(has_port=given.command == "run")
        if given.command == "build-web":
            web.build(options.root)
            return 0
        return _COMMANDS[given.command](options, given)
    except SetupError as error:
        print(f"pulse: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pulse",
        description="The whole of PrecisionPulse on one machine.",
        epilog="PULSE_PORT (8080), PULSE_STATE_DIR (.pulse), DATABASE_URL and MQTT_URL choose what is not the default.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, summary in (
        ("run", "start everything and stay in the foreground"),
        ("stop", "stop what runs in this state directory"),
        ("status", "print what runs, as JSON"),
        ("rules", "print accounts and access rules for a broker of your own (MQTT_URL)"),
        ("build-web", "build the web client if it changed"),
    ):
        commands.add_parser(name, help=summary)
    logs = commands.add_parser("logs", help="follow the logs")
    logs.add_argument("name", nargs="*", help="only these processes")
    reset = commands.add_parser("reset", help="delete the state directory: every reading, account and secret")
    reset.add_argument("--yes", action="store_true", help="do not ask")
    servers = commands.add_parser("servers", help="PostgreSQL and the broker alone, for tests")
    servers.add_argument("--state-dir", type=Path, required=True)
    servers.add_argument("--tools-dir", type=Path, default=Path(".tools"))
    servers.add_argument("--device", action="append", default=[], help="a broker account for this device (repeatable)")
    servers.add_argument("--throwaway", action="store_true", help="fast and not durable")
    return parser


def _run(options: Options, _: argparse.Namespace) -> int:
    state = State(options.state_dir)
    with state.owned(), Screen() as screen:
        asyncio.run(Supervisor(options, state, screen).run())
    return 0


def _stop(options: Options, _: argparse.Namespace) -> int:
    pid = State(options.state_dir).owner()
    if pid is None:
        print("nothing runs here")
        return 0
    os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + _STOP_SECONDS
    while State(options.state_dir).owner() is not None:
        if time.monotonic() > end:
            raise SetupError(f"pid {pid} did not stop within {_STOP_SECONDS} s: kill {pid}")
        time.sleep(0.05)
    print("stopped")
    return 0


def _status(options: Options, _: argparse.Namespace) -> int:
    status = State(options.state_dir).status()
    print(json.dumps(status, indent=2))
    return 0 if status["running"] else 1


def _logs(options: Options, given: argparse.Namespace) -> int:
    state = State(options.state_dir)
    files = [state.log(name) for name in given.name] or sorted((state.folder / "logs").glob("*.log"))
    missing = [file for file in files if not file.exists()]
    if missing or not files:
        raise SetupError(f"no log {missing[0] if missing else f'in {state.folder}'}: make run first")
    try:
        return subprocess.run(["tail", "-n", "20", "-F", *files], check=False).returncode
    except KeyboardInterrupt:
        return 0


def _reset(options: Options, given: argparse.Namespace) -> int:
    folder = options.state_dir.resolve()
    if not folder.exists():
        print(f"nothing to delete: {folder} does not exist")
        return 0
    if not (folder / "secrets").is_dir():
        raise SetupError(f"{folder} does not look like a state directory: nothing deleted")
    pid = State(folder).owner()
    if pid is not None:
        raise SetupError(f"it still runs (pid {pid}): make stop first")
    if not given.yes:
        print(f"This deletes every reading, account and secret in {folder}.")
        try:
            answer = input("Type yes to go on: ")
        except EOFError:
            answer = ""
        if answer.strip() != "yes":
            print("nothing deleted")
            return 1
    shutil.rmtree(folder)
    print("deleted")
    return 0


def _rules(options: Options, _: argparse.Namespace) -> int:
    state = State(options.state_dir)
    state.prepare_secrets()
    accounts = System(options, state).accounts()
    print(json.dumps(dynamic_security(accounts.admin, accounts.all()), indent=2))
    return 0


_COMMANDS = {"run": _run, "stop": _stop, "status": _status, "logs": _logs, "reset": _reset, "rules": _rules}


if __name__ == "__main__":
    sys.exit(main())
