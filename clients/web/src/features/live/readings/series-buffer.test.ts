import { describe, expect, it } from "vitest";
import { SeriesBuffer } from "./series-buffer";

const contents = (buffer: SeriesBuffer) => {
  const { t, v } = buffer.samples();
  return { t: Array.from(t), v: Array.from(v) };
};

describe("SeriesBuffer", () => {
  it("appends newer readings and rejects others", () => {
    const buffer = new SeriesBuffer(64);
    expect(buffer.append(10, 1)).toBe(true);
    expect(buffer.append(10, 9)).toBe(false);
    expect(buffer.append(5, 9)).toBe(false);
    expect(buffer.append(20, 2)).toBe(true);
    expect(contents(buffer)).toEqual({ t: [10, 20], v: [1, 2] });
  });

  it("merges a backlog in any order and ignores duplicates", () => {
    const buffer = new SeriesBuffer(64);
    buffer.append(10, 1);
    buffer.append(40, 4);
    expect(buffer.merge([30, 50, 20, 40, 30, 5], [3, 5, 2, 99, 99, 0])).toBe(4);
    expect(contents(buffer)).toEqual({ t: [5, 10, 20, 30, 40, 50], v: [0, 1, 2, 3, 4, 5] });
  });

  it("equals the sorted set of all readings, in any order and any batches", () => {
    // A seeded generator: the same numbers in every run.
    let seed = 7;
    const random = () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
    const buffer = new SeriesBuffer(4_096);
    const all = new Map<number, number>();
    for (let round = 0; round < 200; round += 1) {
      const t = Array.from({ length: 1 + Math.floor(random() * 9) }, () => Math.floor(random() * 1_500));
      const v = t.map((time) => time * 2);
      t.forEach((time, index) => all.set(time, v[index]!));
      if (t.length === 1 && buffer.append(t[0]!, v[0]!)) continue;
      buffer.merge(t, v);
    }
    const times = [...all.keys()].sort((a, b) => a - b);
    expect(contents(buffer)).toEqual({ t: times, v: times.map((time) => all.get(time)) });
  });

  it("stays within its capacity, keeps the extremes, and reports the thinned span", () => {
    const thinned: [number, number, number][] = [];
    const buffer = new SeriesBuffer(256, (...span) => thinned.push(span));
    for (let t = 0; t < 10_000; t += 1)
      buffer.append(t, t === 1_234 ? 1_000 : t === 777 ? -1_000 : Math.sin(t));
    expect(buffer.length).toBeLessThanOrEqual(256);
    expect(buffer.firstTime).toBe(0);
    expect(buffer.lastTime).toBe(9_999);
    expect(Math.max(...contents(buffer).v)).toBe(1_000);
    expect(Math.min(...contents(buffer).v)).toBe(-1_000);
    expect(thinned.length).toBeGreaterThan(0);
    expect(thinned[0]![0]).toBe(0);
  });

  it("stays within its capacity when a long history is merged", () => {
    const buffer = new SeriesBuffer(128);
    buffer.append(1_000_000, 1);
    const t = Array.from({ length: 5_000 }, (_, index) => index);
    buffer.merge(t, t);
    expect(buffer.length).toBeLessThanOrEqual(128);
    expect(buffer.lastTime).toBe(1_000_000);
  });

  it("drops old readings, except the one from which a line enters the view", () => {
    const buffer = new SeriesBuffer(64);
    for (const t of [10, 20, 30, 40]) buffer.append(t, t);
    buffer.trimBefore(35);
    expect(contents(buffer).t).toEqual([30, 40]);
    buffer.append(50, 50);
    expect(buffer.merge([45], [45])).toBe(1);
    expect(contents(buffer).t).toEqual([30, 40, 45, 50]);
  });
});
