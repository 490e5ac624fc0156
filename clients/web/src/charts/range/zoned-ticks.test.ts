import { describe, expect, it } from "vitest";
import { offsetAt, startOfDay, wallAt } from "@/lib/texts/time-zone";
import { moments, tickLabels, zonedTicks } from "./zoned-ticks";

const BERLIN = "Europe/Berlin";
const at = (text: string) => Date.parse(text) * 1_000;
const labels = (from: string, to: string, most: number, zone = BERLIN) =>
  tickLabels(zonedTicks({ from: at(from), to: at(to) }, most, zone), zone, "en-GB");

describe("a day with a clock change", () => {
  it("of 25 hours shows the repeated hour twice, with the name of its zone", () => {
    const shown = labels("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", 30);
    expect(shown).toHaveLength(26);
    expect(shown.slice(0, 6)).toEqual(["25 Oct", "01:00", "02:00 CEST", "02:00 CET", "03:00", "04:00"]);
    expect(shown.at(-1)).toBe("26 Oct");
  });

  it("of 23 hours leaves out the skipped hour", () => {
    const shown = labels("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", 30);
    expect(shown).toHaveLength(24);
    expect(shown.slice(0, 4)).toEqual(["29 Mar", "01:00", "03:00", "04:00"]);
    expect(shown.at(-1)).toBe("30 Mar");
  });

  it("keeps round times after the change", () => {
    expect(labels("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", 9)).toEqual([
      "25 Oct",
      "03:00",
      "06:00",
      "09:00",
      "12:00",
      "15:00",
      "18:00",
      "21:00",
      "26 Oct",
    ]);
  });

  it("has one tick at each midnight of a week with the change", () => {
    const { at: ticks } = zonedTicks(
      { from: at("2026-03-26T00:00:00Z"), to: at("2026-04-02T00:00:00Z") },
      9,
      BERLIN,
    );
    expect(ticks.every((tick) => startOfDay(tick, BERLIN) === tick)).toBe(true);
    expect(ticks).toHaveLength(7);
  });
});

it("puts ticks on round times of a zone with quarters of an hour", () => {
  const { at: ticks } = zonedTicks(
    { from: at("2026-11-26T00:00:00Z"), to: at("2026-11-26T06:00:00Z") },
    7,
    "Asia/Kathmandu",
  );
  expect(ticks.map((tick) => wallAt(tick, "Asia/Kathmandu").minute)).toEqual(ticks.map(() => 0));
});

it("labels seconds, days, months and years", () => {
  expect(labels("2026-11-26T08:00:00Z", "2026-11-26T08:00:30Z", 4, "UTC")).toEqual([
    "08:00:00",
    "08:00:10",
    "08:00:20",
    "08:00:30",
  ]);
  expect(labels("2026-11-01T00:00:00Z", "2026-11-30T00:00:00Z", 5, "UTC")).toEqual([
    "2 Nov",
    "9 Nov",
    "16 Nov",
    "23 Nov",
    "30 Nov",
  ]);
  expect(labels("2026-01-01T00:00:00Z", "2026-06-01T00:00:00Z", 6, "UTC")[1]).toBe("Feb 2026");
  expect(labels("2000-01-01T00:00:00Z", "2026-06-01T00:00:00Z", 6, "UTC")).toEqual([
    "2000",
    "2005",
    "2010",
    "2015",
    "2020",
    "2025",
  ]);
});

it("is ascending, inside the span and never more than twice as many as asked for, in every zone", () => {
  for (const zone of ["UTC", BERLIN, "America/St_Johns", "Australia/Lord_Howe"]) {
    for (let length = 1_000_000; length < 1e14; length *= 3) {
      const from = at("2026-10-24T21:13:07Z");
      const { at: ticks } = zonedTicks({ from, to: from + length }, 8, zone);
      expect(ticks, `${zone} ${length}`).toEqual([...new Set(ticks)].sort((a, b) => a - b));
      expect(ticks.every((tick) => tick >= from && tick <= from + length)).toBe(true);
      expect(ticks.length).toBeLessThanOrEqual(16);
    }
  }
  expect(offsetAt(at("2026-10-24T21:13:07Z"), BERLIN)).toBe(7_200_000_000);
});

describe("moments", () => {
  const now = Date.UTC(2026, 10, 30);

  it("name the year where it is not this one, by the calendar of the zone", () => {
    const { format: text } = moments("en-GB", "Europe/Berlin", now);
    expect(text(Date.UTC(2026, 0, 1, 12))).toBe("1 Jan, 13:00:00");
    expect(text(Date.UTC(2025, 11, 31, 12))).toBe("31 Dec 2025, 13:00:00");
    expect(text(Date.UTC(2025, 11, 31, 23))).toBe("1 Jan, 00:00:00");
  });

  it("label the first day of another year with it", () => {
    const day = 86_400_000_000;
    const from = Date.UTC(2024, 11, 30) * 1_000;
    const ticks = { at: [from, from + day, from + 2 * day, from + 3 * day], stepUs: day };
    expect(tickLabels(ticks, "UTC", "en-GB", now)).toEqual(["30 Dec 2024", "31 Dec", "1 Jan 2025", "2 Jan"]);
    const here = { at: [Date.UTC(2026, 4, 1) * 1_000], stepUs: day };
    expect(tickLabels(here, "UTC", "en-GB", now)).toEqual(["1 May"]);
  });
});
