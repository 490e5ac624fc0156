// @vitest-environment jsdom
import { afterEach, expect, it } from "vitest";
import type { Series } from "@/contracts/http";
import { loadLastValues } from "@/lib/readings/last-values";
import { saveValuesOf } from "./keep-last-values";

const SERIES = {
  id: 1,
  device: "press-4",
  name: "p",
  display_name: "Pressure",
  type: "float",
  unit: "bar",
  display_unit: null,
  decimals: 1,
} as unknown as Series;

const feedOf = (isPaused: boolean) =>
  ({
    series: [SERIES, { ...SERIES, id: 2 }],
    // The clock of the view is an hour ahead of this browser.
    latest: (id: number) => (id === 1 ? { t: 3_600_000_000, v: 4.25 } : null),
    view: { isPaused, shownUs: () => 3_607_000_000 },
  }) as unknown as Parameters<typeof saveValuesOf>[0];

afterEach(() => localStorage.clear());

it("saves the age of a value by the clock of the view, and leaves out series without a value", () => {
  saveValuesOf(feedOf(false), 50_000);
  expect(loadLastValues(60_000)).toEqual({
    savedAt: 50_000,
    values: [
      {
        device: "press-4",
        name: "Pressure",
        type: "float",
        unit: "bar",
        decimals: 1,
        value: 4.25,
        at: 43_000,
      },
    ],
  });
});

it("saves nothing while the view is paused", () => {
  saveValuesOf(feedOf(true), 50_000);
  expect(loadLastValues()).toBeNull();
});
