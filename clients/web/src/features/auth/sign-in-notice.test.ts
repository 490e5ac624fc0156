import { describe, expect, it } from "vitest";
import { signInAddress, signInNotice } from "./sign-in-notice";

describe("signInNotice", () => {
  it("shows known notices only", () => {
    expect(signInNotice("password-set")).toBe("password-set");
    for (const name of [undefined, "", "Call this number", "toString", ["ended"]])
      expect(signInNotice(name)).toBeNull();
  });
});

describe("signInAddress", () => {
  it("contains the notice and the next page", () => {
    expect(signInAddress()).toBe("/login");
    expect(signInAddress(undefined, "/security")).toBe("/login?next=%2Fsecurity");
    expect(signInAddress("ended", "/dashboard?range=1h")).toBe(
      "/login?notice=ended&next=%2Fdashboard%3Frange%3D1h",
    );
  });
});
