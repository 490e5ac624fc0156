import { describe, expect, it } from "vitest";
import { DEFAULT_SCOPE, everyRoleCan, grantablePermissions, roleCan, sessionCan } from "./permissions";

describe("permissions", () => {
  it("follow the table, and an unknown role has none", () => {
    expect(roleCan("admin", "accounts.manage")).toBe(true);
    expect(roleCan("user", "accounts.manage")).toBe(false);
    expect(roleCan("user", "telemetry.read")).toBe(true);
    for (const role of ["", "root", "constructor", "toString", "__proto__"])
      expect(roleCan(role, "telemetry.read")).toBe(false);
  });

  it("are limited until the second factor is set up", () => {
    const session = { account: { role: "admin" }, mustEnrol: true };
    expect(sessionCan(session)("sessions.own")).toBe(true);
    expect(sessionCan(session)("telemetry.read")).toBe(false);
    expect(sessionCan({ ...session, mustEnrol: false })("telemetry.read")).toBe(true);
  });

  it("of every role are the common ones", () => {
    expect(everyRoleCan("telemetry.read")).toBe(true);
    expect(everyRoleCan("audit.read")).toBe(false);
  });
});

describe("grantablePermissions", () => {
  it("excludes permissions about sign-in", () => {
    expect(grantablePermissions("user")).toEqual([
      "profile.own",
      "telemetry.read",
      "telemetry.export",
      "dashboards.own",
    ]);
    expect(grantablePermissions("admin")).not.toContain("api_keys.own");
    expect(grantablePermissions("user")).toEqual(expect.arrayContaining([...DEFAULT_SCOPE]));
    expect(grantablePermissions("nobody")).toEqual([]);
  });
});
