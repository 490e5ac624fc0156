"""Mosquitto is fetched once for concurrent callers, and completely or not at all."""

import asyncio
import platform
from pathlib import Path

import pytest

from pulse_standalone import mosquitto
from pulse_standalone.files import SetupError

LIBRARY = f"usr/lib/{platform.machine()}-linux-gnu"
APT = """#!/bin/sh
for word; do last=$word; done
echo "$last" >> "$ASKED"
case "$*" in
  *" -s "*) echo "Inst mosquitto (2.0)" ;;
  *" download "*) touch mosquitto.deb ;;
esac
"""
DPKG = f"""#!/bin/sh
mkdir -p "$3/usr/sbin" "$3/{LIBRARY}"
touch "$3/usr/sbin/mosquitto" "$3/{LIBRARY}/mosquitto_dynamic_security.so"
exit $DPKG_SAYS
"""


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without Mosquitto and with fake apt-get and dpkg-deb. Returns the file with their arguments."""
    for name, text in (("apt-get", APT), ("dpkg-deb", DPKG)):
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(text)
        program.chmod(0o755)
    calls = tmp_path / "asked"
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("ASKED", str(calls))
    monkeypatch.setenv("DPKG_SAYS", "0")
    found = mosquitto.find

    def below(tools: Path) -> mosquitto.Program | None:
        program = found(tools)
        return program if program and program.executable.is_relative_to(tools) else None

    monkeypatch.setattr(mosquitto, "find", below)
    return calls


async def test_concurrent_callers_fetch_it_once(tmp_path: Path, asked: Path) -> None:
    programs = await asyncio.gather(*(mosquitto.fetch(tmp_path / "tools") for _ in range(4)))
    assert len({program.executable for program in programs}) == 1
    assert programs[0].executable.exists()
    assert asked.read_text().split() == ["update", "mosquitto", "mosquitto"]


async def test_a_partly_unpacked_program_is_not_used_and_fetched_again(
    tmp_path: Path, asked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DPKG_SAYS", "1")
    with pytest.raises(SetupError, match="could not be unpacked"):
        await mosquitto.fetch(tmp_path / "tools")
    assert mosquitto.find(tmp_path / "tools") is None
    monkeypatch.setenv("DPKG_SAYS", "0")
    assert (await mosquitto.fetch(tmp_path / "tools")).executable.exists()
