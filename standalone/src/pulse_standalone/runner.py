"""Starts native programs. As root, they run as an unprivileged user, because PostgreSQL refuses to run as root."""

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
"""The users to try, in this order. initdb needs an entry in passwd."""
_PR_SET_PDEATHSIG = 1


def die_with_parent(sig: signal.Signals) -> Callable[[], None] | None:
    """A function for a child process to call before exec: it gets `sig` when its parent dies. None except on Linux."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)  # loaded before the fork
    parent = os.getpid()

    def ask() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(sig))
        if os.getppid() != parent:  # the parent died before prctl: there will be no signal
            os._exit(1)

    return ask


async def complete(
    *command: str, cwd: str | Path, env: Mapping[str, str], stdin: str = "", account: Mapping[str, object] | None = None
) -> tuple[int, str, str]:
    """Runs a program to its end; returns exit code, output and error output. Kills it when this task is cancelled."""
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
            os.killpg(process.pid, signal.SIGKILL)  # initdb and apt-get have child processes
        await process.wait()
        raise
    return process.returncode or 0, out.decode(errors="replace"), err.decode(errors="replace")


class Runner:
    """Runs native programs (PostgreSQL, Mosquitto) as one user, and gives their files to this user."""

    def __init__(self, state: Path) -> None:
        self.is_root = os.geteuid() == 0
        self.uid, self.gid = os.geteuid(), os.getegid()
        self.prefix: tuple[str, ...] = ()
        self._account: dict[str, object] = {}
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
            self._account = {"user": self.uid, "group": self.gid, "extra_groups": []}
            break
        if self._account and self._reaches(state):
            return
        # The state directory is inside a private folder. In a user namespace, root can access it without being root.
        self.uid, self.gid, self._account = 0, 0, {}
        self.prefix = ("unshare", "-U", "--map-user=65534", "--map-group=65534")
        try:
            works = (
                subprocess.run([*self.prefix, "true"], check=False, capture_output=True, env=self.env).returncode == 0
            )
        except OSError:
            works = False
        if not works:
            raise SetupError(
                f"an unprivileged user cannot access {state}: set PULSE_STATE_DIR to a folder below /var/lib"
            )

    def _reaches(self, path: Path) -> bool:
        check = subprocess.run(
            ["test", "-x", str(path)],
            check=False,
            env=self.env,
            cwd="/",
            **self._account,  # type: ignore[call-overload]
        )
        return bool(check.returncode == 0)

    def can_execute(self, program: Path) -> bool:
        """Whether the user can run this program."""
        try:
            check = subprocess.run(
                [*self.prefix, str(program), "--version"],
                check=False,
                env=self.env,
                cwd="/",
                capture_output=True,
                **self._account,  # type: ignore[call-overload]
            )
        except OSError:
            return False
        return bool(check.returncode == 0)

    def make_folder(self, path: Path) -> Path:
        """Creates a folder of the user with mode 0700."""
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.own(path)
        return path

    def own(self, path: Path) -> None:
        """Changes the owner of a file or folder to the user."""
        if self.is_root:
            os.chown(path, self.uid, self.gid)

    def write(self, path: Path, text: str) -> None:
        """Writes a file of the user with mode 0600 atomically."""
        write_private(path, text, owner=(self.uid, self.gid) if self.is_root else None)

    async def run(self, *command: str | Path) -> str:
        """Runs a program to its end; returns its output. Raises SetupError with the end of its error output."""
        code, out, err = await complete(*self.prefix, *map(str, command), env=self.env, cwd="/", account=self._account)
        if code:
            raise SetupError(f"{command[0]} failed: {err.strip()[-800:]}")
        return out

    async def start(
        self, *command: str | Path, log: Path, env: Mapping[str, str] | None = None, on_parent_death: signal.Signals
    ) -> asyncio.subprocess.Process:
        """Starts a server with its output in `log`. It gets the signal `on_parent_death` when this process dies."""
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
                **self._account,  # type: ignore[arg-type]
            )
