"""A simulated delivery without sockets: the real delivery machine and the real buffer, a model gateway with a ledger,
and a network that loses, repeats and reorders messages. Every step is a call, and time is a number."""

import shutil
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

from pulse_contracts.message import Message
from pulse_contracts.ranges import EMPTY, Ranges, intersect, normalized, subtract, union
from pulse_contracts.series_digest import series_digest
from pulse_contracts.telemetry import (
    BatchAck,
    Dropped,
    EpochSettled,
    Have,
    Hello,
    ReadingBatch,
    Refused,
    SeriesDeclared,
)
from pulse_desktop.core.buffer.buffer import Buffer
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.delivery.link import as_batch, declaration
from pulse_desktop.core.delivery.replay import Replay
from pulse_desktop.core.delivery.signals import (
    AckReceived,
    Command,
    Committed,
    Connected,
    ConnectionLost,
    DeclareLoss,
    DeclareSeries,
    Event,
    HaveReceived,
    Policy,
    Quarantined,
    QuarantineReading,
    RaiseOrd,
    ReadingsLost,
    Restored,
    RestoreKept,
    SendBatch,
    SendHello,
    Settle,
    Summarised,
    Tick,
)
from pulse_desktop.core.model import BufferLimits, Reading, SeriesSpec, Settlement
from pulse_desktop.core.storage.opening import FILE

Key = tuple[int, int]
LEVEL = SeriesSpec("level", "float")


def keys(*parts: dict[int, Ranges]) -> set[Key]:
    """Every reading in these ranges."""
    return {(e, seq) for part in parts for e, ranges in part.items() for lo, hi in ranges for seq in range(lo, hi)}


@dataclass
class ModelGateway:
    """The ledger of protocol A4 for one device. `ignores`: readings whose batches get no ack."""

    credit: int = 8
    settled: dict[int, Ranges] = field(default_factory=dict)
    stored: dict[Key, float] = field(default_factory=dict)
    ords: dict[int, int] = field(default_factory=dict)
    digest: str | None = None
    shard: int | None = None
    unconfirmed: set[Key] = field(default_factory=set)
    refuses: Callable[[float], bool] = lambda _: False
    ignores: Callable[[float], bool] = lambda _: False
    is_down: bool = False

    def back_up(self) -> "ModelGateway":
        """Returns a copy of the database."""
        return replace(
            self,
            settled=dict(self.settled),
            stored=dict(self.stored),
            ords=dict(self.ords),
            unconfirmed=set(self.unconfirmed),
        )

    def restore(self, backup: "ModelGateway") -> None:
        """Replaces the database by an older copy."""
        copy = backup.back_up()
        self.settled, self.stored, self.ords = copy.settled, copy.stored, copy.ords
        self.digest, self.unconfirmed = copy.digest, copy.unconfirmed

    def newest(self) -> list[tuple[int, int]]:
        return sorted(((o, e) for e, o in self.ords.items()), reverse=True)[:2]

    def take(self, message: Message) -> list[Message]:
        if self.is_down:
            return []
        match message:
            case SeriesDeclared():
                self.digest = message.digest
                return []
            case Hello():
                for part in message.kept:
                    self.confirm(part.epoch, tuple(part.ranges))
                epochs = [
                    EpochSettled(
                        epoch=p.epoch, settled=list(self._of(p.epoch)), refused=self.again(p.epoch, self._of(p.epoch))
                    )
                    for p in message.pending
                ]
                return [
                    Have(
                        session=message.session,
                        newest=self.newest(),
                        epochs=epochs,
                        credit=self.credit,
                        series=self.digest,
                        shard=self.shard,
                    )
                ]
            case ReadingBatch():
                return self._batch(message)
            case Dropped():
                self.ords[message.epoch] = max(message.ord, self.ords.get(message.epoch, 0))
                self.settled[message.epoch] = union(self._of(message.epoch), normalized(message.ranges))
                return [self._ack(message.epoch, normalized(message.ranges), [])]
            case _:
                raise AssertionError(message)

    def _batch(self, batch: ReadingBatch) -> list[Message]:
        if self.digest is None:
            return [self._ack(batch.epoch, EMPTY, [], declare=True)]
        values = [float(v) for v in batch.value if isinstance(v, float)]
        if any(self.ignores(v) for v in values):
            return []
        self.ords[batch.epoch] = max(batch.ord, self.ords.get(batch.epoch, 0))
        whole: Ranges = ((batch.lo, batch.lo + len(values)),)
        for lo, hi in subtract(whole, self._of(batch.epoch)):
            for seq in range(lo, hi):
                value = values[seq - batch.lo]
                if self.refuses(value):
                    self.unconfirmed.add((batch.epoch, seq))
                else:
                    assert (batch.epoch, seq) not in self.stored
                    self.stored[batch.epoch, seq] = value
        self.settled[batch.epoch] = union(self._of(batch.epoch), whole)
        return [self._ack(batch.epoch, whole, self.again(batch.epoch, whole))]

    def confirm(self, epoch: int, kept: Ranges) -> None:
        """The collector confirmed that its quarantine holds these readings."""
        self.unconfirmed -= {
            (e, seq) for e, seq in self.unconfirmed if e == epoch and intersect(kept, ((seq, seq + 1),))
        }

    def again(self, epoch: int, ranges: Ranges) -> list[Refused]:
        """Unconfirmed refusals in these ranges. Every answer that covers them repeats them."""
        seqs = sorted(seq for e, seq in self.unconfirmed if e == epoch and intersect(ranges, ((seq, seq + 1),)))
        return [Refused(seq=seq, code="out_of_range") for seq in seqs]

    def _ack(self, epoch: int, ranges: Ranges, refused: list[Refused], *, declare: bool = False) -> BatchAck:
        return BatchAck(
            epoch=epoch,
            settled=list(ranges),
            refused=refused,
            newest=self.newest(),
            credit=self.credit,
            declare=declare,
        )

    def _of(self, epoch: int) -> Ranges:
        return self.settled.get(epoch, EMPTY)


@dataclass
class Simulation:
    """One device. `up`, `down`: messages in flight. `destroyed`: readings lost with a replaced disk. `kept`: readings
    that were ever in the quarantine."""

    folder: Path
    seed: int = 0
    limits: BufferLimits = field(default_factory=BufferLimits)
    policy: Policy = field(default_factory=Policy)
    gateway: ModelGateway = field(default_factory=ModelGateway)
    up: list[Message] = field(default_factory=list)
    down: list[Message] = field(default_factory=list)
    sent: list[SendBatch] = field(default_factory=list)
    produced: dict[Key, float] = field(default_factory=dict)
    destroyed: set[Key] = field(default_factory=set)
    kept: set[Key] = field(default_factory=set)
    credits: set[int] = field(default_factory=lambda: {0})
    now: float = 0.0

    def __post_init__(self) -> None:
        self.rng = Random(self.seed)
        self.clock = Clock(lambda: int(self.now * 1_000_000), lambda: self.now)
        self.connects = 0
        self.session = ""
        self.answered: set[str] = set()
        self.start()

    # -- the collector's process

    def start(self) -> None:
        self.buffer = Buffer(self.folder, self.rng.getrandbits(63), self.limits, self.clock)
        self.buffer._announce = self.note_summaries  # type: ignore[method-assign]  # records the summaries
        table = self.buffer.declare([LEVEL])
        self.series = table[0].id
        self.replay = Replay(
            self.buffer.epoch,
            self.buffer.holdings,
            series_digest(table),
            self.rng,
            self.policy,
            keeps_settled=self.limits.keep_settled > 0,
        )
        self.session = ""

    def restart(self) -> None:
        """Kills the process and starts another one. Messages in flight stay."""
        self.buffer.close()
        self.start()

    def back_up(self, to: Path) -> None:
        source, target = sqlite3.connect(self.folder / FILE), sqlite3.connect(to)
        source.backup(target)
        source.close()
        target.close()

    def restore(self, backup: Path) -> None:
        """Replaces the disk by an older copy while the collector is stopped."""
        had = self.on_disk()
        self.buffer.close()
        for suffix in ("", "-wal", "-shm"):
            (self.folder / (FILE + suffix)).unlink(missing_ok=True)
        shutil.copy(backup, self.folder / FILE)
        self.start()
        self.destroyed |= had - self.on_disk() - self.at_gateway()

    def produce(self, n: int) -> None:
        readings = [Reading(self.series, int(self.now * 1e6), self.rng.random()) for _ in range(n)]
        lo = self.buffer.next
        appended = self.buffer.append(readings)
        epoch = self.buffer.epoch.id
        assert appended.committed == ((lo, lo + n),)
        for seq, reading in enumerate(readings, lo):
            self.produced[epoch, seq] = float(reading.value)
        self.feed(Committed(appended.committed))
        if appended.summarised:
            self.feed(Summarised(appended.summarised))
        if appended.lost:
            self.feed(ReadingsLost(appended.lost))

    def note_summaries(self, epoch: int, lo: int, summaries: Sequence[Reading]) -> None:
        """Called before their commit, which always succeeds here."""
        for seq, reading in enumerate(summaries, lo):
            self.produced[epoch, seq] = float(reading.value)

    # -- the network

    def connect(self) -> None:
        self.connects += 1
        self.session = f"{self.buffer.epoch.id:x}-{self.connects}"
        self.feed(Connected(self.session))

    def cut(self) -> None:
        self.feed(ConnectionLost(self.session))
        self.session = ""

    def pass_up(self, index: int = 0, *, keep: bool = False) -> None:
        message = self.up[index] if keep else self.up.pop(index)
        self.down += self.gateway.take(message)

    def pass_down(self, index: int = 0, *, keep: bool = False) -> None:
        message = self.down[index] if keep else self.down.pop(index)
        if isinstance(message, Have | BatchAck):
            self.credits.add(message.credit)
        if isinstance(message, Have):
            if message.session == self.session and message.series == series_digest(self.buffer.table):
                self.answered.add(message.session)
            self.feed(HaveReceived(message))
        elif isinstance(message, BatchAck):
            self.feed(AckReceived(message))

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.feed(Tick())

    def settle_down(self, rounds: int = 4_000) -> None:
        """Delivers every message in order, without faults, until nothing waits."""
        self.gateway.is_down = False
        if not self.session:
            self.connect()
        for _ in range(rounds):
            while self.up or self.down:
                if self.up:
                    self.pass_up()
                if self.down:
                    self.pass_down()
            if self.replay.is_open and not self.replay.waiting and not self.buffer.waiting and not self.losses():
                return
            deadline = self.replay.deadline()
            assert deadline is not None, "no deadline, but readings wait"
            self.wait(max(0.0, deadline - self.now))
        raise AssertionError(f"does not drain: {self.replay.waiting} wait")

    # -- the driver, as `Link` does it

    def feed(self, event: Event) -> None:
        for command in self.replay.handle(event, self.now):
            self.obey(command)

    def obey(self, command: Command) -> None:
        match command:
            case DeclareSeries():
                self.up += declaration(self.buffer.epoch.id, self.buffer.table)
            case SendHello(hello):
                self.up.append(hello)
            case SendBatch():
                assert command.session in self.answered, "data before the have of this session"
                self.sent.append(command)
                piece = self.buffer.read(command.epoch, command.lo, command.hi)
                if piece is not None:
                    self.up.append(as_batch(command, piece, self.buffer.epoch.id, int(self.now * 1e6)))
            case DeclareLoss(session, dropped):
                assert session in self.answered, "a loss declared before the have of this session"
                self.up.append(dropped)
            case Settle(settlement):
                self.settle(settlement)
            case RaiseOrd(to):
                self.buffer.raise_ord(to)
            case RestoreKept(epoch, ranges):
                found = self.buffer.restore_kept(epoch, ranges)
                assert found is not None
                self.feed(Restored(epoch, ranges, found))
            case QuarantineReading(epoch, seq):
                self.feed(ReadingsLost(tuple(self.buffer.quarantine(epoch, seq, "unanswered"))))

    def settle(self, settlement: Settlement) -> None:
        """Confirms refusals once they are durable."""
        if self.buffer.settle([settlement]) and settlement.unconfirmed:
            self.kept |= self.quarantined()
            self.feed(Quarantined(settlement.epoch, settlement.unconfirmed))

    def quarantined(self) -> set[Key]:
        """The readings in the quarantine."""
        db = sqlite3.connect(self.folder / FILE)
        found = set(db.execute("SELECT epoch, seq FROM quarantine").fetchall())
        db.close()
        return found

    # -- what must always hold (protocol A5)

    def holdings(self) -> tuple[dict[int, Ranges], dict[int, Ranges]]:
        """Waiting and lost ranges on disk, by epoch."""
        found = self.buffer._store.holdings()
        lost: dict[int, Ranges] = {}
        for drop in found.drops:
            lost[drop.epoch] = union(lost.get(drop.epoch, EMPTY), (drop.range,))
        return found.pending, lost

    def losses(self) -> dict[int, Ranges]:
        return self.holdings()[1]

    def on_disk(self) -> set[Key]:
        return keys(*self.holdings())

    def kept_on_disk(self) -> set[Key]:
        """Settled readings that are still stored."""
        return keys(self.buffer._store.holdings().kept)

    def at_gateway(self) -> set[Key]:
        return {(e, seq) for e, r in self.gateway.settled.items() for lo, hi in r for seq in range(lo, hi)}

    def check(self) -> None:
        missing = set(self.produced) - self.on_disk() - self.kept_on_disk() - self.at_gateway() - self.destroyed
        assert not missing, f"gone without being stored, refused or declared: {sorted(missing)[:3]}"
        for key, value in self.gateway.stored.items():
            assert self.produced[key] == value
        assert self.replay.in_flight <= max(self.credits), "more batches in flight than any credit allowed"

    def check_drained(self) -> None:
        self.check()
        assert not self.on_disk()
        settled = self.at_gateway()
        for epoch in {e for e, _ in self.produced}:
            mine = {k for k in self.produced if k[0] == epoch}
            assert mine - self.destroyed <= settled
            assert not intersect(self.gateway.settled.get(epoch, EMPTY), ((len(mine), 2**62),))
        others = [o for e, o in self.gateway.ords.items() if e != self.buffer.epoch.id]
        if self.buffer.epoch.id in self.gateway.ords:
            assert self.buffer.epoch.ord > max(others, default=-1), "latest values would freeze"
