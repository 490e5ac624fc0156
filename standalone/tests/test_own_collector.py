"""The first collector is enrolled at the first start, and runs with its own identity."""

import json
from pathlib import Path

import pytest

from pulse_standalone.files import SetupError
from pulse_standalone.settings import Settings
from pulse_standalone.state import State
from pulse_standalone.system import System

AUTH = """
import json, os, pathlib, sys
here = pathlib.Path(__file__).parent
calls = here / "calls"
calls.write_text((calls.read_text() if calls.exists() else "") + json.dumps(sys.argv[1:]) + "\\n")
if (here / "broken").exists():
    sys.exit("no database")
state = (here / "state").read_text() if (here / "state").exists() else "enabled"
print(json.dumps({"collector": sys.argv[3], "state": state, "code": "THE-CODE", "expires_at": None}))
"""
DESKTOP = """
import os, pathlib, sys
here = pathlib.Path(__file__).parent
assert sys.stdin.readline() == "THE-CODE\\n"
assert not any("THE-CODE" in word for word in sys.argv), "in the list of processes"
assert "THE-CODE" not in str(dict(os.environ))
assert os.environ["PULSE_SECRETS"] == "file"
if (here / "broken").exists():
    sys.exit("the code is wrong")
assert sys.argv[1:3] == ["enrol", "--state-dir"], sys.argv
assert sys.argv[4:] == ["http://127.0.0.1:4711", "-"], sys.argv
(pathlib.Path(sys.argv[3]) / "identity.json").write_text("{}")
"""
"""Fakes of the two programs with the same arguments and output."""


SYNC = """
import json, pathlib, sys
here = pathlib.Path(__file__).parent
tries = here / "tries"
tries.write_text((tries.read_text() if tries.exists() else "") + json.dumps(sys.argv[1:]) + "\\n")
if len(tries.read_text().splitlines()) <= int((here / "late").read_text() if (here / "late").exists() else 0):
    sys.exit("no account has this e-mail")
print("{}")
"""


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, source in (("pulse_auth", AUTH), ("pulse_desktop", DESKTOP), ("pulse_sync_publisher", SYNC)):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "__init__.py").write_text("")
        (folder / "__main__.py").write_text(source)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path


def system_of(folder: Path, mqtt_url: str = "") -> System:
    state = State(folder / "run")
    state.prepare_secrets()
    settings = Settings(state_dir=state.folder, root=folder, collector_name="Own machine", mqtt_url=mqtt_url)
    made = System(settings, state)
    for service in ("auth", "sync-publisher"):
        made._service_urls[service] = "postgresql://somebody@127.0.0.1:1/pulse"
    made._ports["auth"] = 4711
    return made


async def test_the_collector_is_enrolled_once_and_the_code_is_in_no_list_of_processes(programs: Path) -> None:
    system = system_of(programs)
    await system.enrol_collector()
    assert system.state.is_collector_enrolled
    await system.enrol_collector()
    (call,) = (programs / "pulse_auth/calls").read_text().splitlines()
    expected = ["enrolment-code", "--device", system.state.device_id(), "--name", "Own machine"]
    assert json.loads(call) == expected


async def test_an_enrolled_collector_gets_no_password_file(programs: Path) -> None:
    system = system_of(programs)
    before = system.collector()
    assert "PULSE_MQTT_PASSWORD_FILE" in vars(before)["_env"]
    await system.enrol_collector()
    env = vars(system.collector())["_env"]
    assert "PULSE_MQTT_PASSWORD_FILE" not in env
    assert (env["PULSE_DEVICE"], env["PULSE_SECRETS"]) == (system.state.device_id(), "file")


@pytest.mark.parametrize(("program", "reason"), [("pulse_auth", "no database"), ("pulse_desktop", "the code is wrong")])
async def test_a_failed_enrolment_says_why_and_is_tried_again_at_the_next_start(
    programs: Path, program: str, reason: str
) -> None:
    system = system_of(programs)
    (programs / program / "broken").touch()
    with pytest.raises(SetupError, match=f"{program} .* failed: {reason}"):
        await system.enrol_collector()
    assert not system.state.is_collector_enrolled
    (programs / program / "broken").unlink()
    await system.enrol_collector()
    assert system.state.is_collector_enrolled


async def test_a_lost_collector_and_the_broker_of_an_operator_are_left_alone(programs: Path) -> None:
    (programs / "pulse_auth/state").write_text("lost")
    system = system_of(programs)
    await system.enrol_collector()
    assert not system.state.is_collector_enrolled
    (programs / "pulse_auth/calls").unlink()
    foreign = system_of(programs, mqtt_url="mqtts://broker.example:8883")
    await foreign.enrol_collector()
    assert not (programs / "pulse_auth/calls").exists()


def tries(programs: Path) -> list[list[str]]:
    file = programs / "pulse_sync_publisher/tries"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


async def test_the_first_administrator_is_allowed_once_at_the_own_collector(programs: Path) -> None:
    system = system_of(programs)
    system.state.admin_file.write_text(json.dumps({"email": "first@example.com", "password": "secret"}))
    await system.allow_first_administrator(print)
    assert tries(programs) == [], "the collector is not enrolled"
    await system.enrol_collector()
    (programs / "pulse_sync_publisher/late").write_text("2")  # events are in flight
    for _ in range(2):
        await system.allow_first_administrator(print)
    words = ["allow", "--email", "first@example.com", "--device", system.state.device_id()]
    assert tries(programs) == [words] * 3


async def test_a_refused_permission_is_said_and_does_not_stop_the_start(
    programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pulse_standalone.system._ALLOW_SECONDS", 0.0)
    system, said = system_of(programs), list[str]()
    system.state.admin_file.write_text(json.dumps({"email": "gone@example.com", "password": "secret"}))
    await system.enrol_collector()
    (programs / "pulse_sync_publisher/late").write_text("9")
    for _ in range(2):
        await system.allow_first_administrator(said.append)
    assert len(said) == 1
    assert "gone@example.com" in said[0]
    assert "no account has this e-mail" in said[0]


async def test_without_a_generated_administrator_nobody_is_allowed(programs: Path) -> None:
    system = system_of(programs)
    await system.enrol_collector()
    await system.allow_first_administrator(print)
    assert tries(programs) == []
