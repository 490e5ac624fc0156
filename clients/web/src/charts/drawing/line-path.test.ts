import { expect, it } from "vitest";
import { traceLine } from "./line-path";

function recorder() {
  const strokes: string[] = [];
  return {
    strokes,
    moveTo: (x: number, y: number) => void strokes.push(`M${x},${y}`),
    lineTo: (x: number, y: number) => void strokes.push(`L${x},${y}`),
    arc: (x: number, y: number, radius: number) => void strokes.push(`O${x},${y},${radius}`),
  };
}

const shape = {
  x: (index: number) => index * 10,
  y: (value: number) => value,
  ground: 100,
  isStepped: false,
  dotRadius: 3,
};

function trace(column: (number | null | undefined)[], isStepped = false) {
  const stroke = recorder();
  const area = recorder();
  traceLine(column, { ...shape, isStepped }, stroke, area);
  return { stroke: stroke.strokes.join(" "), area: area.strokes.join(" ") };
}

it("ends line and area at a gap, and starts both again after it", () => {
  expect(trace([1, 2, null, 5, 6])).toEqual({
    stroke: "M0,1 L0,1 L10,2 M30,5 L30,5 L40,6",
    area: "M0,100 L0,1 L10,2 L10,100 L0,100 M30,100 L30,5 L40,6 L40,100 L30,100",
  });
});

it("breaks at the readings of this series, also when times of other series lie in the gap", () => {
  const { stroke } = trace([1, undefined, undefined, null, undefined, undefined, 7, 8]);
  expect(stroke).toBe("M0,1 L0,1 M3,1 O0,1,3 M1,1 O0,1,1 M60,7 L60,7 L70,8");
});

it("continues over times without a reading of this series", () => {
  expect(trace([1, undefined, 3]).stroke).toBe("M0,1 L0,1 L20,3");
});

it("draws a lone reading as a dot, and nothing for no readings", () => {
  expect(trace([null, 4, null]).stroke).toBe("M10,4 L10,4 M13,4 O10,4,3 M11,4 O10,4,1");
  expect(trace([null, undefined])).toEqual({ stroke: "", area: "" });
});

it("keeps the value of a switch until the next one", () => {
  expect(trace([0, 1], true).stroke).toBe("M0,0 L0,0 L10,0 L10,1");
});

it("draws a dot for readings too close together for a visible line", () => {
  const stroke = recorder();
  traceLine([5, 6], { ...shape, x: (index) => index * 2 }, stroke, null);
  expect(stroke.strokes.join(" ")).toBe("M0,5 L0,5 L2,6 M5,6 O2,6,3 M3,6 O2,6,1");
});
