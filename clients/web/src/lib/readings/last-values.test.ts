// @vitest-environment jsdom
import { afterEach, expect, it } from "vitest";
import { forgetLastValues, loadLastValues, saveLastValues, type LastValue } from "./last-values";

const VALUE: LastValue = {
  device: "press-4",
  name: "Pressure",
  type: "float",
  unit: "bar",
  decimals: null,
  value: 4.2,
  at: 1_000,
};

afterEach(() => localStorage.clear());

it("finds what was saved, until somebody signs out", () => {
  saveLastValues([VALUE], 5_000);
  expect(loadLastValues(6_000)).toEqual({ savedAt: 5_000, values: [VALUE] });
  forgetLastValues();
  expect(loadLastValues()).toBeNull();
});

it("keeps at most 500 values", () => {
  saveLastValues(
    Array.from({ length: 900 }, () => VALUE),
    1,
  );
  expect(loadLastValues(2)?.values).toHaveLength(500);
});

it("shows nothing that is older than a week", () => {
  saveLastValues([VALUE], 5_000);
  expect(loadLastValues(5_000 + 7 * 86_400_000)).toBeNull();
});

it.each([
  "",
  "{",
  "null",
  "[]",
  '{"savedAt":1}',
  '{"savedAt":1,"values":[null]}',
  '{"savedAt":1,"values":[{}]}',
])("reads nothing from %j", (text) => {
  localStorage.setItem("pulse_last_values", text);
  expect(loadLastValues()).toBeNull();
});
