import { expect, it } from "vitest";
import type { User } from "@/contracts/http";
import { actionsFor } from "./user-actions";

const USER: User = {
  id: "1",
  name: "Ada",
  email: "ada@example.org",
  role: "user",
  state: "active",
  active: true,
  version: 3,
  created_at: "2026-01-01T00:00:00Z",
  updated_at: "2026-01-01T00:00:00Z",
};

const possible = (user: User, isOwn = false, permissions = ["accounts.manage", "sessions.manage"]) =>
  actionsFor(user, isOwn, (permission) => permissions.includes(permission))
    .filter(({ obstacle }) => obstacle === null)
    .map(({ label }) => label);

it("lets nobody delete, disable or reset their own account", () => {
  expect(possible(USER, true)).toEqual(["Edit"]);
  expect(possible(USER)).toContain("Delete");
  expect(possible(USER)).toContain("Disable");
});

it("offers the link that fits the state", () => {
  expect(possible({ ...USER, state: "invited" })).toContain("Create a new invitation link");
  expect(possible(USER)).toContain("Create a password reset link");
  expect(possible({ ...USER, state: "inactive", active: false }).join()).not.toContain("link");
});

it("offers nothing without the permission", () => {
  expect(possible(USER, false, [])).toEqual([]);
  expect(possible(USER, false, ["sessions.manage"])).toEqual(["End all sessions", "Remove second factor"]);
});
