"""The judge of the mirror's campaign. It reads PostgreSQL and each collector's `state.db` itself, and computes digests,
record hashes and entitlement with its own code: from the accounts at users to the rows at a collector."""

import hashlib
import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg

from tests.resilience.mirror_world import Device, MirrorWorld

_LEASES: Final = {"user": 259_200, "admin": 0}
Held = tuple[str, int, str, str]
"""Account, version, state, and hash of a record."""


@dataclass
class Book:
    """What the administrator knows. `acknowledged`: revocations by collector that this collector has acknowledged and
    that nobody has lifted. `passwords`: the newest confirmed password of accounts that got a new one."""

    acknowledged: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    emails: dict[str, str] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)


def differences(world: MirrorWorld, book: Book) -> list[str]:
    """Why the mirrors do not agree with the accounts; empty when they do. Raises nothing for a database that does not
    answer: that is a difference."""
    try:
        return _positions(world) or differing_sets(world, book)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
        return [f"PostgreSQL does not answer: {error!r}"]
    except sqlite3.Error as error:
        return [f"a state.db cannot be read: {error!r}"]


def _positions(world: MirrorWorld) -> list[str]:
    rows = world.fetch("SELECT device, seq, acked, state FROM sync.collector")
    known = {row["device"]: row for row in rows}
    found: list[str] = []
    for device in world.devices:
        row, applied, state = known.get(device.name), *_position(device)
        if row is None:
            found.append(f"{device.name} is unknown to sync-publisher")
        elif not row["seq"] == row["acked"] == applied:
            found.append(f"{device.name} is at {applied}, sync-publisher at {row['seq']}, acknowledged {row['acked']}")
        elif state != "synced":
            found.append(f"{device.name} is {state}")
    (waiting,) = world.fetch("SELECT (SELECT count(*) FROM users.outbox) + (SELECT count(*) FROM auth.outbox) AS n")
    if waiting["n"]:
        found.append(f"{waiting['n']} events wait in an outbox")
    return found


def differing_sets(world: MirrorWorld, book: Book) -> list[str]:
    """Why the collectors do not hold what accounts and rules demand, also while messages are on their way."""
    accounts = {str(row["id"]): row for row in world.fetch("SELECT * FROM users.account")}
    rules = world.fetch("SELECT subject, place, is_allowed FROM sync.rule")
    logs: dict[str, list[Held]] = defaultdict(list)
    for row in world.fetch("SELECT device, account, ver, state, encode(hash, 'hex') AS hash FROM sync.entry"):
        logs[row["device"]].append((str(row["account"]), row["ver"], row["state"], row["hash"]))
    found: list[str] = []
    hashes: dict[tuple[str, int, int], str] = {}
    for device in world.devices:
        rows = records(device)
        if digest(logs[device.name]) != digest(row[:4] for row in rows):
            found.append(f"{device.name} has another digest than sync-publisher")
        mine = {row[0]: row for row in rows if row[2] == "live"}
        entitled = _entitled(accounts, rules, device.name)
        found += [f"{device.name} lacks account {one}" for one in entitled - mine.keys()]
        found += [f"{device.name} has account {one} without a right to it" for one in mine.keys() - entitled]
        for id_ in entitled & mine.keys():
            key = (id_, mine[id_][1], accounts[id_]["version"])
            if key not in hashes:
                hashes[key] = _hash(accounts[id_], mine[id_][1])
            if hashes[key] != mine[id_][3]:
                found.append(f"{device.name} has other data of account {id_} than users")
    return found + risen(world, book)


def risen(world: MirrorWorld, book: Book) -> list[str]:
    """Revocations that a collector acknowledged and has as live again, and tombstones with content. Never allowed."""
    found: list[str] = []
    for device in world.devices:
        for id_, _, state, _, has_content in records(device):
            if id_ in book.acknowledged[device.name] and state != "revoked":
                found.append(f"RISEN: {device.name} has the revoked account {id_} as {state}")
            if state == "revoked" and has_content:
                found.append(f"RISEN: {device.name} keeps data of the revoked account {id_}")
    return found


def _entitled(accounts: Mapping[str, Any], rules: Iterable[Any], device: str) -> set[str]:
    """The accounts that may sign in at a collector without a site and tags: deny wins, and without a rule nobody."""
    here = [rule for rule in rules if rule["place"] in {"everywhere", f"device:{device}"}]
    allowed = {rule["subject"] for rule in here if rule["is_allowed"]}
    denied = {rule["subject"] for rule in here if not rule["is_allowed"]}
    found = set[str]()
    for id_, row in accounts.items():
        subjects = {f"account:{id_}", f"role:{row['role']}"}
        if row["active"] and row["deleted_at"] is None and subjects & allowed and not subjects & denied:
            found.add(id_)
    return found


def _hash(row: Any, ver: int) -> str:
    record = {
        "account": str(row["id"]),
        "ver": ver,
        "src": row["version"],
        "state": "live",
        "email": row["email"],
        "name": row["name"],
        "role": row["role"],
        "verifier": row["verifier"],
        "lease": _LEASES[row["role"]],
    }
    return hashlib.sha256(json.dumps(record, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def digest(rows: Iterable[Held]) -> str:
    """The digest of protocol B2."""
    text = "".join(f"{account}:{ver}:{state}:{hashed}\n" for account, ver, state, hashed in sorted(rows))
    return hashlib.sha256(text.encode()).hexdigest()


def _position(device: Device) -> tuple[int, str]:
    """The applied position and the state of a collector's mirror."""
    rows = _read(device, "SELECT applied, state FROM position")
    return (int(rows[0][0]), str(rows[0][1])) if rows else (0, "new")


def records(device: Device) -> list[tuple[str, int, str, str, bool]]:
    """The records of a collector: account, version, state, hash, and whether it keeps data of the account."""
    query = "SELECT account, ver, state, hash, sealed IS NOT NULL OR email_tag IS NOT NULL FROM record"
    return [(account, ver, state, hashed, bool(has)) for account, ver, state, hashed, has in _read(device, query)]


def _read(device: Device, query: str) -> list[tuple[Any, ...]]:
    file = device.state / "state.db"
    if not file.exists():
        return []
    connection = sqlite3.connect(file, timeout=10)
    try:
        connection.execute("PRAGMA query_only=ON")
        return connection.execute(query).fetchall()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):  # the collector has just created the file
            return []
        raise
    finally:
        connection.close()
