import { expect, it } from "vitest";
import { axisLabels } from "./axis-labels";
import { drawnScale, logRange, valueRange } from "./value-range";

it("does not magnify a small change in percent, and stays between 0 and 100", () => {
  const [low, high] = valueRange(24.2, 24.3, "%");
  expect(high - low).toBeGreaterThan(2);
  expect(valueRange(0, 0, "%")[0]).toBe(0);
  expect(valueRange(3, 99, "%")).toEqual([0, 100]);
  expect(valueRange(3, 240, "%")[1]).toBeGreaterThan(240);
});

it("adds padding around values, but none below zero for values that are not negative", () => {
  expect(valueRange(0, 0, "B/s")).toEqual([0, 1]);
  expect(valueRange(0, 0, "V")).toEqual([-1, 1]);
  expect(valueRange(5, 5, "V")).toEqual([4.5, 5.5]);
  const [low, high] = valueRange(-95, -75, "V");
  expect(low).toBeLessThan(-95);
  expect(high).toBeGreaterThan(-75);
  expect(valueRange(null, null, "V")).toEqual([0, 1]);
});

/** A seeded generator: the same numbers in every run. */
function* randoms(seed: number): Generator<number> {
  for (let state = seed; ;) {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    yield state / 2 ** 32;
  }
}

it.each(["V", "%", "B", "B/s", ""])("covers values of any size and gives different labels: %s", (unit) => {
  const next = randoms(13);
  const random = () => next.next().value as number;
  for (let round = 0; round < 2_000; round += 1) {
    const size = 10 ** (random() * 600 - 300);
    const middle = (random() - 0.5) * 2 * size;
    // From nearly equal values to values of both signs.
    const half = Math.abs(middle) * 10 ** (random() * 12 - 10);
    const [min, max] = [middle - half, middle + half];
    const scale = drawnScale(Math.max(Math.abs(min), Math.abs(max)));
    const [low, high] = valueRange(min / scale, max / scale, unit);
    expect(low, `${min} ${max}`).toBeLessThanOrEqual(min / scale);
    expect(high, `${min} ${max}`).toBeGreaterThanOrEqual(max / scale);
    expect(high - low).toBeGreaterThan(0);
    expect(Number.isFinite(high - low)).toBe(true);
    const step = 10 ** Math.floor(Math.log10(high - low)) / (round % 2 ? 2 : 4);
    const first = Math.ceil(low / step);
    const ticks = [0, 1, 2, 3].map((n) => (first + n) * step * scale);
    const labels = axisLabels(ticks, unit);
    expect(new Set(labels).size, `${ticks.join()}: ${labels.join()}`).toBe(4);
  }
});

it("draws the largest numbers", () => {
  const most = Number.MAX_VALUE;
  const scale = drawnScale(most);
  const [low, high] = valueRange(-most / scale, most / scale, "");
  expect(low).toBeLessThan(-1.797);
  expect(high).toBeGreaterThan(1.797);
  expect(axisLabels([-1 * scale, 0, 1 * scale, 2 * scale], "")).toEqual(["-1e308", "0", "1e308", ""]);
});

it("divides very small numbers, and leaves usual ones unchanged", () => {
  const scale = drawnScale(1.2e-9);
  const [low, high] = valueRange(1.1e-9 / scale, 1.2e-9 / scale, "A");
  expect(low).toBeGreaterThan(1);
  expect(high).toBeLessThan(1.3);
  expect([drawnScale(0), drawnScale(1013.25), drawnScale(0.00035)]).toEqual([1, 1, 1]);
  const [near, far] = valueRange(0.00034, 0.00035, "A");
  expect(near).toBeGreaterThan(0.0003);
  expect(far).toBeLessThan(0.0004);
});

it("shows whole powers of ten on a logarithmic axis", () => {
  expect(logRange(3, 4_000)).toEqual([1, 10_000]);
  expect(logRange(10, 10)).toEqual([10, 100]);
  expect([logRange(null, null), logRange(-5, 3)]).toEqual([
    [1, 10],
    [1, 10],
  ]);
});
