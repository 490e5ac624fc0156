import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Incident } from "@/contracts/http";
import { bodyOf, incidentSchemaOf, microsOf, newValues, valuesOf } from "./incident-schema";

const zone = vi.hoisted(() => ({ name: "Europe/Berlin" }));
vi.mock("@/lib/texts/page-locale", async (original) => ({
  ...(await original<object>()),
  pageTimeZone: () => zone.name,
}));

const STORED: Incident = {
  id: "6f1c2d1e-5a63-4c1b-9f0e-0f6f5a1f2b3c",
  title: "Live view slow",
  text: "Two\nlines",
  services: ["users", "telemetry-gateway"],
  started_at: "2026-11-20T09:02:00Z",
  ended_at: "2026-11-20T09:06:05Z",
  version: 1,
  created_at: "2026-11-20T09:02:00Z",
  created_by: "",
  created_by_name: "",
  updated_at: "2026-11-20T09:02:00Z",
  updated_by: "",
  updated_by_name: "",
};
const isValid = (change: object, stored: Incident = STORED) =>
  incidentSchemaOf(stored).safeParse({ ...valuesOf(stored), ...change }).success;
/** In the hour that the end of summer time repeats: from 02:50 in summer time to 02:10 in winter time. */
const REPEATED: Incident = {
  ...STORED,
  started_at: "2026-10-25T00:50:00.250Z",
  ended_at: "2026-10-25T01:10:00.125Z",
};

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe("an incident in the form", () => {
  it("has the times of the page's time zone, and survives a round trip", () => {
    const values = valuesOf(STORED);
    expect([values.started, values.ended]).toEqual(["2026-11-20T10:02", "2026-11-20T10:06:05"]);
    expect(bodyOf(values, null)).toEqual({
      title: STORED.title,
      text: STORED.text,
      services: ["telemetry-gateway", "users"],
      started_at: "2026-11-20T09:02:00.000Z",
      ended_at: "2026-11-20T09:06:05.000Z",
    });
    expect(isValid({})).toBe(true);
  });

  it("begins now, without an end", () => {
    const values = newValues(Date.parse("2026-11-20T09:02:59Z"));
    expect([values.started, values.ended]).toEqual(["2026-11-20T10:02", ""]);
    expect(bodyOf({ ...values, title: "x" }, null).ended_at).toBeNull();
  });

  it("keeps stored times that nobody has changed, to the hour that clocks repeat and to the millisecond", () => {
    const values = valuesOf(REPEATED);
    expect([values.started, values.ended]).toEqual(["2026-10-25T02:50", "2026-10-25T02:10"]);
    expect(isValid({ title: "Other" }, REPEATED)).toBe(true);
    expect(bodyOf({ ...values, title: "Other" }, REPEATED)).toMatchObject({
      title: "Other",
      started_at: REPEATED.started_at,
      ended_at: REPEATED.ended_at,
    });
    const winter = Date.parse(REPEATED.ended_at!) * 1_000;
    expect(microsOf(values.ended, REPEATED.ended_at)).toBe(winter);
  });

  it("takes changed times as they were typed", () => {
    const values = { ...valuesOf(REPEATED), started: "2026-10-25T01:00", ended: "2026-10-25T04:00" };
    expect(bodyOf(values, REPEATED)).toMatchObject({
      started_at: "2026-10-24T23:00:00.000Z",
      ended_at: "2026-10-25T03:00:00.000Z",
    });
    expect(bodyOf({ ...values, ended: "" }, REPEATED).ended_at).toBeNull();
  });

  it.each([
    ["no title", { title: "  " }],
    ["a title that is too long", { title: "x".repeat(121) }],
    ["a title with a control character", { title: "a\u0000b" }],
    ["a text that is too long", { text: "x".repeat(2_001) }],
    ["a text with a control character", { text: "a\u0000b" }],
    ["no start", { started: "" }],
    ["a start that is not a time", { started: "2026-02-31T10:00" }],
    ["a start before 1970", { started: "1969-01-01T10:00" }],
    ["an end before the start", { ended: "2026-11-20T10:01" }],
  ])("refuses %s", (_, change) => expect(isValid(change)).toBe(false));

  it.each([
    ["no end", { ended: "" }],
    ["no services and no text", { services: [], text: "" }],
    ["an end at the start", { ended: "2026-11-20T10:02" }],
  ])("takes %s", (_, change) => expect(isValid(change)).toBe(true));
});
