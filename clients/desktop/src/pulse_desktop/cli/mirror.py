"""`pulse-collector mirror`: shows, checks and repairs the accounts that can sign in without the network."""

import asyncio
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pulse_desktop.cli.opened import opened
from pulse_desktop.cli.terminal import FAILED, OK, complain, moment, say
from pulse_desktop.core.mirror.conflicts import DECISIONS, MEANINGS, Conflict
from pulse_desktop.core.mirror.opening import OpenMirror
from pulse_desktop.core.mirror.sign_in import refusal_of_mirror, span
from pulse_desktop.core.state_directory import lock


@dataclass(frozen=True)
class _Problems:
    texts: list[str]
    records: int


def status(folder: Path, *, as_json: bool) -> int:
    """`mirror status`. Raises NotEnrolledError, IdentityError, StoreFailure."""
    fields = asyncio.run(_status(folder))
    if as_json:
        say(json.dumps(fields))
    else:
        say(*(f"{label:<16}{text}" for label, text in _rows(fields)))
    return OK if not fields["problem"] else FAILED


def show_conflicts(folder: Path, *, as_json: bool) -> int:
    """`mirror conflicts`, newest first. Raises NotEnrolledError, IdentityError, StoreFailure."""
    found = asyncio.run(_conflicts(folder))
    if as_json:
        say(json.dumps([asdict(one) for one in found]))
    elif not found:
        say("no conflicts")
    else:
        for one in found:
            about = " and ".join(filter(None, (one.account, one.other))) or "this collector"
            say(f"{moment(one.at)}  {one.kind}  {about}", f"    {MEANINGS[one.kind]}; {_decided(one)}")
    return OK


def verify(folder: Path, *, as_json: bool) -> int:
    """`mirror verify`: opens every record, and checks the chain of the audit trail. Changes nothing. Raises
    NotEnrolledError, IdentityError, StoreFailure."""
    found = asyncio.run(_verify(folder))
    if as_json:
        say(json.dumps({"records": found.records, "problems": found.texts}))
    else:
        complain(*found.texts) if found.texts else None
        say(f"{found.records:,} records checked, {len(found.texts)} problems")
        if found.texts:
            complain("to load all accounts again: pulse-collector mirror resync")
    return FAILED if found.texts else OK


def resync(folder: Path, *, as_json: bool) -> int:
    """`mirror resync`: the running collector asks for all accounts. Raises NotEnrolledError, IdentityError,
    StoreFailure."""
    if not asyncio.run(_resync(folder)):
        complain("this collector has not run since its enrolment: start it with pulse-collector run")
        return FAILED
    is_running = lock.is_held(folder)
    if as_json:
        say(json.dumps({"requested": True, "running": is_running}))
    elif is_running:
        say("the running collector asks the server for all accounts, as soon as it is connected")
    else:
        say("no collector is running: the next one asks the server for all accounts")
    return OK


async def _status(folder: Path) -> dict[str, Any]:
    async with opened(folder) as mirror:
        now, at = mirror.elapsed.now(), mirror.position
        is_current = at.gen == mirror.identity.gen
        newest, covered = await mirror.trail.newest()
        _, ready, _ = await mirror.store.account_counts()
        return {
            "device": mirror.identity.device,
            "generation": mirror.identity.gen,
            "state": at.state if is_current else "new",
            "problem": _problem(mirror),
            "running": lock.is_held(folder),
            "seq": at.applied,
            "records": at.count,
            "ready": ready,
            "confirmed": at.fresh,
            "confirmed_age": None if at.fresh is None else max(0.0, (now - at.fresh) / 1e6),
            "snapshot_parts": None if at.staging is None else [len(at.staging.parts), at.staging.of],
            "audit_entries": newest,
            "audit_waiting": newest - covered,
            "conflicts": await mirror.conflicts.count(),
        }


def _problem(mirror: OpenMirror) -> str:
    """Why nobody can sign in without the network; empty when the mirror allows it."""
    if mirror.problem is not None and not (mirror.problem.reason == "missing" and mirror.position.gen == 0):
        return str(mirror.problem)
    if mirror.kept is None:
        return "this collector has not run since its enrolment: start it with pulse-collector run"
    refusal = refusal_of_mirror(mirror.kept, mirror.position, is_suspect=mirror.elapsed.is_suspect)
    return "" if refusal is None else str(refusal)


def _rows(fields: dict[str, Any]) -> list[tuple[str, str]]:
    age, parts = fields["confirmed_age"], fields["snapshot_parts"]
    rows = [
        ("device", f"{fields['device']}, generation {fields['generation']}"),
        ("state", fields["state"] + ("" if fields["running"] else " (no collector is running)")),
        ("position", f"{fields['seq']:,}"),
        ("accounts", f"{fields['records']:,}, revoked ones included; {fields['ready']:,} can sign in offline"),
        ("confirmed", "never" if age is None else f"{span(age)} ago ({moment(fields['confirmed'])})"),
        ("audit", f"{fields['audit_entries']:,} entries, {fields['audit_waiting']:,} wait for the server"),
    ]
    if fields["conflicts"]:
        rows.append(("conflicts", f"{fields['conflicts']:,}: see pulse-collector mirror conflicts"))
    if parts is not None:
        rows.append(("loading", f"part {parts[0]:,} of {parts[1]:,}"))
    possible = "possible" if fields["ready"] else "no account has both a verifier and a lease"
    rows.append(("offline sign-in", fields["problem"] or possible))
    return rows


async def _conflicts(folder: Path) -> list[Conflict]:
    async with opened(folder) as mirror:
        return await mirror.conflicts.newest()


def _decided(one: Conflict) -> str:
    if one.kind == "returned_after_lease" and one.before is not None and one.after is not None:
        return f"{DECISIONS[one.decision]} after {span((one.after - one.before) / 1e6)}"
    versions = [f"{n:,}" for n in (one.before, one.after) if n is not None]
    return DECISIONS[one.decision] + (f" (versions: {' and '.join(versions)})" if versions else "")


async def _verify(folder: Path) -> _Problems:
    async with opened(folder) as mirror:
        problems = [str(mirror.problem)] if mirror.problem is not None else await mirror.store.problems()
        problems += await mirror.trail.problems()
        kept = mirror.kept
        if kept is not None and mirror.position.applied < kept.max_seq:
            problems.append(f"the database is at position {mirror.position.applied}, the keystore at {kept.max_seq}")
        return _Problems(problems, mirror.position.count)


async def _resync(folder: Path) -> bool:
    async with opened(folder) as mirror, mirror.database.transaction() as rows:
        return await rows.run("UPDATE position SET is_resync_requested = 1") > 0
