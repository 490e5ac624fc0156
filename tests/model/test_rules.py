"""Every rule of protocol A without which the model lost data, as a mutant: the rule is removed from the real code (or
from the model gateway), and a history detects it. `RULES` is the table of all rules with a diamond."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from clients.desktop.tests.simulation import Simulation
from pulse_contracts.message import Message
from pulse_contracts.ranges import Range, Ranges, normalized, subtract
from pulse_contracts.telemetry import BatchAck, Have, ReadingBatch, Refused
from pulse_desktop.core.buffer import contents
from pulse_desktop.core.buffer.buffer import Buffer
from pulse_desktop.core.delivery import replay
from pulse_desktop.core.delivery.losses import Losses
from pulse_desktop.core.delivery.replay import Replay
from pulse_desktop.core.delivery.signals import AckReceived, Command, DeclareLoss, SendBatch
from pulse_desktop.core.model import Epoch, Evictable
from pulse_desktop.core.storage import eviction
from tests.model import scenarios
from tests.model.world import Gateway, Snapshot, World

Patch = pytest.MonkeyPatch


# -- mutants of the collector


def the_epoch_goes_on_from_the_disk(patch: Patch) -> None:
    real = Simulation.start

    def start(world: Simulation) -> None:
        found = None
        if (world.folder / "buffer.db").exists():
            db = sqlite3.connect(world.folder / "buffer.db")
            found = db.execute("SELECT id, next FROM epoch ORDER BY ord DESC LIMIT 1").fetchone()
            db.close()
        real(world)
        if found is not None:
            epoch = Epoch(found[0], world.buffer.epoch.ord)
            world.buffer._contents.epoch = world.replay.epoch = epoch
            world.buffer._contents.next = world.replay._next = found[1]

    patch.setattr(Simulation, "start", start)


def ord_is_never_raised(patch: Patch) -> None:
    patch.setattr(Replay, "_observe", lambda _self, _newest, _out: None)


def ord_is_raised_at_the_have_alone(patch: Patch) -> None:
    real = Replay._ack

    def ack(self: Replay, message: BatchAck, now: float, out: list[Command]) -> None:
        real(self, message.model_copy(update={"newest": []}), now, out)

    patch.setattr(Replay, "_ack", ack)


def one_newest_epoch_is_named(patch: Patch) -> None:
    real = Replay._observe

    def observe(self: Replay, newest: Sequence[tuple[int, int]], out: list[Command]) -> None:
        real(self, newest[:1], out)

    patch.setattr(Replay, "_observe", observe)


def sent_before_the_commit(patch: Patch) -> None:
    patch.setattr(World, "group_then_crash", World.tell_uncommitted)


def a_puback_settles(patch: Patch) -> None:
    real = World.obey

    def obey(self: World, command: Command) -> None:
        real(self, command)
        if isinstance(command, SendBatch):
            settled = [(command.lo, command.hi)]
            self.feed(
                AckReceived(
                    BatchAck(epoch=command.epoch, settled=settled, refused=[], newest=[], credit=self.gateway.credit)
                )
            )

    patch.setattr(World, "obey", obey)


def summaries_count_as_new(patch: Patch) -> None:
    for module in (eviction, replay, contents):
        patch.setattr(module, "SUMMARY_ORD", 10**6)


def what_was_sent_is_thinned(patch: Patch) -> None:
    def anything(self: Buffer) -> Evictable:
        held = self._contents
        return Evictable(self.waiting, held.of(self.epoch.id), held.summary_next, self._announce)

    patch.setattr(Buffer, "_evictable", anything)


def an_earlier_epoch_is_thinned(patch: Patch) -> None:
    patch.setattr(eviction, "_Eviction", _Eager)


@dataclass(frozen=True)
class _Mixed(Epoch):
    """Puts the summary of an earlier epoch into the epoch `into`."""

    into: int = 0

    @property
    def summary_id(self) -> int:
        return self.into


class _Eager(eviction._Eviction):
    """Thins the oldest readings, whichever they are."""

    def thin(self) -> bool:
        own: Epoch = self._running
        older = self._db.execute(
            "SELECT epoch, min(lo), max(hi) FROM block WHERE epoch NOT IN (?, ?) GROUP BY epoch",
            (own.id, own.summary_id),
        ).fetchone()
        if older is None:
            return super().thin()
        kept: Ranges = self._thinnable
        self._running, self._thinnable = _Mixed(older[0], 0, own.summary_id), ((older[1], older[2]),)
        try:
            return super().thin()
        finally:
            self._running, self._thinnable = own, kept


def losses_are_not_recorded(patch: Patch) -> None:
    patch.setattr(eviction, "record", lambda _db, _drops: None)


def losses_are_declared_once(patch: Patch) -> None:
    real = Losses.declare

    def once(self: Losses, session: str, ords: dict[int, int], now: float) -> list[DeclareLoss]:
        said = real(self, session, ords, now)
        self._losses.clear()
        return said

    patch.setattr(Losses, "declare", once)


# -- mutants of the gateway


def nothing_is_subtracted(patch: Patch) -> None:
    patch.setattr(Gateway, "new", lambda _self, _batch, whole, _seen: [whole])


def a_drop_overwrites(patch: Patch) -> None:
    patch.setattr(Gateway, "newly_dropped", lambda _self, _epoch, part: [part])


def refused_is_not_settled(patch: Patch) -> None:
    def widen(self: Gateway, epoch: int, whole: Range, stored: list[Range]) -> None:
        self.settled[epoch] = tuple(normalized([*self._of(epoch), *stored]))

    patch.setattr(Gateway, "widen", widen)


def a_refusal_is_told_once(patch: Patch) -> None:
    real = Gateway.again

    def again(self: Gateway, epoch: int, ranges: Ranges) -> list[Refused]:
        named = real(self, epoch, ranges)
        self.unconfirmed -= {(epoch, one.seq) for one in named}
        return named

    patch.setattr(Gateway, "again", again)


def a_refusal_is_not_repeated_in_the_have(patch: Patch) -> None:
    real = Replay._have

    def have(self: Replay, message: Have, now: float, out: list[Command]) -> None:
        epochs = [part.model_copy(update={"refused": []}) for part in message.epochs]
        real(self, message.model_copy(update={"epochs": epochs}), now, out)

    patch.setattr(Replay, "_have", have)


def dropped_is_not_settled(patch: Patch) -> None:
    real = Gateway.settle_drop

    def drop(self: Gateway, message: Any) -> BatchAck:
        before = self.settled.get(message.epoch, ())
        said = real(self, message)
        self.settled[message.epoch] = before
        return said

    patch.setattr(Gateway, "settle_drop", drop)


def acknowledged_before_the_commit(patch: Patch) -> None:
    def receive(self: Gateway, message: Message) -> list[Message]:
        assert isinstance(message, ReadingBatch)
        self.group.append((message, []))
        return [self._ack(message.epoch, ((message.lo, message.lo + len(message.value)),), [])]

    patch.setattr(Gateway, "receive", receive)
    patch.setattr(Gateway, "die", lambda self: self.group.clear() or [])


def a_high_water_mark(patch: Patch) -> None:
    def widen(self: Gateway, epoch: int, whole: Range, stored: list[Range]) -> None:
        self.settled[epoch] = tuple(normalized([*self._of(epoch), (0, whole[1])]))

    patch.setattr(Gateway, "widen", widen)


def batches_are_counted_not_numbers(patch: Patch) -> None:
    known: set[tuple[int, Range]] = set()

    def new(self: Gateway, batch: ReadingBatch, whole: Range, seen: Snapshot) -> list[Range]:
        is_known = (batch.epoch, whole) in known
        known.add((batch.epoch, whole))
        return [] if is_known else [whole]

    patch.setattr(Gateway, "new", new)


def looked_up_before_the_lock(patch: Patch) -> None:
    patch.setattr(Gateway, "new", lambda _self, _batch, whole, seen: list(subtract((whole,), seen)))


def latest_is_what_came_last(patch: Patch) -> None:
    def see(self: Gateway, ord_: int, seq: int, t: int) -> None:
        self.latest = (ord_, seq, t)

    patch.setattr(Gateway, "see", see)


# -- the table


@dataclass(frozen=True)
class Rule:
    """`text`: the rule and its place in the protocol. `mutant` removes it. `history` ends with the violation of
    `promise`."""

    text: str
    mutant: Callable[[Patch], None]
    history: Callable[[Path], None]
    promise: str


RULES = (
    Rule(
        "A1 a fresh epoch at every process start",
        the_epoch_goes_on_from_the_disk,
        scenarios.a_restored_backup,
        "stored what was not produced",
    ),
    Rule(
        "A1 ord rises above another epoch's",
        ord_is_never_raised,
        scenarios.a_backup_from_before_many_epochs,
        "frozen",
    ),
    Rule(
        "A1 at every ack too",
        ord_is_raised_at_the_have_alone,
        scenarios.a_batch_of_an_older_epoch_still_in_flight,
        "frozen",
    ),
    Rule(
        "A1 two epochs are named",
        one_newest_epoch_is_named,
        scenarios.a_batch_of_an_older_epoch_still_in_flight,
        "frozen",
    ),
    Rule(
        "A3.1 commit, then send",
        sent_before_the_commit,
        scenarios.killed_before_the_commit,
        "stored what was not produced",
    ),
    Rule(
        "A3.3 never because of a PUBACK",
        a_puback_settles,
        scenarios.a_broker_that_loses_what_it_acknowledged,
        "gone without",
    ),
    Rule("A3.4 cuts may differ", batches_are_counted_not_numbers, scenarios.cut_anew_after_a_restart, "stored twice"),
    Rule(
        "A3.5 summaries have ord 0",
        summaries_count_as_new,
        scenarios.summaries_of_a_long_outage,
        "latest went back|frozen",
    ),
    Rule(
        "A3.5 only what was never sent is thinned",
        what_was_sent_is_thinned,
        scenarios.thinned_after_it_was_sent,
        "beside its own summary",
    ),
    Rule(
        "A3.5 only the running epoch is thinned",
        an_earlier_epoch_is_thinned,
        scenarios.the_backlog_of_an_earlier_epoch_under_pressure,
        "beside its own summary",
    ),
    Rule(
        "A3.5 a loss is recorded with what caused it",
        losses_are_not_recorded,
        scenarios.a_lost_declaration,
        "gone without",
    ),
    Rule(
        "A3.5 a loss is declared until acknowledged",
        losses_are_declared_once,
        scenarios.a_lost_declaration,
        "does not drain",
    ),
    Rule("A4.1 subtract what is settled", nothing_is_subtracted, scenarios.the_same_batch_twice, "stored twice"),
    Rule(
        "A4.1 what came first stays",
        a_drop_overwrites,
        scenarios.late_data_before_the_declaration,
        "as stored and as dropped",
    ),
    Rule("A4.2 refused is settled", refused_is_not_settled, scenarios.the_same_batch_twice, "does not drain|settled"),
    Rule(
        "A3.3 a refusal is repeated until it is confirmed",
        a_refusal_is_told_once,
        scenarios.a_refusal_whose_ack_is_lost,
        "in no quarantine",
    ),
    Rule(
        "A3.3 in every have too",
        a_refusal_is_not_repeated_in_the_have,
        scenarios.a_refusal_whose_ack_is_lost,
        "in no quarantine",
    ),
    Rule(
        "A4.2 dropped is settled",
        dropped_is_not_settled,
        scenarios.data_for_what_was_declared_dropped,
        "gone without",
    ),
    Rule(
        "A4.3 commit, then ack",
        acknowledged_before_the_commit,
        scenarios.a_gateway_that_dies_before_its_commit,
        "gone without",
    ),
    Rule(
        "A4 no high-water mark",
        a_high_water_mark,
        scenarios.live_before_a_long_backlog,
        "stored \\+ refused \\+ dropped",
    ),
    Rule("A4 no dedup by batch", batches_are_counted_not_numbers, scenarios.cut_anew_after_a_restart, "stored twice"),
    Rule(
        "A4 no check before the lock", looked_up_before_the_lock, scenarios.two_replicas_and_one_batch, "stored twice"
    ),
    Rule("A4 latest only forward", latest_is_what_came_last, scenarios.live_before_a_long_backlog, "latest went back"),
)


def name(rule: Rule) -> str:
    return rule.text.replace(" ", "-")


HISTORIES = {rule.history.__qualname__: rule.history for rule in RULES}


@pytest.mark.parametrize("history", HISTORIES)
def test_with_every_rule_the_history_succeeds(tmp_path: Path, history: str) -> None:
    HISTORIES[history](tmp_path)


@pytest.mark.parametrize("rule", RULES, ids=name)
def test_without_the_rule_the_history_fails(tmp_path: Path, monkeypatch: Patch, rule: Rule) -> None:
    rule.mutant(monkeypatch)
    with pytest.raises(AssertionError, match=rule.promise):
        rule.history(tmp_path)


def test_every_rule_has_a_mutant() -> None:
    mutants = {
        value
        for value in globals().values()
        if callable(value) and getattr(value, "__annotations__", {}).keys() == {"patch", "return"}
    }
    assert mutants == {rule.mutant for rule in RULES}
