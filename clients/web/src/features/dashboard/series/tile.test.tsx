// @vitest-environment jsdom
import { cleanup, render as renderBare, screen } from "@testing-library/react";
import { NextIntlClientProvider } from "next-intl";
import { afterEach, expect, it } from "vitest";
import type { Series } from "@/contracts/http";
import type { Feed, Reading } from "../ports";
import { Tile } from "./tile";
import german from "@/messages/de";
import { render } from "@/testing/render";
import { AS_DECLARED } from "@/testing/telemetry";

const NOW = 1_700_000_000_000_000;
const series: Series = {
  id: 1,
  device: "d",
  name: "cpu.total",
  display_name: "CPU",
  type: "float",
  unit: "%",
  ...AS_DECLARED,
  interval_us: 1_000_000,
  latest: null,
};

const tick = { shownUs: NOW, paused: false, behindUs: 0 };

const feedWith = (latest: Reading | null, intervalUs: number | null): Feed => ({
  revision: 1,
  view: { current: () => tick, subscribe: () => () => undefined, shownUs: () => NOW },
  connection: { state: { kind: "live" }, subscribe: () => () => undefined },
  historyState: () => ({ status: "ready" }),
  subscribeHistory: () => () => undefined,
  select: () => undefined,
  reload: () => Promise.resolve(),
  setPaused: () => undefined,
  latest: () => latest,
  samples: () => ({ t: new Float64Array(0), v: new Float64Array(0) }),
  gapTest: () => () => false,
  late: () => [],
  suspect: () => [],
  interval: () => intervalUs,
});

const show = (latest: Reading | null, intervalUs: number | null = 1_000_000) => {
  render(<Tile feed={feedWith(latest, intervalUs)} series={series} color="red" sparkUs={60_000_000} />);
  return screen.getByTestId("tile-cpu.total");
};

afterEach(cleanup);

it("shows value, unit and age, and exposes the raw value", () => {
  const tile = show({ t: NOW - 500_000, v: 46.8751 });
  expect(tile.textContent).toContain("46.9");
  expect(tile.textContent).toContain("now");
  expect(tile.dataset).toMatchObject({ value: "46.8751", t: String(NOW - 500_000), stale: "false" });
});

it("has a readable accessible name", () => {
  show({ t: NOW, v: 46.8751 });
  expect(screen.getByRole("article", { name: "CPU 46.9 %, now" })).toBeTruthy();
});

it.each([
  ["warning", "Warnung"],
  ["critical", "kritisch"],
] as const)("says in the language of the page that a limit was reached: %s", (severity, word) => {
  const limited: Series = { ...series, limits: [{ severity, direction: "above", value: 40 }] };
  renderBare(
    <NextIntlClientProvider locale="de" messages={german} timeZone="UTC">
      <Tile feed={feedWith({ t: NOW, v: 46 }, null)} series={limited} color="red" sparkUs={60_000_000} />
    </NextIntlClientProvider>,
  );
  expect(screen.getByTestId("tile-cpu.total").getAttribute("aria-label")).toMatch(new RegExp(`, ${word}$`));
});

it("shortens a long value, and keeps all digits in the title", () => {
  const tile = show({ t: NOW, v: 7_168_558_266 });
  expect(tile.textContent).toContain("7.17B");
  expect(tile.querySelector("[title='7,168,558,266 %']")).toBeTruthy();
});

it("shows how stale a value is", () => {
  const tile = show({ t: NOW - 42_000_000, v: 1 });
  expect(tile.textContent).toContain("Stale 42 s");
  expect(tile.dataset.stale).toBe("true");
  expect(tile.getAttribute("aria-label")).toBe("CPU 1.00 %, stale 42 s");
});

it("shows that there is no data yet", () => {
  const tile = show(null);
  expect(tile.textContent).toContain("No data yet");
  expect(tile.getAttribute("aria-label")).toBe("CPU, no data yet");
  expect(tile.dataset.value).toBeUndefined();
});

it("is neither current nor stale when the interval is unknown", () => {
  const tile = show({ t: NOW - 960_000_000, v: 1 }, null);
  expect(tile.dataset.freshness).toBe("unknown");
  expect(tile.textContent).toContain("16 min ago");
});

it("shows that a reading is from the future", () => {
  const tile = show({ t: NOW + 2 * 86_400_000_000, v: 1 });
  expect(tile.textContent).toContain("2 days ahead");
});

it("shows a small value, and all digits of a long one in its title", () => {
  expect(show({ t: NOW, v: 0.00035 }).textContent).toContain("0.00035");
  cleanup();
  expect(show({ t: NOW, v: 1013.256789 }).querySelector("[title='1,013.256789 %']")).toBeTruthy();
});
