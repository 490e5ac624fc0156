import { expect, it } from "vitest";
import { sparkPath } from "./spark-path";

const samples = (t: number[], v: number[]) => ({ t: Float64Array.from(t), v: Float64Array.from(v) });
const window = { from: 0, to: 100 };

it("draws from edge to edge, from the lowest to the highest value", () => {
  const { line } = sparkPath(samples([0, 50, 100], [0, 10, 0]), () => false, window, 100, 20);
  expect(line).toBe("M0.0,18.0L50.0,2.0L100.0,18.0");
});

it("starts a new line after a gap, and closes each piece of the area", () => {
  const isGap = (a: number, b: number) => b - a > 30;
  const { line, area } = sparkPath(samples([0, 10, 90, 100], [1, 2, 1, 2]), isGap, window, 100, 20);
  expect(line.match(/M/g)).toHaveLength(2);
  expect(area.match(/Z/g)).toHaveLength(2);
});

it("draws a constant in the middle, and nothing for no readings", () => {
  expect(sparkPath(samples([0, 100], [7, 7]), () => false, window, 100, 20).line).toBe(
    "M0.0,10.0L100.0,10.0",
  );
  expect(sparkPath(samples([], []), () => false, window, 100, 20)).toEqual({
    line: "",
    area: "",
    dots: "",
    span: 0,
  });
});

it("draws a lone reading as a dot, and returns the span of the values", () => {
  const isGap = (a: number, b: number) => b - a > 30;
  const { dots, span } = sparkPath(samples([0, 50, 90, 100], [1, 9, 5, 5]), isGap, window, 100, 20);
  expect(dots).toBe("M2.0,18.0h0M50.0,2.0h0");
  expect(span).toBe(8);
});

it("draws the largest numbers", () => {
  const most = Number.MAX_VALUE;
  const { line } = sparkPath(samples([0, 50, 100], [most, -most, 0]), () => false, window, 100, 20);
  expect(line).toBe("M0.0,2.0L50.0,18.0L100.0,10.0");
});
