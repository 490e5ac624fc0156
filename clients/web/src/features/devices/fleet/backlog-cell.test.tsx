// @vitest-environment jsdom
import { cleanup } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Device } from "@/contracts/http";
import { Backlogs } from "@/lib/readings/backlog";
import { render } from "@/testing/render";
import { aDevice } from "@/testing/telemetry";
import { BacklogCell } from "./backlog-cell";
import { lagText } from "../clock-text";
import { joinFleet } from "../fleet-device";

const NOW = Date.parse("2026-11-26T14:00:00Z");

beforeEach(() => vi.useFakeTimers({ now: NOW, toFake: ["Date"] }));
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

function text(changes: Partial<Device>, ...reports: [atMs: number, waiting: number][]): string | null {
  const backlogs = new Backlogs();
  for (const [atMs, waiting] of reports) backlogs.add("d1", waiting, atMs);
  const [device] = joinFleet([aDevice(changes)], undefined, undefined);
  return render(<BacklogCell device={device!} backlogs={backlogs} />).container.textContent;
}

it("says when the backlog will be empty, while it shrinks", () => {
  expect(text({ waiting: 12_480 }, [0, 20_000], [10_000, 12_480])).toBe("12,480empty in 17 s");
});

it("says when the buffer will be full, and that it is full", () => {
  const full_at = "2026-11-26T17:10:00Z";
  expect(text({ waiting: 1_284_060, full_at })).toBe("1,284,060full in 3 h 10 min");
  cleanup();
  expect(text({ waiting: 9_000_000, full_at: "2026-11-26T13:59:00Z" })).toBe("9,000,000full");
});

it("shows only the number when nothing is known about the future", () => {
  expect(text({ waiting: 48 })).toBe("48");
  cleanup();
  // The last rate of a disconnected collector says nothing about now.
  expect(text({ waiting: 12_480, online: false }, [0, 20_000], [10_000, 12_480])).toBe("12,480");
});

it("shows nothing for a plain device", () => {
  expect(text({ waiting: 5, promise: "at_least_once" })).toBe("");
});

it.each([
  [300, "0 ms"],
  [41_400, "41 ms"],
  [2_800_000, "2.8 s"],
  [-500, "–"],
])("a lag of %d µs is %s", (us, expected) => {
  expect(lagText(us)).toBe(expected);
});
