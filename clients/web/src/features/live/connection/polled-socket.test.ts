// Pages without a session: new readings come by asking, and a lost connection comes back by itself.
import { describe, expect, it } from "vitest";
import type { History } from "@/contracts/http";
import type { LiveFrame } from "@/contracts/live";
import { PolledSocket } from "./polled-socket";

const SECOND = 1_000_000;

function setUp(aheadOf: (series: number) => number = () => 0) {
  let nowUs = 1_000 * SECOND;
  let isDown = false;
  let poll: () => void = () => {};
  const asked: { series: readonly number[]; from: number; to: number }[] = [];
  const events: string[] = [];
  const frames: LiveFrame[] = [];
  const socket = new PolledSocket({
    nowUs: () => nowUs,
    aheadOf,
    every: (_, work) => {
      poll = work;
      return () => (poll = () => {});
    },
    fetchNew: (series, range) => {
      if (isDown) return Promise.reject(new Error("down"));
      asked.push({ series, from: range.from, to: range.to });
      return Promise.resolve(
        series.map((id): History => ({
          series: id,
          ...range,
          n: 1,
          sampled: false,
          t: [nowUs - aheadOf(id)],
          v: [id],
          clock_suspect: false,
        })),
      );
    },
  });
  for (const event of ["connect", "disconnect", "connect_error"]) socket.on(event, () => events.push(event));
  socket.on("frame", (frame: LiveFrame) => frames.push(frame));
  return {
    socket,
    asked,
    events,
    frames,
    tick: async (seconds: number) => {
      nowUs += seconds * SECOND;
      poll();
      await settled();
    },
    setDown: (down: boolean) => (isDown = down),
    subscribe: (series: number[]) => socket.timeout().emitWithAck("subscribe", { series }),
  };
}

const settled = () => new Promise((resolve) => setTimeout(resolve));

describe("PolledSocket", () => {
  it("hands new readings on as frames, and asks again for the last seconds", async () => {
    const { socket, asked, frames, tick, subscribe } = setUp();
    socket.connect();
    await settled();
    await subscribe([1, 2]);
    await tick(5);
    await tick(5);
    expect(asked.map(({ from, to }) => [from / SECOND, to / SECOND])).toEqual([
      [985, 1_015],
      [990, 1_020],
    ]);
    expect(frames[1]).toMatchObject({
      series: [1, 2],
      x: [0, 1],
      t: [1_010 * SECOND, 1_010 * SECOND],
      v: [1, 2],
    });
  });

  it("asks for at most 50 series at once", async () => {
    const { socket, asked, tick, subscribe } = setUp();
    socket.connect();
    await settled();
    await subscribe(Array.from({ length: 120 }, (_, index) => index));
    await tick(5);
    expect(asked.map(({ series }) => series.length)).toEqual([50, 50, 20]);
  });

  it("asks a device with a wrong clock by its own clock", async () => {
    const { socket, asked, tick, subscribe } = setUp((id) => (id === 2 ? 3_600 * SECOND : 0));
    socket.connect();
    await settled();
    await subscribe([1, 2]);
    await tick(5);
    expect(asked.map(({ series, to }) => [series, to / SECOND])).toEqual([
      [[1], 1_015],
      [[2], 1_015 - 3_600],
    ]);
  });

  it("disconnects when an answer does not come, and asks for what was missed after it reconnects", async () => {
    const { socket, asked, events, tick, setDown, subscribe } = setUp();
    socket.connect();
    await settled();
    await subscribe([1]);
    await tick(5);
    setDown(true);
    await tick(5);
    expect([socket.connected, events.at(-1)]).toEqual([false, "disconnect"]);
    socket.connect();
    await settled();
    expect([socket.connected, events.at(-1)]).toEqual([false, "connect_error"]);
    setDown(false);
    socket.connect();
    await settled();
    expect([socket.connected, events.at(-1)]).toEqual([true, "connect"]);
    expect(asked.at(-1)?.from).toBe((1_005 - 15) * SECOND);
  });
});
