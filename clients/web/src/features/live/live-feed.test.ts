import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { History, Series } from "@/contracts/http";
import { ApiError } from "@/lib/api/api-client";
import { LiveFeed } from "./live-feed";
import { SocketTwin } from "./connection/socket-twin";
import { AS_DECLARED, aDevice } from "@/testing/telemetry";

const SECOND = 1_000_000;
const START_MS = 1_700_000_000_000;

const device = aDevice();
const series: Series = {
  id: 1,
  device: "d1",
  name: "cpu.total",
  display_name: "CPU",
  type: "float",
  unit: "%",
  ...AS_DECLARED,
  interval_us: SECOND,
  latest: null,
};

type Range = { from: number; to: number; points: number };

/** A feed with a socket twin and an endless history of one reading per second. */
function setUp() {
  const twins: SocketTwin[] = [];
  const loads: Range[] = [];
  const renewals: string[] = [];
  let isOnline = true;
  let storedUntil = Infinity;
  let fetchHistory = (id: number, range: Range): Promise<History> => {
    loads.push(range);
    const now = Date.now() * 1_000;
    const t: number[] = [];
    for (
      let at = Math.ceil(range.from / SECOND) * SECOND;
      at <= Math.min(range.to, now, storedUntil);
      at += SECOND
    )
      t.push(at);
    return Promise.resolve({
      series: id,
      from: range.from,
      to: range.to,
      n: t.length,
      sampled: false,
      t,
      v: t.map(() => 1),
      clock_suspect: false,
    });
  };
  const feed = new LiveFeed({
    tokens: {
      token: () => Promise.resolve("token-1"),
      renew: (rejected) => {
        renewals.push(rejected);
        return Promise.resolve("token-2");
      },
    },
    openSocket: (auth) => {
      const twin = new SocketTwin(auth);
      twin.answers.probe = () => ({ t: Date.now() * 1_000 });
      twin.answers.subscribe = ({ pos }: { pos: Record<string, number> }) => ({
        ok: true,
        pos: { d1: 100 },
        resumed: { d1: "d1" in pos ? "exact" : "live" },
      });
      twins.push(twin);
      return twin.asSocket();
    },
    nowMs: () => Date.now(),
    random: () => 1,
    isOnline: () => isOnline,
    after: (ms, work) => {
      const timer = setTimeout(work, ms);
      return () => clearTimeout(timer);
    },
    every: (ms, work) => {
      const timer = setInterval(work, ms);
      return () => clearInterval(timer);
    },
    fetchHistory: (id, range) => fetchHistory(id, range),
    deviceChanged: () => undefined,
  });
  feed.start();
  return {
    feed,
    loads,
    renewals,
    socket: twins[0]!,
    storeUntil: (us: number) => {
      storedUntil = us;
    },
    setOnline: (online: boolean) => {
      isOnline = online;
      feed.connection.networkChanged();
    },
    failHistory: (error: Error) => {
      const working = fetchHistory;
      fetchHistory = () => Promise.reject(error);
      return () => {
        fetchHistory = working;
      };
    },
    subscriptions: () =>
      twins[0]!.sent.filter(({ event }) => event === "subscribe").map(({ message }) => message),
  };
}

const frame = (t: number[], pos: number, lane = "live") => ({
  sent: Date.now() * 1_000,
  pos: { d1: pos },
  lane,
  conflated: false,
  series: [1],
  x: t.map(() => 0),
  t,
  v: t.map(() => 2),
});

const settled = () => vi.advanceTimersByTimeAsync(0);

describe("LiveFeed", () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: START_MS });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("subscribes first, then loads history, and merges both without a gap", async () => {
    const { feed, socket, loads, subscriptions } = setUp();
    feed.select({ devices: [device], series: [series], rangeUs: 300 * SECOND });
    await settled();
    expect(loads).toEqual([]);
    socket.accept();
    await settled();
    expect(subscriptions()).toEqual([{ series: [1], rate: 20, pos: {} }]);
    expect(loads).toHaveLength(1);
    const now = START_MS * 1_000;
    socket.fire("frame", frame([now, now + SECOND], 101), () => undefined);
    expect(feed.gaps(1)).toEqual([]);
    expect(feed.samples(1).t.at(-1)).toBe(now + SECOND);
    expect(feed.historyState()).toEqual({ status: "ready" });
    feed.stop();
  });

  it("shows stored readings without a socket", async () => {
    const { feed, loads } = setUp();
    feed.select({ devices: [device], series: [series], rangeUs: 300 * SECOND });
    await vi.advanceTimersByTimeAsync(1_500);
    expect(loads).toHaveLength(1);
    expect(feed.samples(1).t.length).toBeGreaterThan(290);
    feed.stop();
  });

  it("acknowledges each frame, also an invalid one", async () => {
    const { feed, socket } = setUp();
    feed.select({ devices: [device], series: [series], rangeUs: 300 * SECOND });
    socket.accept();
    await settled();
    const acks = vi.fn();
    socket.fire("frame", frame([START_MS * 1_000], 101), acks);
    socket.fire("frame", { lane: "nonsense" }, acks);
    expect(acks).toHaveBeenCalledTimes(2);
    feed.stop();
  });

  it("resumes from its last position, without a reload when the resume is exact", async () => {
    const { feed, socket, loads, subscriptions } = setUp();
    feed.select({ devices: [device], series: [series], rangeUs: 300 * SECOND });
    socket.accept();
    await settled();
    socket.fire("frame", frame([START_MS * 1_000], 117), () => undefined);
    socket.drop();
    expect(feed.connection.state).toEqual({ kind: "reconnecting", atMs: START_MS + 500 });
    await vi.advanceTimersByTimeAsync(500);
    socket.accept();
    await settled();
    expect(subscriptions().at(-1)).toEqual({ series: [1], rate: 20, pos: { d1: 117 } });
    expect(loads).toHaveLength(1);
    feed.stop();
  });

  it("reloads once after a burst of conflated frames, and not during a load", async () => {
    const { feed, socket, loads } = setUp();
    feed.select({ devices: [device], series: [series], rangeUs: 300 * SECOND });
    socket.accept();
    await settled();
    expect(loads).toHaveLength(1);
    for (const pos of [117, 118, 119]) {
      const conflated = { ...frame([START_MS * 1_000 + pos], pos), lane: "backlog", conflated: true };
      socket.fire("frame", conflated, () => undefined);
    }
    expect(loads).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1_500);
    expect(loads).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(loads).toHaveLength(2);
    feed.stop();
  });

  it("forgets the position of the previous device, also after a late frame of it", async () => {
    const { feed, socket, subscriptions } = setUp();
    feed.select({ devices: [device], series: [series], rangeUs: 300 * SECOND });
    socket.accept();
    await settled();
    feed.select({
      devices: [{ ...device, id: "d2" }],
      series: [{ ...series, id: 2, device: "d2" }],
      rangeUs: 300 * SECOND,
    });
    socket.fire("frame", frame([START_MS * 1_000], 140), () => undefined);
    socket.drop();
    await vi.advanceTimersByTimeAsync(500);
    socket.accept();
    await settled();
    expect(subscriptions().at(-1)).toEqual({ series: [2], rate: 20, pos: {} });
    feed.stop();
  });

  it("reloads when the log no longer has the missed readings", async () => {
    const { feed, socket, loads } = setUp();
    feed.select({ devices: [device], series: [series], rangeUs: 300 * SECOND });
    socket.accept();
    await settled();
    socket.drop();
    await vi.advanceTimersByTimeAsync(60_000);
    socket.answers.subscribe = () => ({ ok: true, pos: { d1: 900 }, resumed: { d1: "history" } });
    socket.accept();
    await settled();
    expect(loads).toHaveLength(2);
    expect(feed.gaps(1)).toEqual([]);
    feed.stop();
  });

  it("loads a failed history again, also after an exact resume", async () => {
    const { feed, socket, loads, failHistory } = setUp();
    const restore = failHistory(new ApiError(403, "forbidden", "No."));
    feed.select({ devices: [device], series: [series], rangeUs: 300 * SECOND });
    socket.accept();
    await settled();
    expect(feed.historyState()).toEqual({ status: "denied" });
    restore();
    socket.drop();
    await vi.advanceTimersByTimeAsync(500);
    socket.accept();
    await settled();
    expect(loads).toHaveLength(1);
    expect(feed.historyState()).toEqual({ status: "ready" });
    feed.stop();
  });

  it("gets a new token when the gateway rejects the old one, and before it expires", async () => {
    const { feed, socket, renewals } = setUp();
    await settled();
    socket.refuse("not_signed_in");
    await settled();
    expect(renewals).toEqual(["token-1"]);
    await vi.advanceTimersByTimeAsync(500);
    socket.answers.authenticate = () => ({ ok: true, expires_at: "" });
    socket.accept();
    await settled();
    socket.fire("token_expiring", { expires_at: "" });
    await settled();
    expect(socket.sent).toContainEqual({ event: "authenticate", message: { token: "token-2" } });
    feed.stop();
  });

  it("shows offline without a countdown while there is no network", async () => {
    const { feed, socket, setOnline } = setUp();
    socket.accept();
    await settled();
    setOnline(false);
    socket.drop();
    expect(feed.connection.state).toEqual({ kind: "offline" });
    setOnline(true);
    await settled();
    socket.accept();
    expect(feed.connection.state.kind).toBe("live");
    feed.stop();
  });

  it("reconnects when probes get no answer", async () => {
    const { feed, socket } = setUp();
    socket.answers.probe = () => Promise.reject(new Error("timeout"));
    socket.accept();
    await vi.advanceTimersByTimeAsync(5_100);
    expect(feed.connection.state.kind).toBe("reconnecting");
    feed.stop();
  });

  it("shows a slow connection, until the gateway sends no more notices", async () => {
    const { feed, socket } = setUp();
    socket.accept();
    await settled();
    socket.fire("notice", { code: "slow_client", detail: "" });
    expect(feed.connection.state).toMatchObject({ kind: "live", isSlow: true });
    await vi.advanceTimersByTimeAsync(30_000);
    expect(feed.connection.state).toMatchObject({ kind: "live", isSlow: false });
    feed.stop();
  });

  it("keeps the shown values while paused, and keeps collecting readings", async () => {
    const { feed, socket } = setUp();
    feed.select({ devices: [device], series: [series], rangeUs: 300 * SECOND });
    socket.accept();
    await settled();
    const now = START_MS * 1_000;
    socket.fire("frame", frame([now + 1], 101), () => undefined);
    feed.setPaused(true);
    await vi.advanceTimersByTimeAsync(4_000);
    socket.fire("frame", frame([now + 4 * SECOND], 102), () => undefined);
    expect(feed.latest(1)?.t).toBe(now + 1);
    expect(feed.view.shownUs()).toBe(now);
    expect(feed.samples(1).t.at(-1)).toBe(now + 4 * SECOND);
    feed.setPaused(false);
    expect(feed.latest(1)?.t).toBe(now + 4 * SECOND);
    feed.stop();
  });

  it("shows values of series that are chosen during a pause: those of the moment of the pause", async () => {
    const { feed, socket } = setUp();
    const other = { ...series, id: 2, name: "cpu.other" };
    feed.select({ devices: [device], series: [series], rangeUs: 300 * SECOND });
    socket.accept();
    await settled();
    feed.setPaused(true);
    const shown = feed.view.shownUs();
    await vi.advanceTimersByTimeAsync(10_000);
    feed.select({ devices: [device], series: [other], rangeUs: 300 * SECOND });
    await settled();
    expect(feed.view.current().paused).toBe(true);
    expect(feed.latest(2)?.t).toBeGreaterThan(shown - 2 * SECOND);
    expect(feed.latest(2)?.t).toBeLessThanOrEqual(shown);
    feed.stop();
  });

  it("shows a device with a wrong clock at the right edge", async () => {
    const { feed } = setUp();
    const wrong = { ...device, clock_suspect: true, clock_offset_us: 3_600 * SECOND };
    feed.select({ devices: [wrong], series: [series], rangeUs: 300 * SECOND });
    expect(feed.view.shownUs()).toBe(START_MS * 1_000 - 3_600 * SECOND);
    feed.stop();
  });

  it("reconnects after the delay of a draining gateway, with its position", async () => {
    const { feed, socket, subscriptions } = setUp();
    feed.select({ devices: [device], series: [series], rangeUs: 300 * SECOND });
    socket.accept();
    await settled();
    socket.fire("frame", frame([START_MS * 1_000], 105), () => undefined);
    socket.fire("drain", { after_ms: 2_300 });
    expect(feed.connection.state).toEqual({ kind: "reconnecting", atMs: Date.now() + 2_300 });
    await vi.advanceTimersByTimeAsync(2_300);
    socket.accept();
    await settled();
    expect(subscriptions().at(-1)).toEqual({ series: [1], rate: 20, pos: { d1: 105 } });
    feed.stop();
  });

  it("checks the session at once when the gateway reports its end", async () => {
    const { feed, socket, renewals } = setUp();
    socket.accept();
    await settled();
    socket.fire("ended", { code: "slow_client", detail: "" });
    expect(renewals).toEqual([]);
    socket.fire("ended", { code: "session_ended", detail: "" });
    expect(renewals).toEqual(["token-1"]);
    feed.stop();
  });

  it("reloads when its position is ahead of the gateway", async () => {
    const { feed, socket, loads } = setUp();
    feed.select({ devices: [device], series: [series], rangeUs: 300 * SECOND });
    socket.accept();
    await settled();
    socket.drop();
    socket.answers.subscribe = () => ({ ok: true, pos: { d1: 3 }, resumed: { d1: "ahead" }, unknown: [] });
    await vi.advanceTimersByTimeAsync(1_000);
    socket.accept();
    await settled();
    expect(loads).toHaveLength(2);
    feed.stop();
  });

  it("finds the interval of a silent series outside the visible range", async () => {
    const { feed, socket, loads, storeUntil } = setUp();
    const latest = { t: START_MS * 1_000 - 960 * SECOND, v: 1, ahead: false };
    storeUntil(latest.t);
    feed.select({
      devices: [device],
      series: [{ ...series, interval_us: null, latest }],
      rangeUs: 300 * SECOND,
    });
    socket.accept();
    await settled();
    expect(feed.samples(1).t).toHaveLength(0);
    expect(feed.interval(1)).toBe(SECOND);
    const before = loads.length;
    await feed.reload();
    expect(loads).toHaveLength(before + 1);
    feed.stop();
  });
});
