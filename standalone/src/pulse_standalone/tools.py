"""`pulse SERVICE COMMAND` and `pulse psql`: programs that use the database and the secrets of this state directory."""

import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import NoReturn

from pulse_standalone.environment import child_environment
from pulse_standalone.files import SetupError, explain
from pulse_standalone.postgres import find_binaries
from pulse_standalone.runner import Runner
from pulse_standalone.state import State

_COMMON = ("migrate", "openapi", "verify-audit")
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "auth": (*_COMMON, "adopt-collector", "enrolment-code", "renew-keys", "reset-second-factor"),
    "users": (*_COMMON, "activate", "create-admin", "deactivate", "set-password"),
    "telemetry-gateway": (*_COMMON, "close-lost", "compact", "export", "retention", "verify"),
    "sync-publisher": (*_COMMON, "allow", "list-rules"),
}
"""The commands of each service, without `serve`, which `make run` starts. A test compares them with the services."""
_WITHOUT_DATABASE = frozenset({"openapi", "--help", "-h"})


def summary() -> str:
    """The services and their commands, for the help text."""
    lines = [f"  {service:<18} {', '.join(names)}" for service, names in COMMANDS.items()]
    return "\n".join(("commands of the services (pulse SERVICE COMMAND --help explains them):", *lines))


def run_command(state: State, service: str, words: Sequence[str]) -> NoReturn:
    """Replaces this process by the command of the service. Raises SetupError."""
    if words[:1] == ["serve"]:
        raise SetupError(f"`make run` starts {service}: choose another command of it, see pulse {service} --help")
    needs_database = bool(words) and _WITHOUT_DATABASE.isdisjoint(words)
    own = _settings(state, service) if needs_database else {}
    module = f"pulse_{service.replace('-', '_')}"
    # -P: a folder in the current directory must not be imported instead of the service
    os.execve(sys.executable, [sys.executable, "-P", "-m", module, *words], child_environment(own))  # noqa: S606


def run_psql(state: State, words: Sequence[str]) -> NoReturn:
    """Replaces this process by psql, as the superuser of the embedded database. Raises SetupError."""
    if os.environ.get("DATABASE_URL"):
        raise SetupError('DATABASE_URL selects your own PostgreSQL: run psql "$DATABASE_URL"')
    port = _postgres_port(state)
    try:
        password = (state.folder / "postgres/password").read_text().strip()
    except OSError as error:
        raise explain(error, state.folder) from error
    beside = find_binaries(Runner(state.folder), state.folder) / "psql"
    psql = str(beside) if beside.exists() else shutil.which("psql")
    if psql is None:
        raise SetupError("psql was not found: install PostgreSQL's client programs")
    own = {"PGHOST": "127.0.0.1", "PGPORT": str(port), "PGUSER": "pulse", "PGDATABASE": "pulse"}
    os.execve(psql, [psql, *words], os.environ | own | {"PGPASSWORD": password})  # noqa: S606


def _settings(state: State, service: str) -> Mapping[str, str]:
    """The settings that the service itself has. Raises SetupError when its database is not running."""
    try:
        found = json.loads(state.service_settings_file.read_text())
        settings, is_embedded = found["services"][service], bool(found["embedded_database"])
        named = {str(name): str(value) for name, value in settings.items()}
    except FileNotFoundError:
        if state.owner() is not None:
            raise SetupError("the system is still starting: try again when it is ready") from None
        raise SetupError(
            f"no system has run with the state directory {state.folder}: start it with `make run`"
        ) from None
    except OSError as error:
        raise explain(error, state.folder) from error
    except (ValueError, KeyError, AttributeError) as error:
        raise SetupError(
            f"{state.service_settings_file} is damaged: `make stop` and `make run` write it again"
        ) from error
    if is_embedded:
        _postgres_port(state)
    return named


def _postgres_port(state: State) -> int:
    """The port of the embedded database. Raises SetupError when it is not running."""
    if state.owner() is None:
        raise SetupError("the database is not running: start the system with `make run`")
    for process in state.status()["processes"]:
        if process["name"] == "postgres" and process["port"] and process["ready"]:
            return int(process["port"])
    raise SetupError("the database is not ready: see `make status`")
