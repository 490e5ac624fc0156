import { describe, expect, it } from "vitest";
import { formatAge, formatBrief, formatDuration, formatValue, formatFull, valueText } from "./format";

const float = (unit = "") => ({ type: "float" as const, unit });

it("shows as many decimals as people set for a series, but every digit in full", () => {
  const series = { type: "float" as const, unit: "°C", decimals: 1 };
  expect(formatBrief(21.456, series).text).toBe("21.5");
  expect(formatBrief(-0.01, series).text).toBe("0.0");
  expect(formatBrief(12_345, { ...series, type: "int", decimals: 2 }).text).toBe("12,345.00");
  expect(formatBrief(2_048, { type: "int", unit: "B", decimals: 3 })).toEqual({ text: "2.00", unit: "KiB" });
  expect(formatFull(21.456, series)).toBe("21.456 °C");
});

describe("formatValue", () => {
  it.each([
    [81.63, "81.63"],
    [1013.25, "1,013.25"],
    [0.1 + 0.2, "0.30000000000000004"],
    [-0.0001, "-0.0001"],
    [0.00035, "0.00035"],
    [1.2e-9, "1.2e-9"],
    [Number.MAX_VALUE, "1.7976931348623157e308"],
    [Number.MIN_VALUE, "5e-324"],
    [-0, "0"],
  ])("shows every digit of %d", (value, text) => {
    expect(formatValue(value, float("V"))).toEqual({ text, unit: "V" });
    expect(Number(text.replaceAll(",", ""))).toBe(value || 0);
  });

  it("shows switches as words, integers without decimals, and a missing value as a dash", () => {
    expect(formatValue(true, { type: "bool", unit: "" }).text).toBe("On");
    expect(formatValue(0, { type: "bool", unit: "" }).text).toBe("Off");
    expect(formatValue(7_168_558_266, { type: "int", unit: "" }).text).toBe("7,168,558,266");
    expect(formatValue(null, float())).toEqual({ text: "–", unit: "" });
  });
});

describe("formatBrief", () => {
  it.each([
    [81.63, "°C", "81.6", "°C"],
    [4.1834, "bar", "4.18", "bar"],
    [0.36612, "V", "0.366", "V"],
    [0.0123, "V", "0.0123", "V"],
    [0.00035, "A", "0.00035", "A"],
    [1.2e-9, "A", "1.2e-9", "A"],
    [1013.25, "hPa", "1,013.25", "hPa"],
    [993.25, "hPa", "993.25", "hPa"],
    [1284.4, "V", "1,284.4", "V"],
    [12_345.678, "V", "12,345.7", "V"],
    [1.797e308, "", "1.797e308", ""],
    [0, "V", "0.0", "V"],
    [999_999, "", "999,999", ""],
    [7_168_558_266, "", "7.17B", ""],
    [-9_221_981_412_345_678_901, "", "-9.222e18", ""],
    [1e15, "", "1e15", ""],
    [6_442_450_944, "B", "6.00", "GiB"],
    [1_536, "B/s", "1.50", "KiB/s"],
    [512, "bytes", "512", "B"],
    [0.25, "B/s", "0.250", "B/s"],
    [0, "B/s", "0", "B/s"],
    [21.34, "%", "21.3", "%"],
  ])("%d %s", (value, unit, text, shownUnit) => {
    const type = Number.isInteger(value) && value !== 0 ? "int" : "float";
    expect(formatBrief(value, { type, unit })).toEqual({ text, unit: shownUnit });
  });

  it("shows the digits in which the values on the screen differ", () => {
    expect(formatBrief(21.3456, float("°C"), 0.02).text).toBe("21.3456");
    expect(formatBrief(1013.25, float("hPa"), 0.5).text).toBe("1,013.25");
    expect(formatBrief(1013.2567, float("hPa"), 0.5).text).toBe("1,013.257");
    expect(formatBrief(25.9, float("%"), 0.1).text).toBe("25.9");
    expect(formatBrief(21.3456, float("°C"), 40).text).toBe("21.3");
    expect(formatBrief(-3.2e-17, float("V"), 2).text).toBe("0.0");
    expect(formatBrief(1.797e308, float(), Infinity).text).toBe("1.797e308");
    expect(formatBrief(3, float(), Infinity).text).toBe("0.0");
  });

  it("fits a tile, and never shows a value other than zero as zero", () => {
    for (let power = -320; power < 308; power += 1) {
      for (const unit of ["", "B", "B/s"]) {
        const { text } = formatBrief(-9.87654321 * 10 ** power, float(unit));
        expect(text.length, `${text} ${unit}`).toBeLessThanOrEqual(11);
        expect(text, `1e${power}`).toMatch(/[1-9]/);
        expect(text).not.toMatch(/Infinity|NaN/);
      }
    }
  });
});

it("valueText joins number and unit", () => {
  expect(valueText(formatBrief(21.34, float("%")))).toBe("21.3 %");
  expect(valueText(formatBrief(null, float("%")))).toBe("–");
});

it("formatFull shows all digits, and bytes in both units", () => {
  expect(formatFull(1013.25, float("hPa"))).toBe("1,013.25 hPa");
  expect(formatFull(6_442_450_944, float("B"))).toBe("6.00 GiB (6,442,450,944 B)");
  expect(formatFull(1_536.34, float("B/s"))).toBe("1.50 KiB/s (1,536 B/s)");
  expect(formatFull(12, float("B"))).toBe("12 B");
  expect(formatFull(null, float("B"))).toBe("–");
});

it("formatAge and formatDuration use the largest unit", () => {
  expect(formatAge(400_000)).toBe("now");
  expect(formatAge(4_200_000)).toBe("4 s ago");
  expect(formatDuration(125_000_000)).toBe("2 min");
  expect(formatDuration(7_200_000_000)).toBe("2 h");
  expect(formatDuration(86_400_000_000)).toBe("1 day");
  expect(formatDuration(30 * 86_400_000_000)).toBe("30 days");
});
