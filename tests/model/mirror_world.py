"""A whole credential mirror in one process. The decisions of sync-publisher and the state machine of the collector are
the real ones; their databases, the network and the clocks are simulated. The world loses, repeats, reorders, replays
and misdirects messages, restores old databases of either side, and moves time."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from itertools import takewhile
from random import Random
from typing import Any

from clients.desktop.tests.publisher import VERIFIER
from clients.desktop.tests.publisher import account as account_id
from clients.desktop.tests.replica import Database, Replica
from pulse_contracts.mirror import MirrorEnvelope, MirrorRecord, ReportContent
from pulse_contracts.permissions import Role
from pulse_desktop.core.mirror.signals import Disconnected, Remembered, Tick
from pulse_sync_publisher.model.entitlement import Entitlement, Rule, Site
from pulse_sync_publisher.model.leases import Leases
from pulse_sync_publisher.model.progress import Progress, next_message, send_time, sent, snapshot_id
from pulse_sync_publisher.model.records import (
    Account,
    Entry,
    Place,
    located,
    next_entry,
    record_of,
    revoked_entry,
    set_of,
    wanted_state,
)
from pulse_sync_publisher.model.reports import Known, forgotten, judge, wants_set

SECOND = 1_000_000
LEASE = 72 * 3_600
PART = 2
"""Records in one message, so that a small set has several parts."""


class Violation(AssertionError):
    """The world broke a promise of protocol B5."""


def insist(holds: object, promise: str) -> None:
    """Raises Violation."""
    if not holds:
        raise Violation(promise)


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


class Publisher:
    """sync-publisher: each method is one transaction."""

    def __init__(self, world: "World", devices: list[str]) -> None:
        self.world = world
        self.store = Store(logs={device: Log(Progress(device)) for device in devices})
        self.leases = Leases()
        self.incidents: list[str] = []
        self._rng = Random(7)  # jitter of a model

    def advance(self) -> int:
        """The next `ver`."""
        self.store.counter += 1
        return self.store.counter

    def is_current(self) -> bool:
        """Whether the copy is what users has announced in its digest."""
        return {id_: one.src for id_, one in self.store.accounts.items()} == {
            id_: one.src for id_, one in self.world.users.items()
        }

    def asof(self) -> int:
        """What a snapshot says about its age."""
        return self.store.counter

    def account_changed(self, account: Account) -> None:
        """Consumes an event of users."""
        known = self.store.accounts.get(account.id)
        if known is not None and known.src >= account.src:
            return
        self.store.accounts[account.id] = account
        self._append([account])

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
            nonce: dict[str, Any] = {"nonce": outcome.nonce} if self.is_current() else {}
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
            behind = list(takewhile(lambda entry: entry.state == "revoked", behind))
        behind = behind[:PART]
        if not behind:
            return
        records = tuple(self._record(entry) for entry in behind)
        self.send(device, "delta", records, seq=behind[-1].seq, base=log.progress.acked)
        log.progress = sent(log.progress, "delta", (behind[-1].seq, 0), self.world.micros)

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


@dataclass
class Truth:
    """What happened, for the promises. `dead`: accounts that users disabled for good, with the version.
    `last_true`: when sync-publisher last knew (collector, account, verifier) as allowed, in world seconds.
    `buried`: (collector, account) with the highest `src` of a tombstone that the collector has applied."""

    dead: dict[str, int] = field(default_factory=dict)
    last_true: dict[tuple[str, str, str], float] = field(default_factory=dict)
    ever_allowed: set[tuple[str, str]] = field(default_factory=set)
    buried: dict[tuple[str, str], int] = field(default_factory=dict)
    versions: dict[tuple[str, str], int] = field(default_factory=dict)
    """(collector, account) with the version that its database holds."""
    excused: dict[str, int] = field(default_factory=dict)
    """Collectors whose keystore was restored, with their elapsed time then: nothing on them can know it until a fresh
    proof comes."""


class World:
    """Users, one sync-publisher, collectors, and a network between them."""

    def __init__(self, seed: int = 1, devices: int = 2) -> None:
        self.rng = Random(seed)  # repeatable
        self.now = 0.0
        self.users: dict[str, Account] = {}
        self.version = 0
        self.network: list[Down | Up] = []
        self.said: list[Down | Up] = []
        self.truth = Truth()
        self.devices = [f"press-{number}" for number in range(devices)]
        self.publisher = Publisher(self, self.devices)
        self.replicas = {device: Replica(seed=seed + at) for at, device in enumerate(self.devices)}
        self.heard = dict.fromkeys(self.devices, 0)
        self.online = dict.fromkeys(self.devices, False)
        self.saved: list[Store] = []
        self.saved_databases: dict[str, list[Database]] = {device: [] for device in self.devices}
        self.saved_keystores: dict[str, list[Remembered]] = {device: [] for device in self.devices}

    @property
    def micros(self) -> int:
        """World time in microseconds."""
        return 1_800_000_000 * SECOND + int(self.now * SECOND)

    # -- people

    def change(self, number: int, *, role: Role = "user", active: bool = True, delivered: bool = True) -> Account:
        """users creates or changes an account: a new password each time."""
        id_ = account_id(number)
        if id_ in self.truth.dead:
            return self.users[id_]
        self.version += 1
        verifier = f"{VERIFIER[:-8]}{self.version:08d}" if active else None
        account = Account(
            id_, self.version, f"p{number}@example.org", f"P {number}", role, active, verifier, self.micros, not active
        )
        self.users[id_] = account
        if not active:
            self.truth.dead[id_] = self.version
        if delivered:
            self.publisher.account_changed(account)
        self._note()
        return account

    def allow(self, rules: list[tuple[int, str, bool]]) -> None:
        """Administrators write rules: (account, collector, allowed)."""
        made = {
            (number, device): Rule(f"account:{account_id(number)}", f"device:{device}", is_allowed)
            for number, device, is_allowed in rules
        }
        self.publisher.rules_changed(list(made.values()))
        self._note()

    # -- the network

    def publish(self, message: Down | Up) -> None:
        """A message goes to the broker."""
        self.network.append(message)
        self.said.append(message)

    def deliver(self, message: Down | Up) -> None:
        """A message arrives. A collector opens only what is for it."""
        if isinstance(message, Up):
            self.publisher.report(message)
            self._note()
        elif self.online[message.device] and message.envelope.to == message.device:
            replica = self.replicas[message.device]
            replica.receive(message.envelope, message.records)
            self._after(message.device)

    def misdirect(self, message: Down, device: str) -> None:
        """The broker delivers a message to another collector."""
        self.deliver(replace(message, device=device))

    def connect(self, device: str) -> None:
        """The collector is connected: it sends a hello."""
        self.online[device] = True
        self.replicas[device].connect()
        self._after(device)

    def cut(self, device: str) -> None:
        """The connection is lost, and everything in flight with it."""
        self.online[device] = False
        self.replicas[device].handle(Disconnected())
        self.network = [one for one in self.network if one.device != device]

    def crash(self, device: str) -> None:
        """The collector's process ends and starts again."""
        self.cut(device)
        self.replicas[device].crash()
        self._after(device)

    # -- time

    def wait(self, seconds: float) -> None:
        """Time passes for everybody."""
        self.now += seconds
        self._note()
        for replica in self.replicas.values():
            replica.advance(seconds)
        for device, replica in self.replicas.items():
            replica.handle(Tick())
            self._after(device)
        self.publisher.send_due()

    # -- backups

    def save(self) -> None:
        """Backs everything up."""
        self.saved.append(deepcopy(self.publisher.store))
        for device, replica in self.replicas.items():
            self.saved_databases[device].append(replica.database)
            self.saved_keystores[device].append(replica.keystore)

    def restore_publisher(self, at: int = 0) -> None:
        """sync-publisher's database is an older one."""
        self.publisher.store = deepcopy(self.saved[at])
        self._note()

    def restore_database(self, device: str, at: int = 0, *, with_keystore: bool = False) -> None:
        """A collector's database is an older one. `with_keystore`: the whole machine is."""
        self.cut(device)
        replica = self.replicas[device]
        if with_keystore:
            replica.keystore = self.saved_keystores[device][at]
            self.truth.excused[device] = replica.elapsed
        self.truth.versions = {key: src for key, src in self.truth.versions.items() if key[0] != device}
        replica.restore_database(self.saved_databases[device][at])
        self._after(device)

    def restore_keystore(self, device: str, at: int = 0) -> None:
        """A collector's keystore is an older one."""
        self.cut(device)
        self.truth.excused[device] = self.replicas[device].elapsed
        self.replicas[device].restore_keystore(self.saved_keystores[device][at])
        self._after(device)

    # -- promises

    def heal(self) -> None:
        """Everything is repaired. Raises Violation unless all sets agree within a few minutes."""
        for _ in range(60):
            for account in self.users.values():  # the digest of users asks for a replay
                self.publisher.account_changed(account)
            self._note()
            for device in self.devices:
                if not self.online[device]:
                    self.connect(device)
            for _ in range(40):
                waiting, self.network = self.network, []
                for message in waiting:
                    self.deliver(message)
                self.publisher.send_due()
                if not self.network:
                    break
            if self.agrees():
                return
            self.wait(20)
        states = [
            (device, one.state, one.machine.position, self.publisher.store.logs[device].progress)
            for device, one in self.replicas.items()
        ]
        raise Violation(f"does not converge: {states}")

    def agrees(self) -> bool:
        """Whether every collector is synchronised and holds what sync-publisher says."""
        return all(
            replica.state == "synced" and replica.set == self.publisher.store.logs[device].set
            for device, replica in self.replicas.items()
        )

    def check(self) -> None:
        """Checks the promises of protocol B5 that hold at every moment."""
        for device, replica in self.replicas.items():
            for account, record in replica.records.items():
                insist(
                    record.state == "revoked" or (device, account) in self.truth.ever_allowed,
                    "a record that no rule ever allowed",
                )
                if not replica.can_sign_in(account):
                    continue
                insist(record.verifier is not None, "signs in without a verifier")
                since = self.truth.last_true.get((device, account, record.verifier or ""), float("-inf"))
                insist(self.now - since <= LEASE, "a credential that was not true within the lease")
                if device not in self.truth.excused:
                    buried = self.truth.buried.get((device, account), 0)
                    insist(buried < self.truth.dead.get(account, 10**9), "a revoked account signs in again")

    def _after(self, device: str) -> None:
        replica = self.replicas[device]
        for content in replica.reports[self.heard[device] :]:
            if self.online[device]:
                self.publish(Up(device, content))
        self.heard[device] = len(replica.reports)
        fresh = replica.database.position.fresh
        if replica.state == "synced" and fresh is not None and fresh > self.truth.excused.get(device, fresh):
            del self.truth.excused[device]
        for account, record in replica.records.items():
            newest = self.truth.versions.get((device, account), 0)
            insist(record.state == "revoked" or record.src >= newest, "an older version of an account came back")
            self.truth.versions[device, account] = max(newest, record.src)
            if record.state == "revoked":
                known = self.truth.buried.get((device, account), 0)
                self.truth.buried[device, account] = max(known, record.src)
        self.check()

    def _note(self) -> None:
        """Notes which credentials sync-publisher allows at this time."""
        for device, log in self.publisher.store.logs.items():
            for account, entry in log.entries.items():
                if entry.state == "live":
                    self.truth.ever_allowed.add((device, account))
                    known = self.publisher.store.accounts[account]
                    if known.src == entry.src and known.verifier is not None:
                        self.truth.last_true[device, account, known.verifier] = self.now


Scenario = Callable[[World], None]
