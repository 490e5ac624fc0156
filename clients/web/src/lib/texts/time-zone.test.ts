import { describe, expect, it } from "vitest";
import {
  allZones,
  DAY_US,
  fromInputValue,
  HOUR_US,
  instantOf,
  isZone,
  offsetAt,
  offsetText,
  shiftDays,
  startOfDay,
  toInputValue,
  wallAt,
} from "./time-zone";

const BERLIN = "Europe/Berlin";
const at = (text: string) => Date.parse(text) * 1_000;
const hours = (zone: string, day: string) => {
  const start = startOfDay(at(`${day}T12:00:00Z`), zone);
  return (shiftDays(start, 1, zone) - start) / HOUR_US;
};

describe("days with a clock change", () => {
  it.each([
    [BERLIN, "2026-03-29", 23],
    [BERLIN, "2026-10-25", 25],
    [BERLIN, "2026-11-26", 24],
    ["America/New_York", "2026-03-08", 23],
    ["America/New_York", "2026-11-01", 25],
    ["Australia/Lord_Howe", "2026-04-05", 24.5],
    ["UTC", "2026-03-29", 24],
    ["Asia/Kathmandu", "2026-03-29", 24],
  ])("%s %s has %s hours", (zone, day, length) => {
    expect(hours(zone, day)).toBe(length);
  });

  it("keeps the time of day when it moves by a day across a change", () => {
    expect(shiftDays(at("2026-03-29T10:00:00Z"), -1, BERLIN)).toBe(at("2026-03-28T11:00:00Z"));
    expect(shiftDays(at("2026-10-25T11:00:00Z"), -1, BERLIN)).toBe(at("2026-10-24T10:00:00Z"));
    expect(shiftDays(at("2026-10-28T11:00:00Z"), -7, BERLIN)).toBe(at("2026-10-21T10:00:00Z"));
  });

  it("chooses the earlier of two equal times, and keeps the later one that it started from", () => {
    const first = at("2026-10-25T00:30:00Z");
    const second = at("2026-10-25T01:30:00Z");
    expect(fromInputValue("2026-10-25T02:30", BERLIN)).toBe(first);
    expect([first, second].map((us) => toInputValue(us, BERLIN))).toEqual([
      "2026-10-25T02:30",
      "2026-10-25T02:30",
    ]);
    // 02:30 of the day before is in summer time.
    expect(shiftDays(second, -1, BERLIN)).toBe(at("2026-10-24T00:30:00Z"));
    expect(shiftDays(at("2026-10-26T01:30:00Z"), -1, BERLIN)).toBe(second);
  });

  it("moves a skipped time forward by the length of the change", () => {
    expect(fromInputValue("2026-03-29T02:30", BERLIN)).toBe(at("2026-03-29T01:30:00Z"));
    expect(toInputValue(at("2026-03-29T01:30:00Z"), BERLIN)).toBe("2026-03-29T03:30");
    expect(shiftDays(at("2026-03-28T01:30:00Z"), 1, BERLIN)).toBe(at("2026-03-29T01:30:00Z"));
  });
});

it("the wall and the instant belong together in every zone, in every hour around a year", () => {
  for (const zone of [
    "UTC",
    BERLIN,
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Asia/Kathmandu",
  ]) {
    for (let us = at("2026-01-01T00:07:03Z") + 250_000; us < at("2027-01-01T00:00:00Z"); us += 7 * HOUR_US) {
      expect(instantOf(wallAt(us, zone), zone, offsetAt(us, zone))).toBe(us);
    }
  }
});

it("moving there and back returns, except for times that one of the days does not have", () => {
  let different = 0;
  for (let us = at("2026-01-01T00:00:00Z"); us < at("2027-01-01T00:00:00Z"); us += HOUR_US / 2) {
    if (shiftDays(shiftDays(us, 1, BERLIN), -1, BERLIN) !== us) different += 1;
  }
  // The skipped hour of March, from the day before.
  expect(different).toBeLessThanOrEqual(4);
});

it("knows the offset before 1970 and as text", () => {
  expect(offsetAt(at("2026-07-01T00:00:00Z"), BERLIN)).toBe(2 * HOUR_US);
  expect(offsetAt(-DAY_US, BERLIN)).toBe(HOUR_US);
  expect(offsetText(at("2026-07-01T00:00:00Z"), "Asia/Kathmandu")).toBe("UTC+5:45");
  expect(offsetText(at("2026-07-01T00:00:00Z"), "America/St_Johns")).toBe("UTC−2:30");
  expect(offsetText(0, "UTC")).toBe("UTC");
});

it("reads the values of inputs, and refuses other texts", () => {
  expect(fromInputValue("2026-11-26T08:00", "UTC")).toBe(at("2026-11-26T08:00:00Z"));
  expect(fromInputValue("2026-11-26 08:00:05", "UTC")).toBe(at("2026-11-26T08:00:05Z"));
  expect(toInputValue(at("2026-11-26T08:00:05Z"), "UTC")).toBe("2026-11-26T08:00:05");
  for (const bad of ["", "2026-02-31T08:00", "2026-11-26", "26.11.2026 08:00", "2026-11-26T25:00"]) {
    expect(fromInputValue(bad, "UTC"), bad).toBeNull();
  }
});

it("names the zones of the browser, UTC first", () => {
  expect(allZones()[0]).toBe("UTC");
  expect(allZones()).toContain(BERLIN);
  expect([isZone(BERLIN), isZone("UTC"), isZone("Mars/Base"), isZone("<b>")]).toEqual([
    true,
    true,
    false,
    false,
  ]);
});
