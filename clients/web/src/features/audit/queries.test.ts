import { expect, it } from "vitest";
import { queryOf } from "./queries";

const none = { kind: "", actor: "", target: "", since: "", until: "" };

it("asks for everything without a filter", () => {
  expect(Object.values(queryOf(none)).every((value) => value === undefined)).toBe(true);
});

it("includes the last day, in the time zone of the browser", () => {
  const { since, until } = queryOf({ ...none, since: "2026-10-25", until: "2026-10-25" });
  expect(since).toBe(new Date(2026, 9, 25).toISOString());
  expect(until).toBe(new Date(2026, 9, 26).toISOString());
});

it("ignores a day that an address made up", () => {
  expect(queryOf({ ...none, since: "yesterday" }).since).toBeUndefined();
});
