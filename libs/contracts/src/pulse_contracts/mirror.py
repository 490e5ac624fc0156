"""The credential mirror (protocol B): signed and sealed messages from sync-publisher to one collector, and its reports.

Down: `MirrorMessage` holds a JWS of `MirrorEnvelope`, whose `sealed` member is a JWE of `MirrorRecords`.
Up: `MirrorReport` and `MirrorAudit` hold a JWE under the collector's key.
"""

import hashlib
import json
from collections.abc import Iterable
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from pulse_contracts.accounts import Verifier
from pulse_contracts.enrolment import Bytes32Text
from pulse_contracts.message import PRINTABLE, DeviceName, Message, Micros, UuidText
from pulse_contracts.permissions import Role

MIRROR_TYPE = "pulse-mirror"
"""JWS `typ` of mirror messages."""
MAX_SIGNED = 65_536
"""Maximum characters of one signed message: the broker's largest packet."""
MAX_PART = 30_000
"""Maximum bytes of the records in one message. Base64 twice, for JWE and JWS, makes them 1.8 times as long."""
MAX_PARTS = 10_000
"""Maximum parts of one snapshot."""
MAX_TOMBSTONES = 100
"""Maximum tombstones in one report."""
MAX_LEASE = 30 * 86_400
"""Longest time in seconds for which an account may sign in offline."""
MAX_JUMP = 10**12
"""Numbers from outside (`seq`, `ver`, `n`) that exceed the known one by more than this are refused."""

Position = Annotated[int, Field(ge=0, lt=2**62, strict=True)]
"""Position in the log of one collector. 0: before the first entry."""
Number = Annotated[int, Field(ge=0, lt=2**62, strict=True)]
Sha256Text = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Nonce = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{22,43}$")]
Kind = Literal["delta", "snapshot", "heartbeat", "wipe", "rekey"]
MirrorState = Literal["new", "synced", "resync", "rollback", "wiped"]
"""State of a collector's mirror (protocol B3)."""
NeedReason = Literal["new", "gap", "digest", "rollback", "floor", "key"]


class MirrorRecord(BaseModel):
    """One account in one collector's mirror.

    ver: from sync-publisher's counter. It increases with every change of a mirrored account.
    src: the version of the account at users.
    state: `live` accounts may sign in. `revoked` is a tombstone: it has no other field.
    lease: seconds for which the account may sign in after the mirror was last known to be fresh. 0: never offline.
    verifier: None while the account cannot sign in offline.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    account: UuidText
    ver: Annotated[int, Field(ge=1, lt=2**62, strict=True)]
    src: Annotated[int, Field(ge=1, lt=2**62, strict=True)]
    state: Literal["live", "revoked"]
    email: Annotated[str, StringConstraints(max_length=254)] = ""
    name: Annotated[str, StringConstraints(max_length=200)] = ""
    role: Role | None = None
    verifier: Verifier | None = None
    lease: Annotated[int, Field(ge=0, le=MAX_LEASE, strict=True)] = 0

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.state == "live" and (self.role is None or not self.email):
            raise ValueError("a live record needs an e-mail and a role")
        if self.state == "revoked" and (self.email or self.name or self.role or self.verifier or self.lease):
            raise ValueError("a revoked record has no other fields")
        return self


class MirrorRecords(BaseModel):
    """The sealed content of a delta, or of one part of a snapshot."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    records: Annotated[list[MirrorRecord], Field(max_length=1_000)]


_FIELDS: dict[Kind, frozenset[str]] = {
    "delta": frozenset({"base", "sealed"}),
    "snapshot": frozenset({"asof", "sid", "k", "of", "set", "sealed"}),
    "heartbeat": frozenset({"n", "set", "audit"}),
    "wipe": frozenset(),
    "rekey": frozenset({"public_key"}),
}


class MirrorEnvelope(BaseModel):
    """The signed content of `MirrorMessage`.

    to: the only collector that may apply it.
    gen, key: enrolment, and number of the sealing key within it (0: from the enrolment). In a rekey: the new number.
    seq: delta: the position after it. Snapshot and heartbeat: the position that they describe.
    t: when it was made, by sync-publisher's clock.
    base: delta: the position before it. It holds every change in (base, seq].
    n: number of a heartbeat, higher than every earlier one to this collector.
    nonce: the collector's nonce, echoed by a heartbeat that answers one of its reports.
    set: `mirror_digest` of the whole set at `seq`.
    asof: snapshot: sync-publisher's counter when it was made.
    sid, k, of: snapshot: its id, and which part this is (0 <= k < of).
    audit: heartbeat: number of the newest audit entry of this collector that sync-publisher has stored.
    public_key: rekey: sync-publisher's new X25519 key. The new sealing key follows from it and the collector's own key
        (`pulse_jose.mirror_keys`), so it needs no seal, and works when one side has lost the last key.
    sealed: JWE bound to `seal_context()`.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    to: DeviceName
    gen: Annotated[int, Field(ge=1, lt=2**62, strict=True)]
    key: Annotated[int, Field(ge=0, lt=2**31, strict=True)]
    kind: Kind
    seq: Position
    t: Micros
    base: Position | None = None
    n: Number | None = None
    nonce: Nonce | None = None
    set: Sha256Text | None = None
    asof: Number | None = None
    sid: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")] | None = None
    k: Annotated[int, Field(ge=0, lt=MAX_PARTS, strict=True)] | None = None
    of: Annotated[int, Field(ge=1, le=MAX_PARTS, strict=True)] | None = None
    audit: Number | None = None
    public_key: Bytes32Text | None = None
    sealed: Annotated[str, StringConstraints(max_length=MAX_SIGNED)] | None = None

    @model_validator(mode="after")
    def _has_the_fields_of_its_kind(self) -> Self:
        for name in ("base", "n", "set", "asof", "sid", "k", "of", "audit", "public_key", "sealed"):
            if (getattr(self, name) is not None) != (name in _FIELDS[self.kind]):
                raise ValueError(f"the field {name} does not fit a {self.kind}")
        if self.kind == "delta" and self.base is not None and self.base >= self.seq:
            raise ValueError("a delta must move forward")
        if self.k is not None and self.of is not None and self.k >= self.of:
            raise ValueError("no such part")
        return self

    def seal_context(self) -> dict[str, str | int]:
        """What the sealed content is bound to (`pulse_jose.seal`)."""
        return {
            "to": self.to,
            "gen": self.gen,
            "key": self.key,
            "kind": self.kind,
            "seq": self.seq,
            "sid": self.sid or "",
            "k": self.k or 0,
        }


class MirrorMessage(Message):
    """`signed` is a compact JWS (ES256, typ `pulse-mirror`) of `MirrorEnvelope`."""

    signed: Annotated[str, StringConstraints(max_length=MAX_SIGNED)]


class Tombstone(BaseModel):
    """A revocation that a collector holds."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    account: UuidText
    ver: Annotated[int, Field(ge=1, lt=2**62, strict=True)]
    src: Annotated[int, Field(ge=1, lt=2**62, strict=True)]


class ReportContent(BaseModel):
    """The sealed content of `MirrorReport`.

    kind: `hello` after every connect and every 30 s, `ack` after a commit with synchronous=FULL, `need` asks for
        repair.
    seq: the position that the collector has applied, durably.
    max_seq: the highest position it knows, outside the database or of a snapshot that arrives in parts. Higher than
        `seq`: the database was restored, or a snapshot is not complete.
    top: the highest `ver` it has applied, or `asof` of a snapshot that arrives in parts.
    floor: `asof` of the last snapshot.
    count: number of records, tombstones included.
    set: `mirror_digest` of its records. Only in a hello and after a snapshot, because it costs time.
    nonce: random. The heartbeat that answers echoes it.
    n: the highest heartbeat number it remembers.
    audit: number of its newest audit entry.
    revoked: in a hello, tombstones with the highest `ver`. sync-publisher adopts those that it has forgotten, because
        its own database was restored.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: Literal["hello", "ack", "need"]
    state: MirrorState
    seq: Position
    max_seq: Position
    top: Number
    floor: Number
    count: Number
    set: Sha256Text | None = None
    nonce: Nonce | None = None
    n: Number = 0
    audit: Number = 0
    reason: NeedReason | None = None
    revoked: Annotated[list[Tombstone], Field(max_length=MAX_TOMBSTONES)] = []


class MirrorReport(Message):
    """A report of a collector about its mirror. `sealed` is a JWE of `ReportContent` under K_seal, bound to
    `report_context`: only the collector and sync-publisher can make it."""

    gen: Annotated[int, Field(ge=1, lt=2**62, strict=True)]
    key: Annotated[int, Field(ge=0, lt=2**31, strict=True)]
    sealed: Annotated[str, StringConstraints(max_length=MAX_SIGNED)]


def report_context(device: str, gen: int, key: int, topic: Literal["ack", "audit"]) -> dict[str, str | int]:
    """Returns what a report is bound to. It differs from the context of every message to a collector, so that nobody
    can send such a message back as a report."""
    return {"from": device, "gen": gen, "key": key, "topic": topic}


AuditKind = Literal[
    "signed_in",
    "signed_in_offline",
    "sign_in_refused",
    "signed_out",
    "session_ended",
    "mirror_wiped",
    "mirror_rolled_back",
    "clock_suspect",
    "command_run",
    "conflict",
]


class LocalAuditEntry(BaseModel):
    """One entry of a collector's local audit trail.

    n: 1, 2, 3, … without a gap.
    at: by the collector's clock.
    reason: a stable code, for example `wrong_password`.
    hash: SHA-256 (hex) over the previous hash and this entry (`audit_hash`): a changed or missing entry is visible.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    n: Annotated[int, Field(ge=1, lt=2**62, strict=True)]
    at: Micros
    kind: AuditKind
    account: UuidText | None = None
    reason: Annotated[str, StringConstraints(max_length=64, pattern=r"^[a-z0-9_]*$")] = ""
    detail: Annotated[str, StringConstraints(max_length=200, pattern=PRINTABLE)] = ""
    hash: Sha256Text


class AuditEntries(BaseModel):
    """The sealed content of `MirrorAudit`: consecutive entries, oldest first."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    entries: Annotated[list[LocalAuditEntry], Field(min_length=1, max_length=100)]


class MirrorAudit(Message):
    """Entries of a collector's local audit trail. `sealed` is a JWE of `AuditEntries` under K_seal, bound to
    `report_context`. Sent again until a heartbeat's `audit` covers them."""

    gen: Annotated[int, Field(ge=1, lt=2**62, strict=True)]
    key: Annotated[int, Field(ge=0, lt=2**31, strict=True)]
    sealed: Annotated[str, StringConstraints(max_length=MAX_SIGNED)]


class MirrorStatus(Message):
    """Progress of one collector's mirror, for pages. Retained.

    state: `never`: it has not synchronised yet. `behind`: changes are not acknowledged yet. `unmanaged`: it is
        disabled, lost, deleted or not enrolled.
    behind: number of log entries that it has not acknowledged.
    since: when the state began.
    seen: when its last report arrived.
    """

    device: DeviceName
    state: Literal["in_sync", "behind", "never", "rolled_back", "wiped", "unmanaged"]
    behind: Number
    seq: Position
    since: Micros
    seen: Micros | None = None


def record_hash(record: MirrorRecord) -> str:
    """Returns the SHA-256 (hex) over the canonical JSON of a record."""
    text = json.dumps(record.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def mirror_digest(rows: Iterable[tuple[str, int, str, str]]) -> str:
    """Returns the SHA-256 (hex) over the sorted (account, ver, state, record hash). Both sides compute it, so equal
    digests prove equal sets (protocol B2)."""
    h = hashlib.sha256()
    for account, ver, state, hashed in sorted(rows):
        h.update(f"{account}:{ver}:{state}:{hashed}\n".encode())
    return h.hexdigest()


def audit_hash(previous: str, entry: LocalAuditEntry) -> str:
    """Returns the hash of an entry. `previous`: hash of the entry before it, 64 zeros for the first."""
    fields = entry.model_dump(mode="json", exclude={"hash"})
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{previous}\n{text}".encode()).hexdigest()
