"""Groups of equal subscriptions: one encoding for all viewers in step, and no cost from viewers that are slow."""

import asyncio
import itertools
import json
from collections.abc import MutableMapping
from typing import Any

import pytest

from pulse_telemetry_gateway.live.group import Encoder, Group, Key, Viewer
from pulse_telemetry_gateway.live.hub import _phase
from pulse_telemetry_gateway.live.pending import READING_BYTES, Slice
from pulse_telemetry_gateway.live.wire import WINDOW, Wire


class Socket:
    """The server's side of a websocket. The test controls what arrives and whether it can be written to."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.coming: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
        self.is_full = False
        self.was_aborted = False
        self.wire = Wire(self.coming.get, self._send, self._abort)

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        if self.is_full:
            await asyncio.Event().wait()
        self.sent.append(message.get("text") or message["type"])

    def _abort(self) -> None:
        self.was_aborted = True

    @property
    def frames(self) -> list[dict[str, Any]]:
        return [json.loads(text[text.index("[") :])[1] for text in self.sent if text.startswith("42")]

    def values(self) -> list[float]:
        return [v for frame in self.frames for v in frame["v"]]

    async def acknowledge(self) -> None:
        """Everything so far."""
        for text in self.sent:
            self.coming.put_nowait({"type": "websocket.receive", "text": f"43{text[2 : text.index('[')]}[]"})
        self.coming.put_nowait({"type": "websocket.receive", "text": "2"})
        assert (await self.wire.receive())["text"] == "2"


class Stage:
    """One group over device `d` with its viewers."""

    def __init__(self, pending_max: int = 100 * READING_BYTES) -> None:
        self.encoded: list[Slice] = []
        self.encoder = Encoder(lambda: 1, itertools.count(1).__next__, self.encoded.append)
        self.group = Group(Key(frozenset({1}), 20), {"d": 0}, phase=0, pending_max=pending_max)
        self.pending_max = pending_max
        self.pos = 0

    def watch(self) -> Socket:
        socket = Socket()
        self.group.join(Viewer("s", socket.wire, self.pending_max), None)
        return socket

    async def feed(self, *values: float) -> None:
        """Adds one more batch and sends it."""
        self.pos += 1
        self.group.add("d", self.pos, "live", {1: [(self.pos * 1_000 + i, v) for i, v in enumerate(values)]})
        await self.group.tick(self.encoder)


async def test_a_frame_is_encoded_once_and_its_text_shared() -> None:
    stage = Stage()
    sockets = [stage.watch() for _ in range(20)]
    await stage.feed(1.0)
    assert len(stage.encoded) == 1
    assert all(socket.sent[0] is sockets[0].sent[0] for socket in sockets)
    assert sockets[0].frames[0]["pos"] == {"d": 1}


async def test_a_viewer_that_does_not_acknowledge_falls_out_of_step_and_gets_everything_in_order_later() -> None:
    stage = Stage()
    quick, slow = stage.watch(), stage.watch()
    for value in range(5):
        await stage.feed(float(value))
        await quick.acknowledge()
    assert quick.values() == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert slow.values() == [0.0, 1.0], "two frames may be on their way"
    assert slow.frames[-1]["pos"] == {"d": 2}
    await slow.acknowledge()
    await stage.feed(5.0)
    assert slow.values() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    assert (slow.frames[-1]["pos"], slow.frames[-1]["conflated"]) == ({"d": 6}, False)
    await slow.acknowledge()
    await quick.acknowledge()
    before = len(stage.encoded)
    await stage.feed(6.0)
    assert len(stage.encoded) == before + 1, "it is in step again"
    assert slow.sent[-1] is quick.sent[-1]


async def test_an_acknowledgement_wakes_a_group_without_new_readings() -> None:
    stage = Stage()
    slow = stage.watch()
    for value in range(3):
        await stage.feed(float(value))
    stage.group.changed.clear()
    await slow.acknowledge()
    assert stage.group.changed.is_set()
    await stage.group.tick(stage.encoder)
    assert slow.values() == [0.0, 1.0, 2.0]


async def test_pending_readings_of_a_slow_viewer_are_bounded_and_keep_the_extremes() -> None:
    stage = Stage()
    slow = stage.watch()
    for value in range(1_000):
        await stage.feed(float(value % 100), -5.0 if value == 500 else 1.0)
    (viewer,) = stage.group.members
    assert viewer.pending is not None
    assert viewer.pending.size <= stage.pending_max
    await slow.acknowledge()
    await stage.group.tick(stage.encoder)
    last = slow.frames[-1]
    assert last["conflated"]
    assert (min(last["v"]), max(last["v"])) == (-5.0, 99.0)
    assert last["pos"] == {"d": 1_000}


async def test_bytes_in_flight_never_exceed_the_window() -> None:
    stage = Stage(pending_max=10_000_000)
    socket = stage.watch()
    many = [1.2345678901234567] * 1_500
    await stage.feed(*many)
    await stage.feed(*many)
    assert len(socket.frames) == 1
    assert 0 < socket.wire.bytes_in_flight <= WINDOW
    await socket.acknowledge()
    assert socket.wire.bytes_in_flight == 0


async def test_a_socket_that_cannot_be_written_to_is_dropped_without_delaying_others() -> None:
    stage = Stage()
    stuck, quick = stage.watch(), stage.watch()
    stuck.is_full = True
    async with asyncio.timeout(1):
        await stage.feed(1.0)
    assert stuck.was_aborted
    assert quick.values() == [1.0]
    async with asyncio.timeout(1):
        await stuck.wire.close(1012)


async def test_an_acknowledgement_of_an_unknown_frame_is_ignored() -> None:
    stage = Stage()
    socket = stage.watch()
    for number in ("7", "-1", "", "9" * 30, "1.5", "\u0661"):
        socket.coming.put_nowait({"type": "websocket.receive", "text": f"43/live,{number}[]"})
    socket.coming.put_nowait({"type": "websocket.disconnect"})
    assert (await socket.wire.receive())["type"] == "websocket.disconnect"
    assert not socket.wire.has_room(1)
    assert socket.wire.bytes_in_flight == 0


@pytest.mark.parametrize("asks", [True, False])
async def test_frames_come_after_the_answer_to_the_subscription(asks: bool) -> None:
    stage = Stage()
    socket = stage.watch()
    event = '42/live,9["subscribe",{}]' if asks else '42/live,["subscribe",{}]'
    socket.coming.put_nowait({"type": "websocket.receive", "text": event})
    await socket.wire.receive()
    socket.wire.await_answer()
    await stage.feed(1.0)
    assert len(socket.frames) == (0 if asks else 1)
    await socket.wire.send({"type": "websocket.send", "text": '43/live,9[{"ok":true}]'})
    await stage.group.tick(stage.encoder)
    assert socket.values() == [1.0]


async def test_a_new_viewer_gets_nothing_from_before_its_position() -> None:
    stage = Stage()
    stage.group.add("d", 1, "live", {1: [(1, 1.0)]})
    late = stage.watch()
    assert stage.group.sent == {"d": 0}
    await stage.group.tick(stage.encoder)
    assert late.frames[0]["pos"] == {"d": 1}
    resuming = Socket()
    viewer = Viewer("r", resuming.wire, stage.pending_max)
    stage.group.join(viewer, {"d": 0})
    viewer.is_resuming = True
    stage.pos = 1
    await stage.feed(2.0)
    assert resuming.frames == []
    viewer.is_resuming = False
    await stage.group.tick(stage.encoder)
    assert resuming.values() == [2.0]


def test_phases_are_spread_however_many_there_are() -> None:
    assert [_phase(n) for n in range(8)] == [0, 0.5, 0.25, 0.75, 0.125, 0.625, 0.375, 0.875]


async def test_only_the_last_lane_of_a_tick_advances_the_position_also_for_viewers_out_of_step() -> None:
    stage = Stage()
    slow = stage.watch()
    await stage.feed(1.0)
    for pos in (2, 4):
        stage.group.add("d", pos, "live", {1: [(pos, float(pos))]})
        stage.group.add("d", pos + 1, "backlog", {1: [(pos, -float(pos))]})
        await stage.group.tick(stage.encoder)
    assert [frame["lane"] for frame in slow.frames] == ["live", "live"]
    await slow.acknowledge()
    await stage.group.tick(stage.encoder)
    assert [(frame["lane"], frame["pos"]["d"]) for frame in slow.frames] == [
        ("live", 1),
        ("live", 1),
        ("live", 1),
        ("backlog", 5),
    ]
    assert slow.values() == [1.0, 2.0, 4.0, -2.0, -4.0]
