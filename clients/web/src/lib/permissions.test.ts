import { describe, expect, it } from "vitest";
import { READ_ONLY, grantable, may, mayEverybody, mayOf } from "./permissions";

describe("may", () => {
  it("follows the table, and knows no role that is not in it", () => {
    expect(may("admin", "accounts.manage")).toBe(true);
    expect(may("user", "accounts.manage")).toBe(false);
    expect(may("user", "telemetry.read")).toBe(true);
    for (const role of ["", "root", "constructor", "toString", "__proto__"])
      expect(may(role, "telemetry.read")).toBe(false);
  });

  it("is narrow while the second factor is missing", () => {
    const held = { account: { role: "admin" }, mustEnrol: true };
    expect(mayOf(held)("sessions.own")).toBe(true);
    expect(mayOf(held)("telemetry.read")).toBe(false);
    expect(mayOf({ ...held, mustEnrol: false })("telemetry.read")).toBe(true);
  });

  it("assumes of a stranger what everybody may", () => {
    expect(mayEverybody("telemetry.read")).toBe(true);
    expect(mayEverybody("audit.read")).toBe(false);
  });
});

describe("grantable", () => {
  it("leaves out what only a person may do", () => {
    expect(grantable("user")).toEqual(["profile.own", "telemetry.read", "telemetry.export"]);
    expect(grantable("admin")).not.toContain("api_keys.own");
    expect(grantable("user")).toEqual(expect.arrayContaining([...READ_ONLY]));
    expect(grantable("nobody")).toEqual([]);
  });
});
