"""The first administrator's password: stored on disk before the account exists, and shown once."""

import json
from pathlib import Path

import pytest

from pulse_standalone.files import SetupError
from pulse_standalone.settings import Settings
from pulse_standalone.state import State
from pulse_standalone.system import System

USERS = """
import json, pathlib, sys
here = pathlib.Path(__file__).parent
assert sys.argv[1:3] == ["create-admin", "--email"], sys.argv
assert {"--password-stdin", "--if-missing"} <= set(sys.argv)
password = sys.stdin.readline().strip()
written = json.loads(next(here.parent.glob("*/admin.json")).read_text())
assert written == {"email": sys.argv[3], "password": password}, "not on the disk before the account"
if (here / "made").exists():
    print("{}")
elif (here / "broken").exists():
    sys.exit("no database")
else:
    (here / "made").write_text(password)
    if (here / "killed").exists():
        sys.exit("killed after the commit")
    print(json.dumps({"email": sys.argv[3]}))
"""
"""A fake of `python -m pulse_users` with the same arguments and output. A file represents the account."""


@pytest.fixture
def users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "pulse_users"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "__main__.py").write_text(USERS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return folder


@pytest.fixture
def system(tmp_path: Path) -> System:
    state = State(tmp_path / "state")
    state.prepare_secrets()
    settings = Settings(state_dir=state.folder, root=tmp_path, admin_email="first@example.com")
    made = System(settings, state)
    made._service_urls["users"] = "postgresql://pulse_users@127.0.0.1:1/pulse"
    return made


async def test_the_password_is_shown_once_and_only_the_owner_can_read_it(system: System, users: Path) -> None:
    made = await system.first_administrator(print)
    assert made == {"email": "first@example.com", "password": (users / "made").read_text()}
    assert json.loads(system.state.admin_file.read_text()) == made
    assert system.state.admin_file.stat().st_mode & 0o077 == 0
    assert await system.first_administrator(print) is None


@pytest.mark.parametrize("how", ["broken", "killed"])
async def test_an_interrupted_start_does_not_lose_the_password(system: System, users: Path, how: str) -> None:
    (users / how).touch()
    with pytest.raises(SetupError, match="the first administrator could not be created"):
        await system.first_administrator(print)
    (users / how).unlink()
    made = await system.first_administrator(print)
    assert made is not None
    assert made["password"] == (users / "made").read_text()
    assert await system.first_administrator(print) is None


async def test_an_existing_administrator_gets_no_file_with_a_wrong_password(system: System, users: Path) -> None:
    (users / "made").write_text("somebody's own")
    said: list[str] = []
    assert await system.first_administrator(said.append) is None
    assert not system.state.admin_file.exists()
    assert len(said) == 1
    assert said[0].endswith(".venv/bin/pulse users create-admin --email you@example.com")
