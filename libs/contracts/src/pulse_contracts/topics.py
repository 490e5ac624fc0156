"""The catalogue of topics with their publishers and consumers. The broker's access rules, the AsyncAPI document and the
tests are derived from it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from pulse_contracts.accounts import AccountChanged, AccountsDigest, ReplayRequested, VerifierMade
from pulse_contracts.auth import Revocations, SessionRevoked, VerificationKeys
from pulse_contracts.changes import Changed
from pulse_contracts.collectors import CollectorChanged, CollectorsDigest
from pulse_contracts.commands import CommandMessage, CommandReply
from pulse_contracts.message import Message
from pulse_contracts.mirror import MirrorAudit, MirrorMessage, MirrorReport, MirrorStatus
from pulse_contracts.system import Status
from pulse_contracts.telemetry import (
    BatchAck,
    Dropped,
    Have,
    Hello,
    LiveBatch,
    PlainReadings,
    ReadingBatch,
    SeriesDeclared,
)
from pulse_contracts.trust import KeyAnnounced, TrustedKeys

M_co = TypeVar("M_co", bound=Message, covariant=True)
Party = Literal["collector", "plain-device", "telemetry-gateway", "users", "auth", "sync-publisher", "integrator"]
ROOT = "pulse/v1"
"""Default prefix of every topic. Several sites on one broker use different prefixes."""

_LEVEL = re.compile(r"[A-Za-z0-9._:-]{1,64}")


@dataclass(frozen=True)
class Topic(Generic[M_co]):
    """One family of topics. `template` has named levels (`telemetry/data/{device}`). `share` is the share group: the
    broker divides the messages among its members (MQTT 5 shared subscription). `is_notice`: a message only tells pages
    to ask again, so its loss is harmless: the outbox drops one that the broker refuses."""

    template: str
    message: type[M_co]
    publishers: frozenset[Party]
    consumers: frozenset[Party]
    summary: str
    qos: Literal[0, 1] = 1
    retain: bool = False
    share: str | None = None
    is_notice: bool = False

    @property
    def levels(self) -> tuple[str, ...]:
        """Names of the variable levels, in order."""
        return tuple(re.findall(r"\{(\w+)\}", self.template))

    def address(self, **levels: str) -> str:
        """Returns the topic without its root. Raises ValueError for a missing, unknown or invalid level."""
        if set(levels) != set(self.levels):
            raise ValueError(f"{self.template} needs the levels {self.levels}, got {tuple(levels)}")
        for name, value in levels.items():
            if not _LEVEL.fullmatch(value):
                raise ValueError(f"{name}={value!r} is not one topic level")
        return self.template.format(**levels)

    def filter(self, **levels: str) -> str:
        """Returns the subscription filter without root and share. Missing levels become `+`."""
        for value in levels.values():
            if not _LEVEL.fullmatch(value):
                raise ValueError(f"{value!r} is not one topic level")
        return re.sub(r"\{(\w+)\}", lambda m: levels.get(m.group(1), "+"), self.template)

    def match(self, address: str) -> dict[str, str] | None:
        """Returns the variable levels of an address without root. None if it does not belong to this family."""
        names, values = self.template.split("/"), address.split("/")
        if len(names) != len(values):
            return None
        levels: dict[str, str] = {}
        for name, value in zip(names, values, strict=True):
            if name.startswith("{"):
                levels[name[1:-1]] = value
            elif name != value:
                return None
        return levels


def _parties(*names: Party) -> frozenset[Party]:
    return frozenset(names)


_UP = _parties("collector")
_GATEWAY = _parties("telemetry-gateway")
_SERVICES = _parties("auth", "users", "telemetry-gateway", "sync-publisher")
_SYNC = _parties("sync-publisher")

TELEMETRY_HELLO = Topic(
    "telemetry/hello/{device}", Hello, _UP, _GATEWAY, "Readings that a collector still holds", share="gateway"
)
TELEMETRY_HAVE = Topic("telemetry/have/{device}", Have, _GATEWAY, _UP, "The gateway's answer to a hello")
TELEMETRY_SERIES = Topic(
    "telemetry/series/{device}", SeriesDeclared, _UP, _GATEWAY, "A collector declares its series", share="gateway"
)
TELEMETRY_DATA = Topic(
    "telemetry/data/{device}",
    ReadingBatch,
    _UP,
    _GATEWAY,
    "Readings of a collector that was not told its shard",
    share="gateway",
)
TELEMETRY_SHARD = Topic(
    "telemetry/shard/{shard}/{device}",
    ReadingBatch,
    _UP,
    _GATEWAY,
    "Readings, for the gateway that owns the shard of the device",
)
TELEMETRY_DROP = Topic("telemetry/drop/{device}", Dropped, _UP, _GATEWAY, "Declared losses", share="gateway")
TELEMETRY_PLAIN = Topic(
    "telemetry/plain/{device}",
    PlainReadings,
    _parties("collector", "plain-device"),
    _GATEWAY,
    "Values of any MQTT device, stored at least once, without a ledger",
)
TELEMETRY_ACK = Topic("telemetry/ack/{device}", BatchAck, _GATEWAY, _UP, "Settled readings", qos=0)
TELEMETRY_LIVE = Topic(
    "telemetry/live/{device}",
    LiveBatch,
    _GATEWAY,
    _parties("telemetry-gateway", "integrator"),
    "Readings that were just committed",
    qos=0,
)
USERS_EVENT = Topic(
    "users/event/{account}",
    AccountChanged,
    _parties("users"),
    _parties("auth", "sync-publisher"),
    "An account changed (sealed)",
)
USERS_DIGEST = Topic(
    "users/digest",
    AccountsDigest,
    _parties("users"),
    _parties("auth", "sync-publisher"),
    "Count and hash of all accounts",
    retain=True,
)
USERS_REPLAY = Topic(
    "users/replay/{service}",
    ReplayRequested,
    _parties("auth", "sync-publisher"),
    _parties("users"),
    "A consumer requests every account",
)
USERS_SYNC = Topic(
    "users/sync/{device}", MirrorMessage, _SYNC, _UP, "Changes, snapshots and heartbeats of one collector's mirror"
)
USERS_WIPE = Topic(
    "users/wipe/{device}", MirrorMessage, _SYNC, _UP, "A lost collector deletes its mirror and its keys", retain=True
)
USERS_ACK = Topic(
    "users/ack/{device}", MirrorReport, _UP, _SYNC, "A collector's reports about its mirror (sealed)", share="sync"
)
USERS_AUDIT = Topic(
    "users/audit/{device}", MirrorAudit, _UP, _SYNC, "A collector's local audit trail (sealed)", share="sync"
)
USERS_MIRROR = Topic(
    "users/mirror/{device}", MirrorStatus, _SYNC, _GATEWAY, "Progress of one collector's mirror", retain=True
)
AUTH_COLLECTOR = Topic(
    "auth/collector/{device}", CollectorChanged, _parties("auth"), _SYNC, "A collector changed (sealed)"
)
AUTH_COLLECTORS = Topic(
    "auth/collectors", CollectorsDigest, _parties("auth"), _SYNC, "Count and hash of all collectors", retain=True
)
AUTH_REPLAY = Topic(
    "auth/replay/{service}", ReplayRequested, _SYNC, _parties("auth"), "A consumer requests every collector"
)
AUTH_VERIFIER = Topic(
    "auth/verifier/{account}",
    VerifierMade,
    _parties("auth"),
    _parties("users"),
    "A verifier for offline sign-in, made at a sign-in (sealed)",
)
AUTH_TRUSTED_KEYS = Topic(
    "auth/trusted-keys",
    TrustedKeys,
    _parties("auth"),
    _parties("collector", "sync-publisher", "telemetry-gateway"),
    "Keys that collectors trust, signed by the root",
    retain=True,
)
AUTH_KEYS = Topic(
    "auth/keys",
    VerificationKeys,
    _parties("auth"),
    _SERVICES,
    "Keys that verify access tokens",
    retain=True,
)
AUTH_EVENT = Topic(
    "auth/event/{account}",
    SessionRevoked,
    _parties("auth"),
    _SERVICES,
    "Revoked sessions",
)
AUTH_REVOCATIONS = Topic(
    "auth/revocations",
    Revocations,
    _parties("auth"),
    _SERVICES,
    "The revocations of the last minutes, every few seconds",
    retain=True,
)
SYSTEM_STATUS = Topic(
    "system/status/{kind}/{id}",
    Status,
    _parties("collector", "telemetry-gateway", "users", "auth", "sync-publisher"),
    _GATEWAY,
    "Online or offline; the last will reports offline",
    retain=True,
)
SYSTEM_KEY = Topic(
    "system/key/{service}",
    KeyAnnounced,
    _parties("sync-publisher", "telemetry-gateway"),
    _parties("auth"),
    "A service's verification key, for auth to sign",
    retain=True,
)
SYSTEM_COMMAND = Topic(
    "system/command/{device}", CommandMessage, _GATEWAY, _UP, "An administrator's signed command to a collector"
)
SYSTEM_REPLY = Topic(
    "system/reply/{device}", CommandReply, _UP, _GATEWAY, "A collector's answer to a command", share="gateway"
)
CHANGES_PEOPLE = Topic(
    "changes/people/{account}",
    Changed,
    _parties("users", "auth"),
    _GATEWAY,
    "An account or its second factor changed",
    is_notice=True,
)
CHANGES_COLLECTORS = Topic(
    "changes/collectors/{device}",
    Changed,
    _parties("auth"),
    _GATEWAY,
    "A collector or plain device was enrolled, changed, disabled, lost or deleted",
    is_notice=True,
)
CHANGES_DEVICES = Topic(
    "changes/devices/{device}",
    Changed,
    _GATEWAY,
    _GATEWAY,
    "A device was registered, described, configured or erased",
    is_notice=True,
)
CHANGES_ENTITLEMENT = Topic(
    "changes/entitlement",
    Changed,
    _SYNC,
    _GATEWAY,
    "The rules or the leases of offline sign-in changed",
    is_notice=True,
)

CATALOGUE: tuple[Topic[Message], ...] = (
    TELEMETRY_HELLO,
    TELEMETRY_HAVE,
    TELEMETRY_SERIES,
    TELEMETRY_DATA,
    TELEMETRY_SHARD,
    TELEMETRY_DROP,
    TELEMETRY_PLAIN,
    TELEMETRY_ACK,
    TELEMETRY_LIVE,
    USERS_EVENT,
    USERS_DIGEST,
    USERS_REPLAY,
    USERS_SYNC,
    USERS_WIPE,
    USERS_ACK,
    USERS_AUDIT,
    USERS_MIRROR,
    AUTH_COLLECTOR,
    AUTH_COLLECTORS,
    AUTH_REPLAY,
    AUTH_VERIFIER,
    AUTH_TRUSTED_KEYS,
    AUTH_KEYS,
    AUTH_EVENT,
    AUTH_REVOCATIONS,
    SYSTEM_STATUS,
    SYSTEM_KEY,
    SYSTEM_COMMAND,
    SYSTEM_REPLY,
    CHANGES_PEOPLE,
    CHANGES_COLLECTORS,
    CHANGES_DEVICES,
    CHANGES_ENTITLEMENT,
)
