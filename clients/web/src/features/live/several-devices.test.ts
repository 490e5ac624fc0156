// One feed with series of several devices: one subscription, one history, and a clock per device.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Device, History, Series } from "@/contracts/http";
import { SocketTwin } from "./connection/socket-twin";
import { LiveFeed } from "./live-feed";
import { aDevice, AS_DECLARED } from "@/testing/telemetry";

const SECOND = 1_000_000;
const HOUR = 3_600 * SECOND;
const START_MS = 1_700_000_000_000;
const NOW = START_MS * 1_000;

const device = (id: string, offset: number | null = null): Device =>
  aDevice({ id, name: id, clock_offset_us: offset, clock_suspect: offset !== null });
const series = (id: number, of: string): Series => ({
  id,
  device: of,
  name: `series.${id}`,
  display_name: `Series ${id}`,
  type: "float",
  unit: "",
  interval_us: SECOND,
  latest: null,
  ...AS_DECLARED,
});
const frame = (readings: readonly [id: number, t: number][], pos: Record<string, number>) => ({
  sent: Date.now() * 1_000,
  pos,
  lane: "live",
  conflated: false,
  series: readings.map(([id]) => id),
  x: readings.map((_, index) => index),
  t: readings.map(([, t]) => t),
  v: readings.map(() => 1),
});

type Load = { id: number; from: number; to: number };

function setUp() {
  const loads: Load[] = [];
  let socket: SocketTwin | undefined;
  let resumed: (device: string) => string = () => "live";
  const feed = new LiveFeed({
    tokens: { token: () => Promise.resolve("t"), renew: () => Promise.resolve("t") },
    openSocket: (auth) => {
      socket = new SocketTwin(auth);
      socket.answers.probe = () => ({ t: Date.now() * 1_000 });
      socket.answers.subscribe = () => ({
        ok: true,
        pos: { a: 10, b: 20 },
        resumed: { a: resumed("a"), b: resumed("b") },
        unknown: [],
      });
      return socket.asSocket();
    },
    nowMs: () => Date.now(),
    random: () => 1,
    isOnline: () => true,
    after: (ms, work) => {
      const timer = setTimeout(work, ms);
      return () => clearTimeout(timer);
    },
    every: (ms, work) => {
      const timer = setInterval(work, ms);
      return () => clearInterval(timer);
    },
    fetchHistory: (id, range): Promise<History> => {
      loads.push({ id, from: range.from, to: range.to });
      const empty = { n: 0, sampled: false, t: [], v: [], clock_suspect: false };
      return Promise.resolve({ series: id, from: range.from, to: range.to, ...empty });
    },
    deviceChanged: () => undefined,
  });
  feed.start();
  const subscriptions = () =>
    socket!.sent.filter(({ event }) => event === "subscribe").map(({ message }) => message);
  const resumeAs = (outcome: (device: string) => string) => (resumed = outcome);
  return { feed, loads, socket: socket!, subscriptions, resumeAs };
}

const settled = () => vi.advanceTimersByTimeAsync(0);
const shown = { devices: [device("a"), device("b", HOUR)], series: [series(1, "a"), series(2, "b")] };

describe("a selection of several devices", () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: START_MS });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("needs one subscription, and resumes each device from its own position", async () => {
    const { feed, socket, subscriptions } = setUp();
    feed.select({ ...shown, rangeUs: 300 * SECOND });
    socket.accept();
    await settled();
    socket.fire("frame", frame([[1, NOW]], { a: 11 }), () => undefined);
    socket.fire("frame", frame([[2, NOW - HOUR]], { b: 25, c: 7 }), () => undefined);
    socket.drop();
    await vi.advanceTimersByTimeAsync(500);
    socket.accept();
    await settled();
    expect(subscriptions()).toEqual([
      { series: [1, 2], rate: 20, pos: {} },
      { series: [1, 2], rate: 20, pos: { a: 11, b: 25 } },
    ]);
    feed.stop();
  });

  it("loads the history again unless every device is resumed exactly", async () => {
    const { feed, socket, loads, resumeAs } = setUp();
    feed.select({ ...shown, rangeUs: 300 * SECOND });
    socket.accept();
    await settled();
    expect(loads).toHaveLength(2);
    const reconnect = async (outcome: (device: string) => string) => {
      resumeAs(outcome);
      socket.drop();
      await vi.advanceTimersByTimeAsync(1_000);
      socket.accept();
      await settled();
    };
    await reconnect(() => "exact");
    expect(loads).toHaveLength(2);
    await reconnect((id) => (id === "a" ? "exact" : "history"));
    expect(loads).toHaveLength(4);
    feed.stop();
  });

  it("shows readings of a device with a wrong clock at the time of the server", async () => {
    const { feed, socket, loads } = setUp();
    feed.select({ ...shown, rangeUs: 300 * SECOND });
    socket.accept();
    await settled();
    expect(feed.view.shownUs()).toBe(NOW);
    const [right, wrong] = [loads.find(({ id }) => id === 1)!, loads.find(({ id }) => id === 2)!];
    expect(right.from - wrong.from).toBe(HOUR);
    expect(right.to - wrong.to).toBe(HOUR);
    const readings: [number, number][] = [
      [1, NOW],
      [2, NOW - HOUR],
    ];
    socket.fire("frame", frame(readings, { a: 11, b: 21 }), () => undefined);
    expect([feed.latest(1)?.t, feed.latest(2)?.t]).toEqual([NOW, NOW]);
    expect(Array.from(feed.samples(2).t)).toEqual([NOW]);
    feed.stop();
  });

  it("marks a gap of a moved series where it is shown, and keeps its readings in the range", async () => {
    const { feed, socket } = setUp();
    feed.select({ ...shown, rangeUs: 300 * SECOND });
    socket.accept();
    await settled();
    for (const at of [NOW - HOUR - 60 * SECOND, NOW - HOUR])
      socket.fire("frame", frame([[2, at]], { b: 21 }), () => undefined);
    await vi.advanceTimersByTimeAsync(5_100);
    expect(feed.gaps(2)).toEqual([{ from: NOW - 60 * SECOND, to: NOW }]);
    expect(feed.gapTest(2)(NOW - 60 * SECOND, NOW)).toBe(true);
    feed.stop();
  });

  it("keeps the readings of a device that stays, and shows one device alone by its own clock", async () => {
    const { feed, socket } = setUp();
    feed.select({ ...shown, rangeUs: 300 * SECOND });
    socket.accept();
    await settled();
    socket.fire("frame", frame([[2, NOW - HOUR]], { b: 21 }), () => undefined);
    feed.select({ devices: [shown.devices[1]!], series: [shown.series[1]!], rangeUs: 300 * SECOND });
    expect(feed.view.shownUs()).toBe(NOW - HOUR);
    expect(feed.latest(2)?.t).toBe(NOW - HOUR);
    feed.stop();
  });
});
