"""A whole credential mirror in one process. The decisions of sync-publisher and the state machine of the collector are
the real ones; their databases, the network and the clocks are simulated. The world loses, repeats, reorders, replays
and misdirects messages, restores old databases of either side, and moves time."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from random import Random

from clients.desktop.tests.publisher import VERIFIER
from clients.desktop.tests.publisher import account as account_id
from clients.desktop.tests.replica import Database, Replica
from pulse_contracts.accounts import set_sum
from pulse_contracts.permissions import Role
from pulse_desktop.core.mirror.signals import Disconnected, Remembered, Tick
from pulse_sync_publisher.model.currency import Announced
from pulse_sync_publisher.model.entitlement import Rule
from pulse_sync_publisher.model.records import Account
from pulse_sync_publisher.model.restored_users import restored_users
from tests.model.mirror_publisher import Digest, Down, Publisher, Store, Up

SECOND = 1_000_000
LEASE = 72 * 3_600
UNHEARD = 610
"""Seconds without a believed digest of users after which no mirror is confirmed, with a margin."""


class Violation(AssertionError):
    """The world broke a promise of protocol B5."""


def insist(holds: object, promise: str) -> None:
    """Raises Violation."""
    if not holds:
        raise Violation(promise)


@dataclass
class Truth:
    """What happened, for the promises. `dead`: accounts that users disabled for good, with the version.
    `last_true`: when sync-publisher last knew (collector, account, verifier) as allowed, in world seconds.
    `buried`: (collector, account) with the highest `src` of a tombstone that the collector has applied."""

    dead: dict[str, int] = field(default_factory=dict)
    died: dict[str, float] = field(default_factory=dict)
    """When users disabled an account for good, in world seconds."""
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
        """users never gives a version twice, also not after its database was restored."""
        self.digests: list[Digest] = []
        self.is_withheld = False
        """The owner of the broker withholds the digests of users."""
        self.network: list[Down | Up] = []
        self.said: list[Down | Up] = []
        self.truth = Truth()
        self.devices = [f"press-{number}" for number in range(devices)]
        self.publisher = Publisher(self, self.devices)
        self.replicas = {device: Replica(seed=seed + at) for at, device in enumerate(self.devices)}
        self.heard = dict.fromkeys(self.devices, 0)
        self.online = dict.fromkeys(self.devices, False)
        self.saved: list[Store] = []
        self.saved_users: list[dict[str, Account]] = []
        self.saved_databases: dict[str, list[Database]] = {device: [] for device in self.devices}
        self.saved_keystores: dict[str, list[Remembered]] = {device: [] for device in self.devices}

    @property
    def micros(self) -> int:
        """World time in microseconds."""
        return 1_800_000_000 * SECOND + int(self.now * SECOND)

    # -- people

    def change(self, number: int, *, role: Role = "user", active: bool = True, delivered: bool = True) -> None:
        """users creates or changes an account: a new password each time."""
        id_ = account_id(number)
        if id_ in self.truth.dead:
            return
        self.version += 1
        verifier = self._new_verifier() if active else None
        account = Account(
            id_, self.version, f"p{number}@example.org", f"P {number}", role, active, verifier, self.micros, not active
        )
        known = self.users.get(id_)
        if known is None or known.active != active:  # a decision
            account = replace(account, state_version=self.version)
        else:
            account = replace(account, state_version=known.state_version)
        self.users[id_] = account
        if not active:
            self.truth.dead[id_], self.truth.died[id_] = self.version, self.now
        if delivered:
            self.publisher.account_changed(account)
        self._note()
        self.announce()

    def set_password(self, number: int) -> None:
        """The owner of an account sets a password by a link. users may have forgotten that the account is disabled."""
        known = self.users.get(account_id(number))
        if known is None or not known.active:
            return
        self.version += 1
        account = replace(known, src=self.version, verifier=self._new_verifier(), changed=self.micros)
        self.users[account.id] = account
        self.publisher.account_changed(account)
        self._note()
        self.announce()

    def _new_verifier(self) -> str:
        return f"{VERIFIER[:-8]}{self.version:08d}"

    def announce(self) -> None:
        """users publishes its digest."""
        total = set_sum((one.id, one.src) for one in self.users.values())
        self.digests.append(Digest(total, self.micros))
        if not self.is_withheld:
            self.publisher.hear(self.digests[-1])

    def repeat_digest(self, at: int) -> None:
        """The owner of the broker repeats an old digest."""
        self.publisher.hear(self.digests[at])

    def forge_digest(self) -> None:
        """The owner of the broker publishes what sync-publisher wants to hear, without a seal."""
        self.publisher.hear(Digest(self.publisher.copied, self.micros, is_sealed=False))

    def accept_users(self) -> None:
        """An administrator accepts the set of a users service that was restored."""
        store = self.publisher.store
        found = restored_users(store.accounts.values(), {one.id: one.src for one in self.users.values()})
        if found is not None:
            store.accounts |= {one.id: one for one in found.changed}
            self.publisher.accounts_changed(list(found.changed))

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
        """Time passes for everybody. users announces its set every 30 s."""
        self.now += seconds
        self._note()
        self.announce()
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
        self.saved_users.append(dict(self.users))
        for device, replica in self.replicas.items():
            self.saved_databases[device].append(replica.database)
            self.saved_keystores[device].append(replica.keystore)

    def restore_publisher(self, at: int = 0) -> None:
        """sync-publisher's database is an older one. Its process starts again, and the broker has the newest digest."""
        self.publisher.store = deepcopy(self.saved[at])
        self.publisher.announced = Announced()
        if self.digests:
            self.publisher.hear(self.digests[-1])
        self._note_forgotten()
        self._note()

    def restore_users(self, at: int = 0) -> None:
        """The database of users is an older one. users itself knows only the revocations that it still has."""
        self.users = dict(self.saved_users[at])
        for id_ in [one for one in self.truth.died if one not in self.users or self.users[one].active]:
            del self.truth.died[id_]
        self._note_forgotten()
        self.announce()

    def _note_forgotten(self) -> None:
        """What no store has any more cannot hold. A version that neither users nor sync-publisher has can be followed
        by an older one, and a revocation that also the collector has forgotten is forgotten."""
        for account in [one for one in self.truth.dead if not self._knows_revocation(one)]:
            del self.truth.dead[account]
            self.truth.died.pop(account, None)
        for key, src in self.truth.versions.items():
            self.truth.versions[key] = min(src, self._known(key[1]))
        for (device, account), src in self.truth.buried.items():
            held = self.replicas[device].records.get(account)
            has_tombstone = held is not None and held.state == "revoked" and held.src >= src
            if self._known(account) < src and not has_tombstone:
                self.truth.buried[device, account] = 0

    def _knows_revocation(self, account: str) -> bool:
        """Whether users, sync-publisher or a collector still has the revocation of a disabled account."""
        for held in (self.users, self.publisher.store.accounts):
            if account in held and not held[account].may_sign_in:
                return True
        records = [replica.records.get(account) for replica in self.replicas.values()]
        return any(one and one.state == "revoked" and one.src >= self.truth.dead[account] for one in records)

    def _known(self, account: str) -> int:
        """The newest version of an account that users or sync-publisher has."""
        stores = (self.users, self.publisher.store.accounts)
        return max((held[account].src for held in stores if account in held), default=0)

    def restore_database(self, device: str, at: int = 0, *, with_keystore: bool = False) -> None:
        """A collector's database is an older one. `with_keystore`: the whole machine is."""
        self.cut(device)
        replica = self.replicas[device]
        if with_keystore:
            replica.keystore = self.saved_keystores[device][at]
            self.truth.excused[device] = replica.elapsed
        self.truth.versions = {key: src for key, src in self.truth.versions.items() if key[0] != device}
        replica.restore_database(self.saved_databases[device][at])
        self._note_forgotten()
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
        self.is_withheld = False
        for _ in range(60):
            for account in self.users.values():  # the digest of users asks for a replay
                self.publisher.account_changed(account)
            self.accept_users()
            self.announce()
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
                died = self.truth.died.get(account, self.now)
                if device not in self.truth.excused:
                    insist(self.now - died <= LEASE + UNHEARD, "a revoked account signs in after the lease")
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
            self.truth.versions[device, account] = max(newest, min(record.src, self._known(account)))
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
