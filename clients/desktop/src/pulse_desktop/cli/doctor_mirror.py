"""The checks of `pulse-collector doctor` for the accounts that may sign in without the network."""

import os
import stat
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from pulse_desktop.cli.finding import Finding
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.identity.enrolled import Enrolled, open_identity
from pulse_desktop.core.identity.model import PLACES, Identity, IdentityError
from pulse_desktop.core.identity.vault import MIRROR
from pulse_desktop.core.mirror.database import FILE
from pulse_desktop.core.mirror.opening import OpenMirror, open_for_command
from pulse_desktop.core.mirror.sign_in import refusal_of_mirror, span
from pulse_desktop.core.model import StoreFailure

_LATE = 300.0
"""Seconds without a confirmation after which a connected collector has a problem."""
_TODO = {
    "wiped": "pulse-collector enrol URL CODE --replace, with a new code",
    "rolled_back": "connect this collector to the network: the server confirms or replaces its accounts",
    "never_synchronised": "connect this collector to the network, and ask an administrator to allow accounts here",
    "clock_suspect": "set the clock of this machine, or connect this collector: the server confirms its clock",
}


async def findings(folder: Path) -> list[Finding]:
    """The findings about keystore, database, state and accounts; none without an enrolment."""
    enrolled = open_identity(folder)
    try:
        identity = enrolled.read()
    except IdentityError:  # reported as `credentials`
        return []
    return [] if identity is None else [one async for one in _findings(enrolled, identity)]


async def _findings(enrolled: Enrolled, identity: Identity) -> AsyncIterator[Finding]:
    file = enrolled.folder / FILE
    if not file.exists():
        yield Finding("mirror", "WARN", "this collector has not run since its enrolment", "pulse-collector run")
        return
    try:
        mirror = await open_for_command(enrolled, identity, Clock())
    except StoreFailure as failure:
        yield Finding("state.db", "FAIL", f"{file}: {failure}", _database_remedy(failure, file))
        return
    try:
        is_first = mirror.position.gen != identity.gen
        yield Finding("state.db", "OK", f"{file} is readable and intact")
        for one in _keystore(mirror, enrolled, is_first=is_first):
            yield one
        if is_first:
            text = "no collector has run since the enrolment: no accounts"
            yield Finding("mirror", "WARN", text, "pulse-collector run")
            return
        longest = await mirror.store.longest_lease()
        for one in (_state(mirror), _confirmed(mirror, longest)):
            yield one
        yield await _accounts(mirror)
        if count := await mirror.conflicts.count():
            text = f"{count:,} conflicts with the server"
            yield Finding("conflicts", "WARN", text, "pulse-collector mirror conflicts")
    except StoreFailure as failure:
        yield Finding("state.db", "FAIL", f"{file}: {failure}", _database_remedy(failure, file))
    finally:
        await mirror.close()


def _database_remedy(failure: StoreFailure, file: Path) -> str:
    if failure.kind == "corrupt":
        return "restart the collector: it replaces the file, and the server sends every account again"
    if failure.kind == "full":
        return "free disk space"
    if "newer version" in str(failure):
        return "update this collector"
    return f"check that uid {os.geteuid()} may read and write {file}, and that the disk works"


def _keystore(mirror: OpenMirror, enrolled: Enrolled, *, is_first: bool) -> Iterator[Finding]:
    name, place = "keystore", PLACES[mirror.identity.place]
    if mirror.problem is not None:
        if is_first and mirror.problem.reason == "missing":
            return
        text, _, todo = str(mirror.problem).rpartition(": ")
        yield Finding(name, "FAIL", text, todo)
        return
    owner = enrolled.folder.stat().st_uid
    for file in (enrolled.folder / MIRROR.plain, enrolled.folder / MIRROR.sealed):
        if not file.exists():
            continue
        found = file.stat()
        if found.st_uid != owner:
            text = f"{file} belongs to uid {found.st_uid}, but its folder to uid {owner}"
            yield Finding(name, "FAIL", text, f"chown {owner} {file}")
            return
        if stat.S_IMODE(found.st_mode) & 0o077:
            yield Finding(name, "WARN", f"other users can read {file}", f"chmod 600 {file}")
            return
    yield Finding(name, "OK", f"the mirror's keys are readable in {place}")


def _state(mirror: OpenMirror) -> Finding:
    name, at = "mirror", mirror.position
    if mirror.kept is None:
        text = "nobody can sign in without the network, because the keystore cannot be used"
        return Finding(name, "FAIL", text, "see keystore")
    refusal = refusal_of_mirror(mirror.kept, at, is_suspect=mirror.elapsed.is_suspect)
    if refusal is not None:
        text, todo = str(refusal).partition(":")[0], _TODO.get(refusal.code, "")
        return Finding(name, "WARN" if refusal.code == "never_synchronised" else "FAIL", text, todo)
    if at.state == "resync":
        todo = "keep this collector connected. If it lasts for minutes: pulse-collector mirror resync"
        return Finding(name, "WARN", "resync: some changes of accounts are missing", todo)
    return Finding(name, "OK", f"{at.state}, position {at.applied:,}")


def _confirmed(mirror: OpenMirror, longest: int | None) -> Finding:
    name, fresh = "heartbeat", mirror.position.fresh
    todo = "connect this collector to the network; check broker and delivery"
    if fresh is None:
        return Finding(name, "WARN", "the server has never confirmed the accounts", todo)
    age = max(0.0, (mirror.elapsed.now() - fresh) / 1e6)
    text = f"the server confirmed the accounts {span(age)} ago"
    if not longest:
        return Finding(name, "OK" if age <= _LATE else "WARN", f"{text}; no account has a lease", "")
    left = longest - age
    if left <= 0:
        return Finding(name, "FAIL", f"{text}; offline sign-in ended {span(-left)} ago", todo)
    text += f"; offline sign-in ends in {span(left)}"
    return Finding(name, "OK", text) if age <= _LATE else Finding(name, "WARN", text, todo)


async def _accounts(mirror: OpenMirror) -> Finding:
    live, ready, revoked = await mirror.store.account_counts()
    text = f"{ready:,} accounts can sign in without the network, {live - ready:,} cannot, {revoked:,} are revoked"
    if live == 0:
        return Finding("accounts", "WARN", "no account may sign in here", "ask an administrator to allow accounts")
    if ready == 0:
        todo = (
            "an account needs a verifier (its owner signs in at the server once) and a lease (an administrator sets it)"
        )
        return Finding("accounts", "WARN", text, todo)
    return Finding("accounts", "OK", text)
