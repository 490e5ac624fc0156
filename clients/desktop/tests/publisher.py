"""A small sync-publisher for tests of the collector's mirror: it signs and seals real messages. It has no database and
no retries: a test says what is sent."""

import base64
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from pydantic import SecretStr

from pulse_bus.memory import MemoryBroker
from pulse_contracts.auth import VerificationKeyRecord
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
    mirror_digest,
    record_hash,
    report_context,
)
from pulse_contracts.topics import AUTH_TRUSTED_KEYS, USERS_ACK, USERS_AUDIT, USERS_SYNC, USERS_WIPE
from pulse_contracts.trust import TRUSTED_KEYS_TYPE, Purpose, TrustedKey, TrustedKeys, TrustedKeySet
from pulse_desktop.core.identity.enrolled import Enrolled
from pulse_desktop.core.identity.model import Identity, Place, Secrets
from pulse_jose import KeySet, MessageSigner, SigningKey, seal, unseal
from pulse_jose.mirror_keys import KeyPlace, make_rekey

DEVICE = "press-4"
VERIFIER = "$argon2id$v=19$m=65536,t=3,p=1$c29tZXNhbHRzb21lc2FsdA$RdescudvJCsgt3ub+b27P1dEg4VoEDdZQKNzZqQmVEo"


def account(number: int) -> str:
    """The id of an account."""
    return f"00000000-0000-4000-8000-{number:012d}"


def live(number: int, ver: int, src: int | None = None, **more: Any) -> MirrorRecord:
    """A record of an account that may sign in."""
    fields: dict[str, object] = {
        "account": account(number),
        "ver": ver,
        "src": src or ver,
        "state": "live",
        "email": f"person-{number}@example.org",
        "name": f"Person {number}",
        "role": "user",
        "verifier": VERIFIER,
        "lease": 259_200,
    }
    return MirrorRecord.model_validate(fields | more)


def revoked(number: int, ver: int, src: int | None = None) -> MirrorRecord:
    """A tombstone."""
    return MirrorRecord(account=account(number), ver=ver, src=src or ver, state="revoked")


def digest_of(records: Sequence[MirrorRecord]) -> str:
    """`mirror_digest` of records."""
    return mirror_digest((one.account, one.ver, one.state, record_hash(one)) for one in records)


def key_record(key: SigningKey) -> VerificationKeyRecord:
    """A public key as enrolment and trusted keys carry it."""
    jwk = key.verification_key().to_jwk()
    return VerificationKeyRecord(kid=key.kid, x=str(jwk["x"]), y=str(jwk["y"]), not_before=0)


def encode(raw: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@dataclass
class FakePublisher:
    """The server's side of one collector's mirror: auth's root, sync-publisher's key, and the set that it believes in.
    `held`: the records by account, as of `seq`."""

    device: str = DEVICE
    gen: int = 1
    key: int = 0
    seq: int = 0
    ver: int = 0
    n: int = 0
    root: SigningKey = field(default_factory=SigningKey.generate)
    signing: SigningKey = field(default_factory=SigningKey.generate)
    collector_key: X25519PrivateKey = field(default_factory=X25519PrivateKey.generate)
    seal_key: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    held: dict[str, MirrorRecord] = field(default_factory=dict)
    audit: int = 0
    t: int | None = None

    # -- enrolment

    def enrol(self, enrolled: Enrolled, place: Place = "file", server: str = "http://127.0.0.1:9") -> Identity:
        """Writes the identity and the secrets of this collector."""
        identity = Identity(
            device=self.device,
            name="Press 4",
            gen=self.gen,
            broker_url="mqtt://127.0.0.1:1883",
            prefix="pulse/v1",
            roots=[key_record(self.root)],
            server=server,
            enrolled=0,
            place=place,
        )
        stored = Secrets(
            gen=self.gen,
            password=SecretStr("p" * 43),
            private_key=SecretStr(encode(self.collector_key.private_bytes_raw())),
            seal_key=SecretStr(encode(self.seal_key)),
        )
        enrolled.save(identity, stored, None)
        return identity

    # -- the set

    def change(self, *records: MirrorRecord) -> list[MirrorRecord]:
        """Adopts changed records at the next position. Returns them."""
        self.seq += 1
        for one in records:
            self.held[one.account] = one
            self.ver = max(self.ver, one.ver)
        return list(records)

    @property
    def set(self) -> str:
        """The digest of the set."""
        return digest_of(list(self.held.values()))

    # -- messages

    def trusted_keys(
        self,
        n: int = 1,
        root: SigningKey | None = None,
        purpose: Purpose = "mirror",
        mirror: SigningKey | None = None,
        other: SigningKey | None = None,
    ) -> TrustedKeys:
        """auth's signed set with this publisher's key for `purpose`, or with `other`. `mirror`: another key for the
        mirror."""
        keys: dict[Purpose, SigningKey] = {purpose: other or self.signing}
        if mirror is not None:
            keys["mirror"] = mirror
        trusted = [TrustedKey(purpose=name, key=key_record(key)) for name, key in keys.items()]
        content = TrustedKeySet(n=n, at=0, keys=trusted)
        signer = MessageSigner(root or self.root, TRUSTED_KEYS_TYPE, time.time)
        return TrustedKeys(signed=signer.sign(content.model_dump_json().encode()))

    def envelope(self, kind: str, records: Sequence[MirrorRecord] | None = None, **more: Any) -> MirrorEnvelope:
        """An envelope to this collector; `more` overrides its fields."""
        fields: dict[str, Any] = {
            "to": self.device,
            "gen": self.gen,
            "key": self.key,
            "kind": kind,
            "seq": self.seq,
            "t": time.time_ns() // 1_000 if self.t is None else self.t,
        }
        fields |= more
        if records is None:
            return MirrorEnvelope.model_validate(fields)
        draft = MirrorEnvelope.model_validate({**fields, "sealed": ""})
        return draft.model_copy(update={"sealed": self.seal_records(records, draft)})

    def seal_records(self, records: Sequence[MirrorRecord], draft: MirrorEnvelope, raw: bytes | None = None) -> str:
        """Seals records for this collector. `raw` replaces the JSON."""
        payload = MirrorRecords(records=list(records)).model_dump_json().encode() if raw is None else raw
        key = KeyPlace(self.device, self.gen, self.key).sealing_key(self.seal_key)
        return seal(payload, key, time.time, draft.seal_context())

    def sign(self, envelope: MirrorEnvelope, key: SigningKey | None = None, typ: str = MIRROR_TYPE) -> MirrorMessage:
        """Signs an envelope."""
        signer = MessageSigner(key or self.signing, typ, time.time)
        return MirrorMessage(signed=signer.sign(envelope.model_dump_json(exclude_none=True).encode()))

    def delta(self, records: Sequence[MirrorRecord], base: int | None = None, **more: Any) -> MirrorMessage:
        """The change to the current position."""
        return self.sign(self.envelope("delta", records, base=self.seq - 1 if base is None else base, **more))

    def snapshot(self, parts: int = 1, sid: str | None = None, **more: Any) -> list[MirrorMessage]:
        """The whole set, in parts."""
        everything = sorted(self.held.values(), key=lambda one: one.account)
        size = max(1, -(-len(everything) // parts))
        sid = sid or secrets.token_hex(16)
        fields: dict[str, Any] = {"sid": sid, "of": parts, "set": self.set, "asof": self.ver} | more
        return [
            self.sign(self.envelope("snapshot", everything[k * size : (k + 1) * size], k=k, **fields))
            for k in range(parts)
        ]

    def heartbeat(self, nonce: str | None = None, **more: Any) -> MirrorMessage:
        """The next heartbeat; with the nonce of a report, its answer."""
        self.n += 1
        fields: dict[str, Any] = {"n": self.n, "set": self.set, "audit": self.audit, "nonce": nonce} | more
        return self.sign(self.envelope("heartbeat", **fields))

    def wipe(self, **more: Any) -> MirrorMessage:
        """The order to wipe."""
        return self.sign(self.envelope("wipe", **more))

    def rekey(self) -> MirrorMessage:
        """A new sealing key; later messages use it."""
        self.key += 1
        place = KeyPlace(self.device, self.gen, self.key)
        made = make_rekey(self.collector_key.public_key().public_bytes_raw(), place, secrets.token_bytes)
        self.seal_key = made.secret
        return self.sign(self.envelope("rekey", public_key=encode(made.public_key)))

    # -- the bus

    def publish_keys(self, broker: MemoryBroker, n: int = 1) -> None:
        """Publishes the trusted keys, retained."""
        payload = self.trusted_keys(n).model_dump_json().encode()
        broker.retained[AUTH_TRUSTED_KEYS.address()] = payload
        broker.deliver(AUTH_TRUSTED_KEYS.address(), payload, 0)

    def send(self, broker: MemoryBroker, *messages: MirrorMessage) -> None:
        """Delivers messages to the collector."""
        for one in messages:
            broker.deliver(USERS_SYNC.address(device=self.device), one.model_dump_json().encode(), 0)

    def send_wipe(self, broker: MemoryBroker, message: MirrorMessage) -> None:
        """Publishes a retained wipe."""
        address, payload = USERS_WIPE.address(device=self.device), message.model_dump_json().encode()
        broker.retained[address] = payload
        broker.deliver(address, payload, 0)

    def open_report(self, report: MirrorReport) -> ReportContent:
        """Opens a report. Raises TokenError."""
        keys = KeySet([KeyPlace(self.device, report.gen, report.key).sealing_key(self.seal_key)])
        context = report_context(self.device, report.gen, report.key, "ack")
        return ReportContent.model_validate_json(unseal(report.sealed, keys, time.time, context))

    def reports(self, broker: MemoryBroker) -> list[ReportContent]:
        """Every report that the collector has published under the current key."""
        address = USERS_ACK.address(device=self.device)
        found = [MirrorReport.model_validate_json(payload) for at, payload in broker.published if at == address]
        return [self.open_report(one) for one in found if one.key == self.key]

    def nonce(self, broker: MemoryBroker) -> str | None:
        """The nonce of the last hello."""
        return next((one.nonce for one in reversed(self.reports(broker)) if one.nonce is not None), None)

    def audit_entries(self, broker: MemoryBroker) -> list[LocalAuditEntry]:
        """Every audit entry that the collector has published."""
        entries: dict[int, LocalAuditEntry] = {}
        for at, payload in broker.published:
            if at == USERS_AUDIT.address(device=self.device):
                message = MirrorAudit.model_validate_json(payload)
                keys = KeySet([KeyPlace(self.device, message.gen, message.key).sealing_key(self.seal_key)])
                context = report_context(self.device, message.gen, message.key, "audit")
                opened = AuditEntries.model_validate_json(unseal(message.sealed, keys, time.time, context))
                entries |= {one.n: one for one in opened.entries}
        return [entries[n] for n in sorted(entries)]
