import { expect, it } from "vitest";
import { bodyOf, planOf } from "./changes";

const ROWS = [
  { id: "a", outcome: "ok", detail: "", version: 3, is_change: true },
  { id: "b", outcome: "ok", detail: "", version: 1, is_change: false },
  { id: "c", outcome: "own_account", detail: "", version: 9, is_change: false },
] as const;

it("sorts the accounts of a preview by what would happen to them", () => {
  const plan = planOf({ would_succeed: false, rows: ROWS });
  expect([plan.changing, plan.unchanged, plan.refused].map((rows) => rows.map(({ id }) => id))).toEqual([
    ["a"],
    ["b"],
    ["c"],
  ]);
});

it("asks to change only what changes, in the version that the preview saw", () => {
  const plan = planOf({ would_succeed: false, rows: ROWS });
  expect(bodyOf({ action: "set_role", role: "viewer" }, plan)).toEqual({
    action: "set_role",
    role: "viewer",
    ids: ["a"],
    versions: { a: 3 },
  });
});
