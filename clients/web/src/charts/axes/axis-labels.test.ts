import { describe, expect, it } from "vitest";
import { axisLabels, axisWidth } from "./axis-labels";

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

describe("axisLabels", () => {
  it.each([
    [[65, 67.5, 70], "°C", ["65.0°", "67.5°", "70.0°"]],
    [[0, 50, 100], "%", ["0%", "50%", "100%"]],
    [[0, 0.25], "V", ["0.00", "0.25"]],
    [[1_000, 1_500], "", ["1,000", "1,500"]],
    [[15_000, 20_000], "", ["15K", "20K"]],
    [[20_000, 20_500], "", ["20.0K", "20.5K"]],
    [[20_000, 20_001], "", ["20,000", "20,001"]],
    [[-2e9, 0, 2e9], "", ["-2B", "0", "2B"]],
    [[-1e19, -5e18, 0, 5e18, 1e19], "", ["-1e19", "-5e18", "0", "5e18", "1e19"]],
    [[1013.245, 1013.25, 1013.255], "hPa", ["1,013.245", "1,013.250", "1,013.255"]],
    [[0.0003, 0.00035, 0.0004], "A", ["0.00030", "0.00035", "0.00040"]],
    [[1e-9, 1.2e-9, 1.4e-9], "A", ["1e-9", "1.2e-9", "1.4e-9"]],
    [[1.6e308, 1.7e308, Infinity], "", ["1.6e308", "1.7e308", ""]],
    [[1.6e308, Infinity], "", ["1.6e308", ""]],
    [[1e15, 1e15 + 1, 1e15 + 2], "", ["1e15", "1.000000000000001e15", "1.000000000000002e15"]],
  ])("%j %s", (ticks, unit, labels) => {
    expect(axisLabels(ticks, unit)).toEqual(labels);
  });

  it.each([
    [[0, 512 * 1024, MIB], "B/s", ["0", "0.5 MiB/s", "1.0 MiB/s"]],
    [[GIB, 1.125 * GIB], "B", ["1.000 GiB", "1.125 GiB"]],
    [[960 * MIB, GIB, 1088 * MIB], "B", ["960 MiB", "1,024 MiB", "1,088 MiB"]],
    [[0, 128 * MIB, 256 * MIB], "B/s", ["0", "128 MiB/s", "256 MiB/s"]],
    [[0, 1, 2], "bytes", ["0", "1 B", "2 B"]],
  ])("bytes %j %s", (ticks, unit, labels) => {
    expect(axisLabels(ticks, unit)).toEqual(labels);
  });

  it("gives all ticks different labels, also one tick or none", () => {
    for (const start of [0, 1, 999, 9_999, 123_456, 7_168_558_266]) {
      for (const step of [0.5, 1, 20, 500, 1e6]) {
        const labels = axisLabels([start, start + step, start + 2 * step], "");
        expect(new Set(labels).size, labels.join()).toBe(3);
      }
    }
    expect(axisLabels([5], "%")).toEqual(["5%"]);
    expect(axisLabels([], "%")).toEqual([]);
  });
});

it("axisWidth fits its labels and grows in steps", () => {
  expect(axisWidth(10, 6)).toBe(48);
  expect(axisWidth(41, 6)).toBe(56);
  expect(axisWidth(44, 6)).toBe(56);
});
