import { describe, expect, it } from "vitest";
import { leaseChanges, leasesOf, valuesOf } from "./leases";

const STORED = { user_lease_s: 259_200, admin_lease_s: 0 };

describe("leases", () => {
  it("are shown and typed in hours", () => {
    expect(valuesOf(STORED)).toEqual({ user: "72", admin: "0" });
    expect(leasesOf({ user: "1,5", admin: " 8 " })).toEqual({ user_lease_s: 5_400, admin_lease_s: 28_800 });
  });

  it("survive a round trip when they are no whole hours", () => {
    expect(leasesOf(valuesOf({ user_lease_s: 5_000, admin_lease_s: 1_234 }))).toEqual({
      user_lease_s: 5_000,
      admin_lease_s: 1_234,
    });
  });

  it("list what would change", () => {
    expect(leaseChanges(STORED, { user: "72", admin: "0" })).toEqual([]);
    expect(leaseChanges(STORED, { user: "24", admin: "0" })).toEqual([
      { role: "user", from: "72 h", to: "24 h" },
    ]);
    expect(leaseChanges(STORED, { user: "72", admin: "3,5" })).toEqual([
      { role: "admin", from: "never", to: "3.5 h" },
    ]);
  });

  it.each([
    ["0", "0"],
    ["721", "0"],
    ["72", "73"],
    ["72", "-1"],
    ["", "0"],
    ["three days", "0"],
    ["1,000", "0"],
  ])("are refused outside the bounds: %s h, %s h", (user, admin) => {
    expect(leaseChanges(STORED, { user, admin })).toBeNull();
  });
});
