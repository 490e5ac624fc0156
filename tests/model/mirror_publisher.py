"""sync-publisher in the model: its decisions are the real ones, its database is in memory."""

from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Protocol

from pulse_contracts.accounts import DigestSeal, set_sum
from pulse_contracts.mirror import MirrorEnvelope, MirrorRecord, ReportContent
from pulse_sync_publisher.model.currency import Announced
from pulse_sync_publisher.model.entitlement import Entitlement, Rule, Site
from pulse_sync_publisher.model.leases import Leases
from pulse_sync_publisher.model.progress import (
    Progress,
    next_message,
    send_time,
    sent,
    snapshot_id,
    takes_revocations,
)
from pulse_sync_publisher.model.records import (
    Account,
    Entry,
    Place,
    located,
    newest,
    next_entry,
    record_of,
    revoked_entry,
    set_of,
    wanted_state,
)
from pulse_sync_publisher.model.reports import Known, forgotten, judge, wants_set

PART = 2
"""Records in one message, so that a small set has several parts."""


@dataclass(frozen=True)
class Down:
    """A signed message to a collector. `n`: the order in which messages were sent."""

    device: str
    envelope: MirrorEnvelope
    records: tuple[MirrorRecord, ...] = ()


@dataclass(frozen=True)
class Up:
    """A report of a collector."""

    device: str
    content: ReportContent


@dataclass(frozen=True)
class Digest:
    """A digest of users. `at`: when it was made, in microseconds."""

    sum: str
    at: int
    is_sealed: bool = True


@dataclass
class Log:
    """One collector at sync-publisher."""

    progress: Progress
    entries: dict[str, Entry] = field(default_factory=dict)

    @property
    def set(self) -> str:
        return set_of(self.entries.values())


@dataclass
class Store:
    """The database of sync-publisher."""

    counter: int = 0
    accounts: dict[str, Account] = field(default_factory=dict)
    rules: list[Rule] = field(default_factory=list)
    logs: dict[str, Log] = field(default_factory=dict)


class Network(Protocol):
    """The world as the publisher sees it."""

    @property
    def micros(self) -> int: ...
    def publish(self, message: Down | Up) -> None: ...


class Publisher:
    """sync-publisher: each method is one transaction."""

    def __init__(self, world: Network, devices: list[str]) -> None:
        self.world = world
        self.store = Store(logs={device: Log(Progress(device)) for device in devices})
        self.leases = Leases()
        self.incidents: list[str] = []
        self.announced = Announced()
        self._rng = Random(7)  # jitter of a model

    def advance(self) -> int:
        """The next `ver`."""
        self.store.counter += 1
        return self.store.counter

    @property
    def copied(self) -> str:
        """The sum of the copy."""
        found = ((one.id, one.version_at_users) for one in self.store.accounts.values())
        return set_sum((id_, version) for id_, version in found if version)

    def is_current(self) -> bool:
        """Whether the copy is what users has announced in its digest."""
        return self.announced.confirms(self.copied, self.world.micros)

    def may_vouch(self) -> bool:
        """Whether a heartbeat confirms a mirror as fresh."""
        return self.is_current() and self.announced.is_heard(self.world.micros)

    def hear(self, digest: Digest) -> None:
        """Receives a digest of users. A forged one has no valid seal."""
        content = DigestSeal(sum=digest.sum, at=digest.at) if digest.is_sealed else None
        self.announced.receive(content, digest.sum, self.world.micros)

    def asof(self) -> int:
        """What a snapshot says about its age."""
        return self.store.counter

    def account_changed(self, account: Account) -> None:
        """Consumes an event of users."""
        made = newest([account], self.store.accounts)
        self.store.accounts |= {one.id: one for one in made}
        self._append(made)

    def accounts_changed(self, accounts: list[Account]) -> None:
        """Applies what changed in the copy to the logs."""
        self._append(accounts)

    def rules_changed(self, rules: list[Rule]) -> None:
        """Replaces what administrators wrote. Rules that keep revocations after a restore stay."""
        kept = [rule for rule in self.store.rules if rule.origin == "restored"]
        keys = {rule.key for rule in kept}
        self.store.rules = kept + [rule for rule in rules if rule.key not in keys]
        self._append(list(self.store.accounts.values()))

    def report(self, up: Up) -> None:
        """Handles a report whose seal is right."""
        log = self.store.logs[up.device]
        known = Known(self.store.counter, log.set if wants_set(log.progress, up.content) else "", 0)
        outcome = judge(log.progress, up.content, known, self.world.micros)
        if outcome.refused is not None and outcome.nonce is None:
            return
        self.store.counter = max(self.store.counter, outcome.counter)
        log.progress = outcome.progress
        self.incidents += [kind for kind, _ in outcome.incidents]
        for tombstone in forgotten(outcome.tombstones, log.entries):
            self.incidents.append("revocation_restored")
            old, place = log.entries.get(tombstone.account), self._next_place(log)
            entry = revoked_entry(old, tombstone.account, (self.advance(), tombstone.src), self.world.micros, place)
            log.entries[tombstone.account] = entry
            rule = Rule(f"account:{tombstone.account}", f"device:{up.device}", is_allowed=False, origin="restored")
            self.store.rules = [one for one in self.store.rules if one.key != rule.key] + [rule]
        if outcome.nonce is not None:
            log.progress = replace(log.progress, beat=log.progress.beat + 1)
            nonce: dict[str, Any] = {"nonce": outcome.nonce} if self.may_vouch() else {}
            self.send(up.device, "heartbeat", n=log.progress.beat, set=log.set, audit=0, **nonce)

    def send_due(self) -> None:
        """Sends what is due to each collector."""
        for device, log in self.store.logs.items():
            progress = log.progress
            kind = next_message(progress)
            due = send_time(progress, self.world.micros, self._rng)
            if kind is None or due is None or due > self.world.micros:
                continue
            if kind == "delta":
                self._delta(device, log)
            elif kind == "snapshot" and self.is_current():
                self._snapshot(device, log)
            elif kind == "snapshot" and takes_revocations(progress, self.world.micros, self._rng):
                self._delta(device, log)

    def send(self, device: str, kind: str, records: tuple[MirrorRecord, ...] = (), **fields: Any) -> None:
        """Signs and publishes a message."""
        log = self.store.logs[device]
        seq = fields.pop("seq", log.progress.seq)
        values = {"to": device, "gen": 1, "key": 0, "kind": kind, "seq": seq, "t": self.world.micros}
        if kind in {"delta", "snapshot"}:
            values["sealed"] = "-"
        envelope = MirrorEnvelope.model_validate(values | fields)
        self.world.publish(Down(device, envelope, records))

    def _delta(self, device: str, log: Log) -> None:
        behind = sorted((one for one in log.entries.values() if one.seq > log.progress.acked), key=lambda one: one.seq)
        if not behind:
            log.progress = replace(log.progress, needs_snapshot=True)
            return
        if not self.is_current():
            behind = self._revocations_first(log, behind)
        behind = behind[:PART]
        if not behind:
            return
        records = tuple(self._record(entry) for entry in behind)
        self.send(device, "delta", records, seq=behind[-1].seq, base=log.progress.acked)
        log.progress = sent(log.progress, "delta", (behind[-1].seq, 0), self.world.micros)

    @staticmethod
    def _revocations_first(log: Log, behind: list[Entry]) -> list[Entry]:
        """The revocations. The live entries before them move to the end of the log."""
        revoked = [entry for entry in behind if entry.state == "revoked"]
        for entry in behind:
            if revoked and entry.state == "live" and entry.seq < revoked[-1].seq:
                log.progress = replace(log.progress, seq=log.progress.seq + 1)
                log.entries[entry.account] = replace(entry, seq=log.progress.seq)
        return revoked

    def _snapshot(self, device: str, log: Log) -> None:
        records = [self._record(entry) for entry in log.entries.values()]
        parts = [tuple(records[at : at + PART]) for at in range(0, len(records), PART)] or [()]
        asof = self.asof()
        sid = snapshot_id(log.progress, asof, log.set, len(parts))
        for k, part in enumerate(parts):
            self.send(device, "snapshot", part, asof=asof, sid=sid, k=k, of=len(parts), set=log.set)
        log.progress = sent(log.progress, "snapshot", (log.progress.seq, asof), self.world.micros)

    def _record(self, entry: Entry) -> MirrorRecord:
        return record_of(self.store.accounts.get(entry.account) or self._stand_in(entry), entry, self.leases)

    @staticmethod
    def _stand_in(entry: Entry) -> Account:
        return Account(entry.account, entry.src, "", "", "user", active=False, verifier=None, changed=0)

    def _append(self, accounts: list[Account]) -> None:
        rules = Entitlement(self.store.rules)
        for account in accounts:
            ver = self.advance()
            for device, log in self.store.logs.items():
                old = log.entries.get(account.id)
                is_entitled = rules.allows(account.person, Site(device, "", frozenset()))
                state = wanted_state(old, account, is_entitled=is_entitled)
                is_same = old is not None and (old.state, old.src) == (state, account.src)
                is_dead = state == "revoked" and old is not None and old.state == "revoked"
                if state is None or is_same or is_dead:
                    continue
                entry = next_entry(old, account, self.leases, (state, ver, self.world.micros), self._next_place(log))
                log.entries[account.id] = located(old, entry, Place(entry.seq, log.progress.sent, log.progress.acked))

    @staticmethod
    def _next_place(log: Log) -> Place:
        log.progress = replace(log.progress, seq=log.progress.seq + 1)
        return Place(log.progress.seq, log.progress.sent, log.progress.acked)
