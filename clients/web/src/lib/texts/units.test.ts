// @vitest-environment jsdom
import { afterEach, describe, expect, it } from "vitest";
import { formatBrief, formatFull, formatValue, valueText } from "./format";
import { conversionTo, converted, convertedDecimals, shownUnit } from "./units";

const page = document.documentElement;

afterEach(() => {
  delete page.dataset.units;
  delete page.dataset.decimal;
});

const METRIC =
  "°C °C/min °C/h m km mm cm µm m² cm² mm² km² ha l ml m³ cm³ kg g km/h m/s m/min mm/s mm/h l/min l/s l/h m³/h m³/s kg/h kg/s kg/m³ bar kPa MPa hPa mbar N kN N·m".split(
    " ",
  );
/** Repeatable numbers of all sizes, of both signs. */
const NUMBERS = [0, ...Array.from({ length: 60 }, (_, n) => (n % 2 ? -1 : 1) * 1.37 ** (n - 20))];

it("shows a value as declared where its chart has several units", () => {
  page.dataset.units = "imperial";
  const series = { type: "float", unit: "°C", keepsUnit: true } as const;
  expect(valueText(formatBrief(22, series))).toBe("22.0 °C");
  expect(valueText(formatValue(22, series))).toBe("22 °C");
  expect(formatFull(22, series)).toBe("22 °C");
});

describe("conversion of units", () => {
  // Reference: NIST Special Publication 811, appendix B.
  it.each([
    ["imperial", "°C", 100, 212, "°F"],
    ["imperial", "°C", -40, -40, "°F"],
    ["imperial", "°C/min", 10, 18, "°F/min"],
    ["imperial", "m", 1, 3.28084, "ft"],
    ["imperial", "km", 1, 0.621371, "mi"],
    ["imperial", "mm", 25.4, 1, "in"],
    ["imperial", "µm", 25.4, 1, "mil"],
    ["imperial", "m²", 1, 10.7639, "ft²"],
    ["imperial", "ha", 1, 2.47105, "ac"],
    ["imperial", "l", 1, 0.264172, "gal"],
    ["imperial", "ml", 100, 3.3814, "fl oz"],
    ["imperial", "m³", 1, 35.3147, "ft³"],
    ["imperial", "kg", 1, 2.20462, "lb"],
    ["imperial", "g", 100, 3.5274, "oz"],
    ["imperial", "km/h", 100, 62.1371, "mph"],
    ["imperial", "m³/h", 1, 0.588578, "ft³/min"],
    ["imperial", "kg/m³", 1, 0.062428, "lb/ft³"],
    ["imperial", "bar", 1, 14.5038, "psi"],
    ["imperial", "kPa", 100, 14.5038, "psi"],
    ["imperial", "hPa", 1013.25, 29.9213, "inHg"],
    ["imperial", "N", 1, 0.224809, "lbf"],
    ["imperial", "N·m", 1, 0.737562, "lbf·ft"],
    ["metric", "°F", 212, 100, "°C"],
    ["metric", "ft", 1, 0.3048, "m"],
    ["metric", "in", 1, 25.4, "mm"],
    ["metric", "psi", 14.5038, 1, "bar"],
    ["metric", "mph", 60, 96.5606, "km/h"],
  ] as const)("shows, %s, %s %d as %d %s", (system, unit, value, shown, other) => {
    const conversion = conversionTo(system, unit)!;
    expect(conversion.unit).toBe(other);
    expect(converted(value, conversion)).toBeCloseTo(shown, 4 - Math.floor(Math.log10(Math.abs(shown) + 1)));
  });

  it.each(METRIC)("goes there and back without a loss, and keeps the order: %s", (unit) => {
    const there = conversionTo("imperial", unit)!;
    const back = { unit, factor: 1 / there.factor, offset: -there.offset / there.factor };
    const sorted = [...NUMBERS].sort((a, b) => a - b);
    const shown = sorted.map((value) => converted(value, there));
    expect([...shown].sort((a, b) => a - b)).toEqual(shown);
    for (const value of NUMBERS)
      expect(converted(converted(value, there), back)).toBeCloseTo(
        value,
        9 - Math.ceil(Math.log10(Math.abs(value) + 10)),
      );
    // What is shown is never converted again.
    expect(conversionTo("imperial", there.unit)).toBeNull();
    expect(conversionTo("metric", unit)).toBeNull();
    const metric = conversionTo("metric", there.unit)!;
    expect(conversionTo("imperial", metric.unit)!.unit).toBe(there.unit);
    expect(metric.factor * conversionTo("imperial", metric.unit)!.factor).toBeCloseTo(1, 12);
  });

  it.each([
    ["degC", "°F"],
    ["m3/h", "ft³/min"],
    ["m^2", "ft²"],
    [" L ", "gal"],
    ["Nm", "lbf·ft"],
    ["N*m", "lbf·ft"],
    ["μm", "mil"],
  ])("knows the spelling %s", (unit, shown) => {
    expect(conversionTo("imperial", unit)?.unit).toBe(shown);
  });

  it.each(["", "%", "V", "A", "W", "kWh", "s", "Hz", "B", "MiB/s", "rpm", "K", "constructor", "C", "M", "G"])(
    "leaves %j alone",
    (unit) => {
      expect(conversionTo("imperial", unit)).toBeNull();
      expect(conversionTo("metric", unit)).toBeNull();
    },
  );
});

describe("formatted values", () => {
  const CELSIUS = { type: "float", unit: "°C" } as const;

  it("have the declared unit without a choice", () => {
    expect(formatBrief(21.3, CELSIUS)).toEqual({ text: "21.3", unit: "°C" });
    expect(shownUnit("°C")).toBe("°C");
  });

  it("have the person's unit and number format, and the title has both values", () => {
    page.dataset.units = "imperial";
    expect(formatBrief(21.3, CELSIUS)).toEqual({ text: "70.3", unit: "°F" });
    expect(formatBrief(21, { type: "int", unit: "°C", decimals: 1 })).toEqual({ text: "69.8", unit: "°F" });
    expect(valueText(formatValue(21.3, CELSIUS))).toBe("70.34 °F");
    expect(formatFull(21.3, CELSIUS)).toBe("70.34 °F (21.3 °C)");
    page.dataset.units = "metric";
    expect(valueText(formatValue(70.34, { type: "float", unit: "°F" }))).toBe("21.3 °C");
    expect(valueText(formatValue(21.3, CELSIUS))).toBe("21.3 °C");
  });

  it("stay as they are for switches, missing values and other units", () => {
    page.dataset.units = "imperial";
    expect(formatBrief(null, CELSIUS).text).toBe("–");
    expect(formatBrief(Number.NaN, CELSIUS).text).toBe("–");
    expect(formatBrief(3, { type: "int", unit: "V" })).toEqual({ text: "3", unit: "V" });
    expect(formatFull(null, CELSIUS)).toBe("–");
  });

  it("have more decimals where the shown unit is larger, and fewer where it is smaller", () => {
    expect(convertedDecimals(1, conversionTo("imperial", "mm")!)).toBe(2);
    expect(convertedDecimals(2, conversionTo("imperial", "bar")!)).toBe(1);
    expect(convertedDecimals(0, conversionTo("imperial", "MPa")!)).toBe(0);
    expect(convertedDecimals(1, conversionTo("imperial", "°C")!)).toBe(1);
  });
});
