"""The first administrator's password: on the disk before it counts, shown once, never a wrong one."""

import json
from pathlib import Path

import pytest

from pulse_standalone.files import SetupError
from pulse_standalone.state import State
from pulse_standalone.system import Options, System

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
"""What stands in for `python -m pulse_users`: the same arguments and answers, and a file for the account."""


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
    made = System(Options(state.folder, tmp_path, tmp_path, 8080, (), True, "first@example.com"), state)
    made._service_urls["users"] = "postgresql://pulse_users@127.0.0.1:1/pulse"
    return made


async def test_the_password_is_shown_once_and_kept_for_the_owner_alone(system: System, users: Path) -> None:
    made = await system.first_administrator(print)
    assert made == {"email": "first@example.com", "password": (users / "made").read_text()}
    assert json.loads(system.state.admin_file.read_text()) == made
    assert system.state.admin_file.stat().st_mode & 0o077 == 0
    assert await system.first_administrator(print) is None


@pytest.mark.parametrize("how", ["broken", "killed"])
async def test_a_start_that_breaks_off_loses_no_password(system: System, users: Path, how: str) -> None:
    (users / how).touch()
    with pytest.raises(SetupError, match="no administrator could be made"):
        await system.first_administrator(print)
    (users / how).unlink()
    made = await system.first_administrator(print)
    assert made is not None
    assert made["password"] == (users / "made").read_text()
    assert await system.first_administrator(print) is None


async def test_an_administrator_made_elsewhere_gets_no_wrong_file(system: System, users: Path) -> None:
    (users / "made").write_text("somebody's own")
    said: list[str] = []
    assert await system.first_administrator(said.append) is None
    assert not system.state.admin_file.exists()
    assert len(said) == 1
    assert f"PULSE_SECRETS_DIR={system.state.folder}/secrets/users" in said[0]
    assert said[0].endswith("-m pulse_users create-admin --email you@example.com")
