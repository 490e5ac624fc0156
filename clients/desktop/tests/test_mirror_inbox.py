"""Deltas that arrived together are applied together: with the same result as one after the other."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulse_contracts.mirror import MirrorRecord
from pulse_desktop.core.mirror import inbox
from pulse_desktop.core.mirror.inbox import Inbox, Item, joined
from pulse_desktop.core.mirror.signals import Received
from pulse_desktop.core.mirror.store import MirrorStore
from pulse_testkit.waiting import eventually

from .mirror_desk import synced_desk
from .mirror_messages import envelope
from .publisher import account, digest_of, live, revoked
from .replica import Replica
from .sign_ins import opened

# -- joining


def change(number: int, ver: int, is_live: bool = True) -> MirrorRecord:
    return live(number, ver) if is_live else revoked(number, ver)


def delta(base: int, *records: MirrorRecord, seq: int | None = None) -> Received:
    return Received(envelope("delta", base + 1 if seq is None else seq, base=base, sealed=""), records)


def ranges(messages: list[Received]) -> list[tuple[int | None, int]]:
    return [(one.envelope.base, one.envelope.seq) for one in messages]


def test_a_row_of_deltas_becomes_one_and_a_gap_stays_one() -> None:
    found = joined([delta(n, live(1, n + 1)) for n in (3, 4, 5, 8, 9)], None)
    assert ranges(found) == [(3, 6), (8, 10)]
    assert [record.ver for record in found[0].records] == [4, 5, 6]


def test_a_delta_that_covers_another_one_stays_whole() -> None:
    assert ranges(joined([delta(4, live(1, 5)), delta(2, live(1, 5), live(2, 4), seq=5)], None)) == [(2, 5)]


def test_no_joined_delta_passes_a_position_that_a_heartbeat_tells() -> None:
    deltas = [delta(n, live(1, n + 1)) for n in (3, 4, 5)]
    beat = Received(envelope("heartbeat", 4, n=1, set="0" * 64, audit=0))
    assert ranges(joined(deltas, 5)) == [(3, 5), (5, 6)]
    assert ranges(joined([beat, *deltas], None)) == [(None, 4), (3, 4), (4, 6)]


HISTORY = st.lists(st.tuples(st.integers(1, 4), st.booleans()), min_size=1, max_size=12)
CUTS = st.lists(st.tuples(st.integers(0, 11), st.integers(1, 4)), max_size=10)


@given(HISTORY, CUTS)
def test_joined_deltas_lead_to_a_true_set_that_is_not_older(
    history: list[tuple[int, bool]], cuts: list[tuple[int, int]]
) -> None:
    """Whatever is lost, repeated or reordered."""
    records = [change(number, ver, is_live) for ver, (number, is_live) in enumerate(history, 1)]
    messages = []
    for base, length in cuts:
        newest = {one.account: one for one in records[base : base + length]}
        if newest:
            messages.append(delta(base, *newest.values(), seq=min(len(records), base + length)))
    together, single = Replica(), Replica()
    for message in joined(messages, None):
        together.handle(message)
    for message in messages:
        single.handle(message)
    applied = together.machine.position.applied
    assert applied >= single.machine.position.applied
    held = {one.account: one for one in records[:applied]}
    assert {name: one for name, one in together.records.items() if one.ver <= applied} == held
    assert together.keystore.max_seq == applied


def test_a_revocation_and_an_older_account_version_in_one_delta_stay_a_revocation() -> None:
    replica = Replica()
    replica.handle(delta(0, live(1, 1, src=5), revoked(1, 2, src=9), live(1, 3, src=6), seq=3))
    assert replica.records[account(1)].state == "revoked"


# -- waiting


async def test_messages_are_taken_in_order_and_dropped_when_too_many_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "MAX_BYTES", 10)
    monkeypatch.setattr(inbox, "MAX_AT_ONCE", 2)
    waiting = Inbox()
    for size in (1, 2, 3, 9):
        waiting.put(Item(None, size))
    assert [item.size for item in await waiting.take(1)] == [1, 2]
    assert [item.size for item in await waiting.take(1)] == [3]
    assert await waiting.take(0) == []
    waiting.put(Item(None, 10))
    assert [item.size for item in await waiting.take(1)] == [10]


# -- the driver


async def test_deltas_that_arrive_together_need_one_transaction_and_one_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    applied: list[int] = []
    apply = MirrorStore.apply_delta

    async def counted(self: MirrorStore, seq: int, records: list[MirrorRecord]) -> object:
        applied.append(seq)
        return await apply(self, seq, records)

    is_closed, parked, gate, take = asyncio.Event(), asyncio.Event(), asyncio.Event(), Inbox.take

    async def gated(self: Inbox, seconds: float) -> list[Item]:
        if is_closed.is_set():
            parked.set()
            await gate.wait()
        return await take(self, seconds)

    monkeypatch.setattr(Inbox, "take", gated)
    monkeypatch.setattr(MirrorStore, "apply_delta", counted)
    async with synced_desk(tmp_path, live(1, 1)) as one:
        publisher, run = one.publisher, one.mirror._run
        assert run is not None
        is_closed.set()
        await parked.wait()
        acks = sum(report.kind == "ack" for report in publisher.reports(one.broker))
        publisher.send(one.broker, *[publisher.delta(publisher.change(live(2, ver))) for ver in range(2, 32)])
        await eventually(lambda: len(run.inbox) == 30)
        gate.set()
        await one.reaches("synced", 31)
        await eventually(lambda: publisher.reports(one.broker)[-1].seq == 31)
        assert applied == [31]
        assert sum(report.kind == "ack" for report in publisher.reports(one.broker)) == acks + 1
        async with opened(tmp_path) as mirror:
            assert await mirror.store.digest() == digest_of(list(publisher.held.values()))
