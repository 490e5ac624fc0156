"""As whom child programs run: as the current user; as root, under an unprivileged account, because PostgreSQL refuses
root and nothing else needs it."""

import asyncio
import contextlib
import ctypes
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from pulse_standalone.files import SetupError, open_log, rotate, write_private

_ACCOUNTS = ("precisionpulse", "postgres", "nobody")
"""Tried in this order; initdb needs a passwd entry."""
_PR_SET_PDEATHSIG = 1


def die_with_parent(sig: signal.Signals) -> Callable[[], None] | None:
    """What a child runs before exec so that it gets `sig` when its parent dies (prctl(2); None where there is none)."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)  # loaded before the fork
    parent = os.getpid()

    def ask() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(sig))
        if os.getppid() != parent:  # it died in between, and nobody will tell
            os._exit(1)

    return ask


async def complete(
    *command: str, cwd: str | Path, env: Mapping[str, str], stdin: str = "", account: Mapping[str, object] | None = None
) -> tuple[int, str, str]:
    """Runs a program to its end: exit code, output, complaint. It dies with us, and with the task that waits."""
    process = await asyncio.create_subprocess_exec(
        *command,
        env=env,
        cwd=cwd,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
        preexec_fn=die_with_parent(signal.SIGKILL),
        **(account or {}),  # type: ignore[arg-type]
    )
    try:
        out, err = await process.communicate(stdin.encode())
    except asyncio.CancelledError:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # initdb and apt-get have children of their own
        await process.wait()
        raise
    return process.returncode or 0, out.decode(errors="replace"), err.decode(errors="replace")


class Runner:
    """Starts native programs (PostgreSQL, Mosquitto) and owns their files."""

    def __init__(self, state: Path) -> None:
        self.is_root = os.geteuid() == 0
        self.uid, self.gid = os.geteuid(), os.getegid()
        self.prefix: tuple[str, ...] = ()
        self._as: dict[str, object] = {}
        self.env = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
        if self.is_root:
            self._drop(state)

    def _drop(self, state: Path) -> None:
        for name in _ACCOUNTS:
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            self.uid, self.gid = entry.pw_uid, entry.pw_gid
            self._as = {"user": self.uid, "group": self.gid, "extra_groups": []}
            break
        if self._as and self._reaches(state):
            return
        # A state directory under a closed folder: a user namespace keeps root's right to its files without being root.
        self.uid, self.gid, self._as = 0, 0, {}
        self.prefix = ("unshare", "-U", "--map-user=65534", "--map-group=65534")
        try:
            works = (
                subprocess.run([*self.prefix, "true"], check=False, capture_output=True, env=self.env).returncode == 0
            )
        except OSError:
            works = False
        if not works:
            raise SetupError(
                f"{state} is out of reach for an unprivileged account: set PULSE_STATE_DIR to a folder below /var/lib"
            )

    def _reaches(self, path: Path) -> bool:
        check = subprocess.run(
            ["test", "-x", str(path)],
            check=False,
            env=self.env,
            cwd="/",
            **self._as,  # type: ignore[call-overload]
        )
        return bool(check.returncode == 0)

    def can_execute(self, program: Path) -> bool:
        """Whether the account can run this program here."""
        try:
            check = subprocess.run(
                [*self.prefix, str(program), "--version"],
                check=False,
                env=self.env,
                cwd="/",
                capture_output=True,
                **self._as,  # type: ignore[call-overload]
            )
        except OSError:
            return False
        return bool(check.returncode == 0)

    def make_folder(self, path: Path) -> Path:
        """A 0700 folder of the account."""
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.own(path)
        return path

    def own(self, path: Path) -> None:
        """Gives a file or folder to the account."""
        if self.is_root:
            os.chown(path, self.uid, self.gid)

    def write(self, path: Path, text: str) -> None:
        """Writes a 0600 file of the account, whole or not at all."""
        write_private(path, text, owner=(self.uid, self.gid) if self.is_root else None)

    async def run(self, *command: str | Path) -> str:
        """Runs to the end; returns what it printed. Raises SetupError with the end of its complaint."""
        code, out, err = await complete(*self.prefix, *map(str, command), env=self.env, cwd="/", account=self._as)
        if code:
            raise SetupError(f"{command[0]} failed: {err.strip()[-800:]}")
        return out

    async def start(
        self, *command: str | Path, log: Path, env: Mapping[str, str] | None = None, on_parent_death: signal.Signals
    ) -> asyncio.subprocess.Process:
        """Starts a server whose output goes to `log`; it gets `on_parent_death` when we die."""
        rotate(log)
        with open_log(log) as output:
            return await asyncio.create_subprocess_exec(
                *self.prefix,
                *map(str, command),
                env={**self.env, **(env or {})},
                cwd="/",
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=die_with_parent(on_parent_death),
                **self._as,  # type: ignore[arg-type]
            )
