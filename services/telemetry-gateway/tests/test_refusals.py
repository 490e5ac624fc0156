"""A refused reading is repeated in every ack that covers it, until the collector confirms it."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from pulse_contracts.ranges import count, normalized
from pulse_contracts.telemetry import Dropped, Refused
from pulse_postgres import Database
from pulse_postgres.admin import with_role
from pulse_telemetry_gateway.model.ledger.acks import split_ack
from pulse_telemetry_gateway.model.ledger.arrivals import AckPart
from pulse_telemetry_gateway.store.handshake import HandshakeStore
from pulse_testkit.servers import Servers

from .conftest import PASSWORD, arrival, ledger_lines, three_series
from .system import collector, gateway

pytestmark = pytest.mark.servers

KEY = (1, 7)


@given(
    cuts=st.lists(st.integers(0, 300), min_size=2, max_size=30, unique=True),
    refused=st.sets(st.integers(0, 300), max_size=60),
    most_ranges=st.integers(1, 5),
    most_refused=st.integers(1, 7),
)
def test_each_part_of_an_acknowledgement_names_every_refusal_that_it_covers(
    cuts: list[int], refused: set[int], most_ranges: int, most_refused: int
) -> None:
    edges = sorted(cuts)
    parts = [(lo, hi) for lo, hi in zip(edges[::2], edges[1::2], strict=False)]
    inside = sorted(seq for seq in refused if any(lo <= seq < hi for lo, hi in parts))
    given_refused = [Refused(seq=seq, code="wrong_type") for seq in inside]
    messages = split_ack(AckPart(parts, given_refused), most_ranges, most_refused)
    for ranges, named in messages:
        assert len(ranges) <= most_ranges
        assert len(named) <= most_refused
        assert [one.seq for one in named] == [s for s in inside if any(lo <= s < hi for lo, hi in ranges)]
    told = [part for ranges, _ in messages for part in ranges]
    assert normalized(told) == normalized(parts)
    assert count(told) == count(parts)


async def test_an_acknowledgement_repeats_what_is_not_confirmed(database: Database) -> None:
    ledger, handshake = await three_series(database), HandshakeStore(database)
    first = await ledger.commit([arrival(0, 10, refused=(3, 4))])
    assert [one.seq for one in first.unconfirmed[KEY].refused] == [3, 4]
    neighbour = await ledger.commit([arrival(10, 20)])
    assert neighbour.unconfirmed[KEY].ranges == ((0, 20),)
    assert [(one.seq, one.code) for one in neighbour.unconfirmed[KEY].refused] == [(3, "wrong_type"), (4, "wrong_type")]
    drop = await ledger.declare_dropped(1, Dropped(epoch=7, ord=1, ranges=[(20, 25)], reason="overflow"))
    assert [one.seq for one in drop.unconfirmed[KEY].refused] == [3, 4]
    await handshake.confirm(1, {7: [(0, 4)], 8: [(0, 100)]})
    assert [one.seq for one in (await ledger.commit([arrival(0, 10)])).unconfirmed[KEY].refused] == [4]
    await handshake.confirm(1, {7: [(4, 5)]})
    assert (await ledger.commit([arrival(0, 10)])).unconfirmed == {}


async def test_with_too_many_unconfirmed_refusals_only_the_batch_is_covered(database: Database) -> None:
    ledger, handshake = await three_series(database), HandshakeStore(database)
    for lo in range(0, 1_200, 400):
        await ledger.commit([arrival(lo, lo + 400, refused=tuple(range(lo, lo + 400)))])
    again = (await ledger.commit([arrival(1_200, 1_210)])).unconfirmed[KEY]
    assert (again.ranges, again.refused) == (((1_200, 1_210),), [])
    assert len((await ledger.commit([arrival(400, 800)])).unconfirmed[KEY].refused) == 400
    await handshake.confirm(1, {7: [(0, 800)]})
    again = (await ledger.commit([arrival(1_200, 1_210)])).unconfirmed[KEY]
    assert (again.ranges, len(again.refused)) == (((0, 1_210),), 400)


async def test_a_have_covers_no_refusal_that_it_cannot_name(database: Database) -> None:
    ledger, handshake = await three_series(database), HandshakeStore(database)
    await ledger.commit([arrival(0, 10, epoch=6, refused=(2,)), arrival(0, 100, refused=(5, 50, 90))])
    await ledger.commit([arrival(0, 10, epoch=9, refused=(1,)), arrival(0, 10, epoch=10)])
    windows = {6: (0, 10), 7: (0, 100), 9: (0, 10), 10: (0, 10)}
    told = await handshake.state(1, windows, 1_000, 2)
    assert told.settled == {6: [(0, 10)], 7: [(0, 50)], 10: [(0, 10)]}
    assert {epoch: [one.seq for one in parts] for epoch, parts in told.refused.items()} == {6: [2], 7: [5]}


async def test_a_hello_extends_all_its_epochs_with_one_update(database: Database) -> None:
    ledger, handshake = await three_series(database), HandshakeStore(database)
    await ledger.commit([arrival(0, 1, epoch=epoch) for epoch in range(10, 110)])
    for _ in range(2):
        await handshake.state(1, dict.fromkeys(range(10, 110), (0, 50)), 1_000, 1_000)
    assert {line.next for line in await ledger_lines(database, 1)} == {50}


async def test_no_refusal_is_lost_with_a_lost_acknowledgement(
    servers: Servers, database_url: str, database: Database
) -> None:
    url = with_role(database_url, "pulse_telemetry", PASSWORD)
    async with gateway(servers, url), collector(servers) as alpha:
        await alpha.declare()
        await alpha.deliver(alpha.batch(0, [1.0, "NaN", 3.0]))
        later = await alpha.deliver(alpha.batch(3, [4.0]))
        assert (later.settled, [r.seq for r in later.refused]) == ([(0, 4)], [1])
        have = await alpha.greet(upto=4)
        assert [(part.settled, [r.seq for r in part.refused]) for part in have.epochs] == [([(0, 4)], [1])]
        have = await alpha.greet(upto=4, kept=[{"epoch": 7, "ranges": [[1, 2]]}])
        assert [(part.settled, part.refused) for part in have.epochs] == [([(0, 4)], [])]
        assert (await alpha.deliver(alpha.batch(4, [5.0]))).refused == []
