import { describe, expect, it } from "vitest";
import { formatAge, formatBrief, formatDuration, formatValue, spoken } from "./format";

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

describe("formatBrief", () => {
  it.each([
    [999_999, "", "999,999", ""],
    [7_168_558_266, "", "7.17B", ""],
    [-9_221_981_412_345_678_901, "", "-9.22e18", ""],
    [1e15, "", "1e15", ""],
    [1_284, "msg/s", "1,284", "msg/s"],
    [6_442_450_944, "B", "6.00", "GiB"],
    [21.34, "%", "21.3", "%"],
  ])("%d %s", (value, unit, text, shownUnit) => {
    expect(formatBrief(value, { type: Number.isInteger(value) ? "int" : "float", unit })).toEqual({
      text,
      unit: shownUnit,
    });
  });

  it("never takes more room than a tile has", () => {
    for (let power = -12; power < 300; power += 1) {
      for (const unit of ["", "B", "B/s"]) {
        const { text } = formatBrief(-9.87654321 * 10 ** power, float(unit));
        expect(text.length, `${text} ${unit}`).toBeLessThanOrEqual(9);
      }
    }
  });
});

it("is said as number and unit", () => {
  expect(spoken(formatValue(21.34, float("%")))).toBe("21.3 %");
  expect(spoken(formatValue(null, float("%")))).toBe("–");
});

it("ages are said as one would say them", () => {
  expect(formatAge(400_000)).toBe("now");
  expect(formatAge(4_200_000)).toBe("4 s ago");
  expect(formatDuration(125_000_000)).toBe("2 min");
  expect(formatDuration(7_200_000_000)).toBe("2 h");
  expect(formatDuration(86_400_000_000)).toBe("1 day");
  expect(formatDuration(30 * 86_400_000_000)).toBe("30 days");
});
