"""A whole delivery in one process: the collector's real state machine and buffer, the gateway's real range arithmetic,
and a simulated world between them. The world loses, repeats, reorders, restarts, restores and clones."""

from dataclasses import dataclass, field
from pathlib import Path

from clients.desktop.tests.simulation import Key, ModelGateway, Simulation
from pulse_contracts.message import Message
from pulse_contracts.ranges import Range, count, intersect, normalized, subtract
from pulse_contracts.telemetry import BatchAck, Dropped, Hello, ReadingBatch, SeriesDeclared
from pulse_desktop.core.delivery.signals import Committed, Event, ReadingsLost
from pulse_desktop.core.model import Reading, Slice
from pulse_desktop.core.storage.opening import FILE
from pulse_telemetry_gateway.model.ledger.ranges import covering

Value = tuple[int, float]
"""A reading: (t, value)."""
Snapshot = list[Range]


class Violation(AssertionError):
    """The world broke a promise of protocol A5."""


def insist(holds: object, promise: str) -> None:
    """Raises Violation."""
    if not holds:
        raise Violation(promise)


@dataclass
class Gateway(ModelGateway):
    """Protocol A4 for one device: a gateway receives messages and settles them with a commit that locks the ledger.
    `is_holding`: the commit is postponed, so that a crash or another replica can come first."""

    is_holding: bool = False
    values: dict[Key, Value] = field(default_factory=dict)
    refused: set[Key] = field(default_factory=set)
    dropped: set[Key] = field(default_factory=set)
    latest: tuple[int, int, int] | None = None
    group: list[tuple[Message, Snapshot]] = field(default_factory=list)

    def take(self, message: Message) -> list[Message]:
        """Handles one message from the broker. Returns the answers that are due."""
        if self.is_down:
            return []
        if isinstance(message, Hello | SeriesDeclared):
            return super().take(message)
        if isinstance(message, ReadingBatch):
            if self.digest is None:
                return [self._ack(message.epoch, (), [], declare=True)]
            if any(self.ignores(value) for value in floats(message)):
                return []
        return self.receive(message)

    def receive(self, message: Message) -> list[Message]:
        """A batch or a drop waits for the next group commit."""
        insist(isinstance(message, ReadingBatch | Dropped), f"what is {message}?")
        self.group.append((message, list(self._of(message.epoch))))  # type: ignore[attr-defined]
        return [] if self.is_holding else self.commit()

    def commit(self) -> list[Message]:
        """Commits one transaction for all pending messages, then returns their acknowledgements."""
        group, self.group = self.group, []
        return [answer for message, seen in group for answer in self.settle(message, seen)]

    def die(self) -> list[Message]:
        """Kills the gateway before the commit. Returns the messages that the broker will deliver to another replica."""
        group, self.group = self.group, []
        return [message for message, _ in group]

    def settle(self, message: Message, seen: Snapshot) -> list[Message]:
        """`seen`: the ledger when the message arrived. The ledger under the lock decides."""
        if isinstance(message, Dropped):
            return [self.settle_drop(message)]
        if isinstance(message, ReadingBatch):
            return [self.settle_batch(message, seen)]
        raise Violation(f"what is {message}?")

    def settle_batch(self, batch: ReadingBatch, seen: Snapshot) -> BatchAck:
        """Stores new readings, refuses those that cannot be stored, and adds both to the ledger."""
        epoch, whole = batch.epoch, (batch.lo, batch.lo + len(batch.value))
        self._meet(epoch, batch.ord)
        values = floats(batch)
        stored: list[Range] = []
        for lo, hi in self.new(batch, whole, seen):
            for seq in range(lo, hi):
                value = values[seq - batch.lo]
                if self.refuses(value):
                    self.unconfirmed.add((epoch, seq))
                    self.refused.add((epoch, seq))
                    continue
                insist((epoch, seq) not in self.values, f"{epoch}/{seq} is stored twice")
                self.values[epoch, seq] = (batch.t0 + batch.dt[seq - batch.lo], value)
                self.stored[epoch, seq] = value
                self.see(batch.ord, seq, self.values[epoch, seq][0])
                stored.append((seq, seq + 1))
        self.widen(epoch, whole, stored)
        parts = tuple(covering([whole], list(self._of(epoch))))
        return self._ack(epoch, parts, self.again(epoch, parts))

    def settle_drop(self, dropped: Dropped) -> BatchAck:
        """The first outcome stays: a drop of a stored reading settles nothing."""
        epoch = dropped.epoch
        self._meet(epoch, dropped.ord)
        for part in dropped.ranges:
            for lo, hi in self.newly_dropped(epoch, part):
                self.dropped |= {(epoch, seq) for seq in range(lo, hi)}
        self.settled[epoch] = tuple(normalized([*self._of(epoch), *dropped.ranges]))
        return self._ack(epoch, tuple(dropped.ranges), self.again(epoch, tuple(dropped.ranges)))

    # -- the rules, one method each, so that a mutant can break one

    def new(self, batch: ReadingBatch, whole: Range, seen: Snapshot) -> list[Range]:
        """The parts of a batch that are not settled yet."""
        return list(subtract((whole,), self._of(batch.epoch)))

    def newly_dropped(self, epoch: int, part: Range) -> list[Range]:
        """The parts of a declared drop that are not settled yet."""
        return list(subtract((part,), self._of(epoch)))

    def widen(self, epoch: int, whole: Range, stored: list[Range]) -> None:
        """The ledger contains stored, refused and dropped readings alike."""
        self.settled[epoch] = tuple(normalized([*self._of(epoch), whole]))

    def see(self, ord_: int, seq: int, t: int) -> None:
        """The latest value only moves forward in (ord, seq)."""
        if self.latest is None or (ord_, seq) > self.latest[:2]:
            self.latest = (ord_, seq, t)

    def _meet(self, epoch: int, ord_: int) -> None:
        self.ords[epoch] = max(ord_, self.ords.get(epoch, 0))


def floats(batch: ReadingBatch) -> list[float]:
    """The batch's values. The model has float series only."""
    return [float(v) for v in batch.value if isinstance(v, int | float)]


@dataclass
class World(Simulation):
    """One device with one disk per clone. `parked`: contents of the disks that are not in use. `given_up`: readings
    that a full buffer dropped, whether or not the gateway had them."""

    gateway: ModelGateway = field(default_factory=Gateway)
    parked: dict[Path, set[Key]] = field(default_factory=dict)
    given_up: set[Key] = field(default_factory=set)
    is_clock_right: bool = True
    newest_t: int = -1

    @property
    def ledger(self) -> Gateway:
        """The model's gateway."""
        if not isinstance(self.gateway, Gateway):
            raise TypeError(self.gateway)
        return self.gateway

    def feed(self, event: Event) -> None:
        """Records dropped readings."""
        if isinstance(event, ReadingsLost):
            self.given_up |= {(drop.epoch, seq) for drop in event.drops for seq in range(drop.lo, drop.hi)}
        super().feed(event)

    def produce_and_die(self, n: int) -> None:
        """Ends the process between taking readings and their commit. The readings are lost."""
        readings = [Reading(self.series, int(self.now * 1e6), self.rng.random()) for _ in range(n)]
        self.group_then_crash(readings)
        self.restart()

    def group_then_crash(self, readings: list[Reading]) -> None:
        """Simulates a commit that succeeded and never returned."""

    def tell_uncommitted(self, readings: list[Reading]) -> None:
        """Simulates a collector that sends before it commits."""
        lo = self.buffer.next
        real = self.buffer.read

        def read(epoch: int, a: int, b: int) -> Slice | None:
            if epoch == self.buffer.epoch.id and a >= lo:
                return Slice(epoch, a, tuple(readings[a - lo : b - lo]))
            return real(epoch, a, b)

        self.buffer.read = read  # type: ignore[method-assign, assignment]
        self.feed(Committed(((lo, lo + len(readings)),)))

    def gateway_dies(self) -> None:
        """Its uncommitted messages are delivered again, because the broker got no acknowledgement."""
        self.up[:0] = self.ledger.die()

    # -- clones

    def clone(self) -> None:
        """Copies the disk. Another machine will start from the copy."""
        target = self.folder.with_name(f"{self.folder.name}-{len(self.parked)}")
        target.mkdir()
        self.back_up(target / FILE)
        self.parked[target] = self.on_this_disk()

    def swap(self, to: Path) -> None:
        """The clone takes over the connection."""
        self.parked[self.folder] = self.on_this_disk()
        self.buffer.close()
        del self.parked[to]
        self.folder = to
        self.start()

    def on_this_disk(self) -> set[Key]:
        """Pending readings and undeclared drops."""
        return super().on_disk()

    def on_disk(self) -> set[Key]:
        """The same on all disks."""
        return self.on_this_disk().union(*self.parked.values())

    def drain_every_disk(self) -> None:
        """No more faults: each clone connects in turn until it has nothing left."""
        self.ledger.is_holding = False
        self.down += self.ledger.commit()
        self.settle_down()
        for disk in list(self.parked):
            self.swap(disk)
            self.settle_down()

    # -- invariants

    def check(self) -> None:
        """Protocol A5, at any time."""
        missing = set(self.produced) - self.on_disk() - self.at_gateway() - self.destroyed
        insist(not missing, f"gone without being stored, refused or declared: {sorted(missing)[:3]}")
        matches = [self.produced.get(key) == value for key, value in self.gateway.stored.items()]
        insist(all(matches), "stored what was not produced, or altered")
        insist(len(set(self.gateway.stored.values())) == len(self.gateway.stored), "a reading beside its own summary")
        insist(not self.ledger.values.keys() & self.ledger.dropped, "counted as stored and as dropped")
        deleted = self.ledger.refused - self.on_disk() - self.kept - self.destroyed - self.given_up
        insist(not deleted, f"refused, and in no quarantine: {sorted(deleted)[:3]}")
        insist(self.replay.in_flight <= max(self.credits), "more under way than any credit allowed")
        if self.is_clock_right and self.ledger.latest is not None:
            insist(self.ledger.latest[2] >= self.newest_t, "latest went back")
            self.newest_t = self.ledger.latest[2]

    def check_drained(self) -> None:
        """The invariants when everything is delivered."""
        self.check()
        insist(not self.on_disk(), "something waits although all is drained")
        for epoch in {e for e, _ in self.produced}:
            if any(key[0] == epoch for key in self.destroyed):
                continue
            settled = list(self.gateway.settled.get(epoch, ()))
            n = sum(1 for e, _ in self.produced if e == epoch)
            insist(settled == [(0, n)], f"settled {settled[:3]} of epoch {epoch}, next {n}")
            parts = (self.ledger.values.keys(), self.ledger.refused, self.ledger.dropped)
            total = sum(sum(1 for e, _ in part if e == epoch) for part in parts)
            insist(total == n == count(intersect(settled, ((0, n),))), f"stored + refused + dropped is {total} of {n}")

    def check_fresh(self) -> None:
        """A reading that is taken and delivered now becomes the latest value."""
        for _ in range(2):  # the answer to the first message may raise `ord`
            self.wait(1)
            self.produce(1)
            self.pump()
        latest = self.ledger.latest
        insist(latest is not None and latest[2] == int(self.now * 1e6) and latest[1] + 1 == self.buffer.next, "frozen")

    def pump(self, rounds: int = 2_000) -> None:
        """Delivers everything without faults and checks every promise after every message. Raises Violation when it
        does not finish."""
        if not self.session:
            self.connect()
        for _ in range(rounds):
            while self.up or self.down:
                if self.up:
                    self.pass_up()
                    self.check()
                if self.down:
                    self.pass_down()
                    self.check()
            if self.replay.is_open and not self.replay.waiting and not self.on_this_disk():
                return
            deadline = self.replay.deadline()
            insist(deadline is not None, "does not drain: waits for nothing, with work left")
            self.wait(max(0.0, (deadline or 0.0) - self.now))
        raise Violation(f"does not drain: {self.replay.waiting} wait")

    def open(self) -> None:
        """Connects and receives the have."""
        self.connect()
        while not self.replay.is_open:
            self.pass_up()
            while self.down:
                self.pass_down()
