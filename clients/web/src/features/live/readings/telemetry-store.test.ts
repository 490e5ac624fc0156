import { describe, expect, it } from "vitest";
import type { History, Series } from "@/contracts/http";
import type { LiveFrame } from "@/contracts/live";
import { TelemetryStore } from "./telemetry-store";
import { AS_DECLARED } from "@/testing/telemetry";

const series = (id: number, overrides: Partial<Series> = {}): Series => ({
  id,
  device: "d",
  name: `s.${id}`,
  display_name: `S ${id}`,
  type: "float",
  unit: "",
  ...AS_DECLARED,
  interval_us: 100,
  latest: null,
  ...overrides,
});

const frame = (
  rows: [id: number, t: number, v: number | boolean][],
  overrides: Partial<LiveFrame> = {},
): LiveFrame => {
  const ids = [...new Set(rows.map(([id]) => id))];
  return {
    sent: 1,
    pos: {},
    lane: "live",
    conflated: false,
    series: ids,
    x: rows.map(([id]) => ids.indexOf(id)),
    t: rows.map(([, t]) => t),
    v: rows.map(([, , v]) => v),
    ...overrides,
  };
};

const history = (id: number, t: number[], overrides: Partial<History> = {}): History => ({
  series: id,
  from: 0,
  to: 1e9,
  n: t.length,
  sampled: false,
  t,
  v: t.map(Number),
  clock_suspect: false,
  ...overrides,
});

const times = (store: TelemetryStore, id = 1) => Array.from(store.samples(id).t);

const storeOf = (...held: Series[]) => {
  const store = new TelemetryStore();
  store.setSeries(held);
  return store;
};

describe("TelemetryStore", () => {
  it("merges live readings and history without gaps and duplicates, in any order", () => {
    const store = storeOf(series(1));
    store.addFrame(
      frame([
        [1, 500, 500],
        [1, 600, 600],
      ]),
    );
    store.addHistory(history(1, [100, 200, 300, 400, 500]), 0);
    store.addFrame(frame([[1, 700, 700]]));
    expect(times(store)).toEqual([100, 200, 300, 400, 500, 600, 700]);
    expect(store.gaps(1)).toEqual([]);
  });

  it("merges a backlog frame without changing the latest value", () => {
    const store = storeOf(series(1));
    store.addFrame(frame([[1, 1_000, 10]]));
    store.addFrame(
      frame(
        [
          [1, 300, 3],
          [1, 200, 2],
        ],
        { lane: "backlog" },
      ),
    );
    expect(times(store)).toEqual([200, 300, 1_000]);
    expect(store.latest(1)).toEqual({ t: 1_000, v: 10 });
    expect(store.gaps(1)).toEqual([{ from: 300, to: 1_000 }]);
  });

  it("keeps the latest value as it was sent", () => {
    const store = storeOf(series(1, { type: "bool" }));
    store.addFrame(frame([[1, 100, true]]));
    expect(store.latest(1)).toEqual({ t: 100, v: true });
    expect(Array.from(store.samples(1).v)).toEqual([1]);
  });

  it("finds no gap where the gateway left readings out on purpose", () => {
    const store = storeOf(series(1));
    store.addFrame(frame([[1, 1_000, 1]], { sent: 1_000 }));
    store.addFrame(frame([[1, 1_700, 1]], { sent: 1_700, conflated: true }));
    expect(store.gaps(1)).toEqual([]);
    store.addFrame(frame([[1, 2_400, 1]], { sent: 2_400 }));
    expect(store.gaps(1)).toEqual([{ from: 1_700, to: 2_400 }]);
  });

  it("finds a gap that is longer than a conflated frame covers", () => {
    const store = storeOf(series(1));
    store.addFrame(frame([[1, 1_000, 1]], { sent: 50_000 }));
    store.addFrame(frame([[1, 40_000, 1]], { sent: 50_500, conflated: true }));
    expect(store.gaps(1)).toEqual([{ from: 1_000, to: 40_000 }]);
  });

  it("knows where it holds only samples, until it gets the full history", () => {
    const store = storeOf(series(1));
    store.addHistory(history(1, [0, 2_000, 4_000], { sampled: true, n: 41 }), 2_000);
    expect(store.gaps(1)).toEqual([]);
    store.addHistory(history(1, [0, 100, 200, 4_000]), 0);
    expect(store.gaps(1)).toEqual([
      { from: 200, to: 2_000 },
      { from: 2_000, to: 4_000 },
    ]);
  });

  it("skips readings older than the view, and drops old ones", () => {
    const store = storeOf(series(1));
    store.trimBefore(1_000);
    store.addFrame(
      frame([
        [1, 2_000, 1],
        [1, 10, 1],
      ]),
    );
    expect(times(store)).toEqual([2_000]);
    store.addFrame(
      frame([
        [1, 2_100, 1],
        [1, 2_200, 1],
      ]),
    );
    store.trimBefore(2_150);
    expect(times(store)).toEqual([2_100, 2_200]);
  });

  it("ignores unknown series, and keeps the readings of series that stay", () => {
    const store = storeOf(series(1), series(2));
    store.addFrame(
      frame([
        [1, 100, 1],
        [2, 100, 2],
        [3, 100, 3],
      ]),
    );
    store.setSeries([series(2), series(3)]);
    expect(times(store, 1)).toEqual([]);
    expect(times(store, 2)).toEqual([100]);
    expect(times(store, 3)).toEqual([]);
  });

  it("merges late readings, and marks their time", () => {
    const store = storeOf(series(1, { interval_us: 1_000_000 }));
    const now = 1_000_000_000;
    const rows = (from: number, to: number): [number, number, number][] => {
      const made: [number, number, number][] = [];
      for (let t = from; t < to; t += 1_000_000) made.push([1, t, 1]);
      return made;
    };
    store.addFrame(frame(rows(now - 100_000_000, now - 60_000_000)), now - 60_000_000);
    store.addFrame(frame(rows(now - 2_000_000, now)), now);
    expect(store.gaps(1)).toHaveLength(1);
    expect(store.late(1)).toEqual([]);
    store.addFrame(frame(rows(now - 60_000_000, now - 30_000_000), { lane: "backlog" }), now);
    store.addFrame(frame(rows(now - 30_000_000, now - 2_000_000), { lane: "backlog" }), now);
    expect(store.gaps(1)).toEqual([]);
    // The last ten seconds are not late.
    expect(store.late(1)).toEqual([{ from: now - 60_000_000, to: now - 11_000_000 }]);
    store.trimBefore(now);
    expect(store.late(1)).toEqual([]);
  });

  it("estimates an undeclared interval from history, and finds gaps with it", () => {
    const store = storeOf(series(1, { interval_us: null }));
    expect(store.interval(1)).toBeNull();
    store.addHistory(history(1, [0, 100, 200, 90_000, 90_100, 90_200]), 0);
    expect(store.interval(1)).toBe(100);
    expect(store.gaps(1)).toEqual([{ from: 200, to: 90_000 }]);
  });

  it("estimates it from live readings without history, and accepts a longer one", () => {
    const store = storeOf(series(1, { interval_us: null }));
    const feed = (from: number, every: number, count: number) => {
      for (let n = 0; n < count; n += 1) store.addFrame(frame([[1, from + n * every, 1]]));
    };
    feed(1_000, 100, 3);
    expect(store.interval(1)).toBe(100);
    feed(2_000, 500, 12);
    expect(store.interval(1)).toBe(500);
  });

  it("lists series without an interval until it is found", () => {
    const latest = { t: 5_000, v: 1, ahead: false };
    const store = storeOf(series(1, { latest }), series(2, { latest, interval_us: null }));
    expect(store.withoutInterval()).toEqual([{ id: 2, latestUs: 5_000 }]);
    store.setFoundInterval(2, 700);
    expect(store.withoutInterval()).toEqual([]);
    expect(store.interval(2)).toBe(700);
  });

  it("replaces a latest reading from the future", () => {
    const now = 1_000_000_000;
    const ahead = now + 63_072_000_000_000;
    const store = storeOf();
    store.setSeries([series(1, { latest: { t: ahead, v: 99, ahead: true } })], now);
    expect(store.latest(1)?.v).toBe(99);
    store.addFrame(frame([[1, now, 1]]), now);
    expect(store.latest(1)?.v).toBe(1);
    store.addFrame(frame([[1, ahead + 1, 100]]), now);
    store.addHistory(history(1, [ahead + 2]), 0, now);
    store.setSeries([series(1, { latest: { t: ahead + 3, v: 99, ahead: true } })], now);
    expect(store.latest(1)?.v).toBe(1);
  });

  it("marks where the clock was wrong, until newer history says otherwise", () => {
    const store = storeOf(series(1));
    store.addHistory(history(1, [100, 200, 300, 400], { clock_suspect: true }), 0);
    expect(store.suspect(1)).toEqual([{ from: 100, to: 400 }]);
    store.addHistory(history(1, [300, 400, 500]), 0);
    expect(store.suspect(1)).toEqual([{ from: 100, to: 300 }]);
    store.trimBefore(350);
    expect(store.suspect(1)).toEqual([]);
  });
});
