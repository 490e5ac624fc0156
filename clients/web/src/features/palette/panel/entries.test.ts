// @vitest-environment jsdom
import { afterEach, expect, it } from "vitest";
import { seriesEntry } from "./entries";

const series = { id: 7, device: "press-4", name: "temp.bearing", display_name: "Bearing", unit: "°C" };

afterEach(() => {
  delete document.documentElement.dataset.units;
});

it("shows the unit of a series as the person reads it", () => {
  expect(seriesEntry(series, "Press 4").detail).toBe("Press 4 · °C");
  document.documentElement.dataset.units = "imperial";
  expect(seriesEntry(series, "Press 4").detail).toBe("Press 4 · °F");
  // The gateway finds it by the declared unit.
  expect(seriesEntry(series, "Press 4").words).toContain("°C");
  expect(seriesEntry({ ...series, unit: "" }, "Press 4").detail).toBe("Press 4");
});
