import { describe, expect, it } from "vitest";
import { formatAge, formatAxis, formatDuration, formatValue } from "./format";

const float = (unit = "") => ({ type: "float" as const, unit });

describe("formatValue", () => {
  it.each([
    [81.63, "°C", "81.6", "°C"],
    [4.1834, "bar", "4.18", "bar"],
    [0.36612, "V", "0.366", "V"],
    [1_284.4, "msg/s", "1,284", "msg/s"],
    [-0.0001, "V", "0.000", "V"],
    [6_442_450_944, "B", "6.00", "GiB"],
    [1_536, "B/s", "1.50", "KiB/s"],
    [512, "bytes", "512", "B"],
    [0, "B/s", "0", "B/s"],
  ])("%d %s", (value, unit, text, shownUnit) => {
    expect(formatValue(value, float(unit))).toEqual({ text, unit: shownUnit });
  });

  it("shows switches as words, integers without decimals and nothing as a dash", () => {
    expect(formatValue(true, { type: "bool", unit: "" }).text).toBe("On");
    expect(formatValue(0, { type: "bool", unit: "" }).text).toBe("Off");
    expect(formatValue(42, { type: "int", unit: "" }).text).toBe("42");
    expect(formatValue(null, float())).toEqual({ text: "–", unit: "" });
  });
});

describe("formatAxis", () => {
  it("has as many decimals as tell two ticks apart", () => {
    expect(formatAxis(67.5, 2.5, "°C")).toBe("67.5°");
    expect(formatAxis(70, 10, "%")).toBe("70%");
    expect(formatAxis(0.25, 0.25, "V")).toBe("0.25");
    expect(formatAxis(20_000, 5_000, "")).toBe("20K");
    expect(formatAxis(1_048_576, 524_288, "B/s")).toBe("1 M");
    expect(formatAxis(1_572_864, 524_288, "B/s")).toBe("1.5 M");
    expect(formatAxis(512, 256, "B")).toBe("512 B");
    expect(formatAxis(104_857_600, 1, "B")).toBe("100 M");
  });
});

it("ages are said as one would say them", () => {
  expect(formatAge(400_000)).toBe("now");
  expect(formatAge(4_200_000)).toBe("4 s ago");
  expect(formatDuration(125_000_000)).toBe("2 min");
  expect(formatDuration(7_200_000_000)).toBe("2 h");
  expect(formatDuration(86_400_000_000)).toBe("1 day");
  expect(formatDuration(30 * 86_400_000_000)).toBe("30 days");
});
