import { expect, it } from "vitest";
import { newestFirst, stateOf } from "./incident-times";

const NOW = Date.parse("2026-11-26T14:00:00Z");
const times = (started_at: string, ended_at: string | null) => ({ started_at, ended_at });

it.each([
  [times("2026-11-26T15:00:00Z", null), "planned"],
  [times("2026-11-26T15:00:00Z", "2026-11-26T16:00:00Z"), "planned"],
  [times("2026-11-26T13:00:00Z", null), "open"],
  [times("2026-11-26T13:00:00Z", "2026-11-26T15:00:00Z"), "open"],
  [times("2026-11-26T13:00:00Z", "2026-11-26T13:30:00Z"), "closed"],
  [times("2026-11-26T14:00:00Z", "2026-11-26T14:00:00Z"), "closed"],
])("%o is %s", (one, state) => expect(stateOf(one, NOW)).toBe(state));

it("shows the newest first", () => {
  expect(newestFirst([{ at: 1 }, { at: 3 }, { at: 2 }]).map(({ at }) => at)).toEqual([3, 2, 1]);
});
