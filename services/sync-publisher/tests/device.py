"""A collector's side of the mirror, as protocol B3 defines it, in memory. Only for tests of the publisher."""

import base64
import secrets
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from pulse_bus import Bus, Delivery
from pulse_contracts.collectors import CollectorRecord
from pulse_contracts.mirror import (
    MIRROR_TYPE,
    AuditEntries,
    LocalAuditEntry,
    MirrorAudit,
    MirrorEnvelope,
    MirrorMessage,
    MirrorRecord,
    MirrorRecords,
    MirrorReport,
    ReportContent,
    Tombstone,
    audit_hash,
    mirror_digest,
    record_hash,
    report_context,
)
from pulse_contracts.topics import USERS_ACK, USERS_AUDIT, USERS_SYNC, USERS_WIPE
from pulse_jose import KeySet, MessageVerifier, VerificationKey, seal, unseal
from pulse_jose.mirror_keys import KeyPlace, accept_rekey
from pulse_testkit.clock import FakeClock


def text_of(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


class Device:
    """One collector."""

    def __init__(self, name: str, bus: Bus, clock: FakeClock, trusted: VerificationKey) -> None:
        self.name, self._bus, self._clock = name, bus, clock
        self._verifier = MessageVerifier(KeySet([trusted]), MIRROR_TYPE, clock.seconds)
        self.gen, self.key, self.version = 0, 0, 0
        self.secret, self._private = b"", X25519PrivateKey.generate()
        self.record: CollectorRecord | None = None
        self.is_connected, self.is_deaf = False, False
        self.received: list[MirrorEnvelope] = []
        self.published: list[MirrorReport] = []
        self.audit: list[LocalAuditEntry] = []
        self.confirmed_audit = 0
        self.reset()

    def reset(self) -> None:
        self.records: dict[str, MirrorRecord] = {}
        self.seq = self.max_seq = self.floor = self.n = 0
        self.state = "new"
        self.nonce: str | None = None
        self.parts: dict[str, dict[int, list[MirrorRecord]]] = {}

    def take_over(self, other: "Device") -> None:
        """Continues as another object that was the same collector."""
        self.gen, self.key, self.version, self.secret = other.gen, other.key, other.version, other.secret
        self.records, self.seq, self.max_seq, self.floor = other.records, other.seq, other.max_seq, other.floor
        self.n, self.state, self._private, self.audit = other.n, other.state, other._private, other.audit

    def enrol(self, gen: int) -> None:
        self.gen, self.key, self.secret = gen, 0, secrets.token_bytes(32)
        self._private = X25519PrivateKey.generate()
        self.reset()

    def described(self, **fields: Any) -> CollectorRecord:
        """auth's record of this collector, in a new version."""
        self.version += 1
        defaults = {
            "device": self.name,
            "version": self.version,
            "name": self.name,
            "site": "",
            "tags": [],
            "state": "enabled",
            "gen": self.gen,
            "public_key": text_of(self._private.public_key().public_bytes_raw()),
            "seal_key": text_of(self.secret),
        }
        before = self.record.model_dump(exclude={"public_key", "seal_key", "gen", "access"}) if self.record else {}
        return CollectorRecord(**(defaults | before | {"version": self.version} | fields))

    async def connect(self) -> None:
        self.is_connected = True
        await self._bus.subscribe(USERS_SYNC, self._take, device=self.name)
        await self._bus.subscribe(USERS_WIPE, self._take, device=self.name)

    @property
    def place(self) -> KeyPlace:
        return KeyPlace(self.name, self.gen, self.key)

    @property
    def set(self) -> str:
        return digest(self.records)

    @property
    def live(self) -> dict[str, MirrorRecord]:
        return {one.account: one for one in self.records.values() if one.state == "live"}

    def content(self, kind: str, **fields: Any) -> ReportContent:
        defaults: dict[str, Any] = {
            "kind": kind,
            "state": self.state,
            "seq": self.seq,
            "max_seq": self.max_seq,
            "top": max((one.ver for one in self.records.values()), default=0),
            "floor": self.floor,
            "count": len(self.records),
            "n": self.n,
            "audit": len(self.audit),
        }
        return ReportContent(**(defaults | fields))

    def sealed(
        self, content: ReportContent, *, secret: bytes | None = None, place: KeyPlace | None = None
    ) -> MirrorReport:
        place = place or self.place
        context = report_context(place.device, place.gen, place.key, "ack")
        key = place.sealing_key(secret or self.secret)
        sealed = seal(content.model_dump_json().encode(), key, self._clock.seconds, context)
        return MirrorReport(gen=place.gen, key=place.key, sealed=sealed)

    async def report(self, kind: str, **fields: Any) -> MirrorReport:
        report = self.sealed(self.content(kind, **fields))
        self.published.append(report)
        await self._bus.publish(USERS_ACK, report, device=self.name)
        return report

    async def hello(self, **fields: Any) -> MirrorReport:
        self.nonce = text_of(secrets.token_bytes(16))
        revoked = sorted((one for one in self.records.values() if one.state == "revoked"), key=lambda one: -one.ver)
        tombstones = [Tombstone(account=one.account, ver=one.ver, src=one.src) for one in revoked[:100]]
        return await self.report("hello", **({"set": self.set, "nonce": self.nonce, "revoked": tombstones} | fields))

    async def need(self, reason: str, **fields: Any) -> MirrorReport:
        self.nonce = text_of(secrets.token_bytes(16))
        return await self.report("need", reason=reason, nonce=self.nonce, **fields)

    def note(self, kind: str, account: str | None = None) -> None:
        """Adds an entry to the local audit trail."""
        previous = self.audit[-1].hash if self.audit else "0" * 64
        entry = LocalAuditEntry(n=len(self.audit) + 1, at=self._clock(), kind=kind, account=account, hash="0" * 64)
        self.audit.append(entry.model_copy(update={"hash": audit_hash(previous, entry)}))

    async def upload(self, entries: list[LocalAuditEntry] | None = None) -> None:
        content = AuditEntries(entries=self.audit if entries is None else entries)
        context = report_context(self.name, self.gen, self.key, "audit")
        sealed = seal(
            content.model_dump_json().encode(), self.place.sealing_key(self.secret), self._clock.seconds, context
        )
        await self._bus.publish(USERS_AUDIT, MirrorAudit(gen=self.gen, key=self.key, sealed=sealed), device=self.name)

    async def _take(self, delivery: Delivery[MirrorMessage]) -> None:
        if not self.is_deaf:
            await self.take(delivery.message)

    async def take(self, message: MirrorMessage) -> None:
        """Applies one message of the publisher."""
        envelope = MirrorEnvelope.model_validate_json(self._verifier.verify(message.signed))
        assert envelope.to == self.name
        if envelope.gen != self.gen or self.state == "wiped":
            return
        self.received.append(envelope)
        if envelope.kind == "rekey":
            await self._rekey(envelope)
        elif envelope.kind == "wipe":
            self.records, self.state = {}, "wiped"
        elif envelope.kind == "heartbeat":
            await self._heartbeat(envelope)
        elif envelope.key == self.key:
            await self._records(envelope)

    def opened(self, envelope: MirrorEnvelope) -> list[MirrorRecord]:
        assert envelope.sealed is not None
        keys = KeySet([self.place.sealing_key(self.secret)])
        payload = unseal(envelope.sealed, keys, self._clock.seconds, envelope.seal_context())
        return MirrorRecords.model_validate_json(payload).records

    async def _records(self, envelope: MirrorEnvelope) -> None:
        records = self.opened(envelope)
        if envelope.kind == "delta":
            assert envelope.base is not None
            if self.state == "rollback":
                return
            if envelope.base > self.seq:
                await self.need("gap")
                return
            if envelope.seq > self.seq:
                self._apply(records)
                self._move(envelope.seq)
            await self.report("ack")
            return
        assert envelope.sid is not None
        assert envelope.k is not None
        parts = self.parts.setdefault(envelope.sid, {})
        parts[envelope.k] = records
        if len(parts) == envelope.of:
            await self._snapshot(envelope, [one for k in sorted(parts) for one in parts[k]])

    async def _snapshot(self, envelope: MirrorEnvelope, records: list[MirrorRecord]) -> None:
        assert envelope.asof is not None
        if envelope.seq < max(self.seq, self.max_seq) or envelope.asof < self.floor:
            return
        kept = [one for one in self.records.values() if one.ver > envelope.asof]
        made = {one.account: one for one in records}
        assert digest(made) == envelope.set
        self.records, self.floor, self.state = made, envelope.asof, "synced"
        self._apply(kept)
        self._move(envelope.seq)
        self.parts.clear()
        await self.report("ack", set=self.set)

    async def _heartbeat(self, envelope: MirrorEnvelope) -> None:
        assert envelope.n is not None
        assert envelope.audit is not None
        if envelope.n <= self.n:
            return
        self.n, self.confirmed_audit = envelope.n, envelope.audit
        if (
            envelope.nonce is not None
            and self.state == "resync"
            and (envelope.seq, envelope.set) == (self.seq, self.set)
        ):
            self.state = "synced"
        if self.state == "synced" and (envelope.seq, envelope.set) != (self.seq, self.set):
            self.state = "resync"

    async def _rekey(self, envelope: MirrorEnvelope) -> None:
        if not self.key < envelope.key <= self.key + 1_000:
            return
        assert envelope.public_key is not None
        public = base64.urlsafe_b64decode(envelope.public_key + "=")
        self.key = envelope.key
        self.secret = accept_rekey(self._private.private_bytes_raw(), public, self.place)
        await self.need("key")

    def _apply(self, records: list[MirrorRecord]) -> None:
        for record in records:
            old = self.records.get(record.account)
            is_newer = record.ver > (old.ver if old is not None else self.floor)
            if is_newer and not (old and old.state == "revoked" and record.state == "live" and old.src > record.src):
                self.records[record.account] = record

    def _move(self, seq: int) -> None:
        self.seq = seq
        self.max_seq = max(self.max_seq, seq)


def digest(records: dict[str, MirrorRecord]) -> str:
    return mirror_digest((one.account, one.ver, one.state, record_hash(one)) for one in records.values())
