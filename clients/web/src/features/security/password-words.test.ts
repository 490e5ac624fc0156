import { describe, expect, it } from "vitest";
import { ApiError } from "@/lib/api/api-client";
import { explainPassword, passwordProblems } from "./password-words";

describe("passwordProblems", () => {
  it("has a sentence of its own for each rule, and one for rules of tomorrow", () => {
    const all = ["too_short", "too_long", "not_text", "common", "pattern", "contains_context", "of_tomorrow"];
    const said = passwordProblems(all, { min_length: 12, max_length: 128 });
    expect(new Set(said).size).toBe(all.length);
    expect(said[0]).toContain("12");
    expect(said[1]).toContain("128");
  });
});

describe("explainPassword", () => {
  it("says what the service found", () => {
    const error = new ApiError(422, "password_unfit", "unfit", null, null, { problems: ["common"] });
    expect(explainPassword(error)).toMatch(/^Too common/);
  });

  it("says the rest as everywhere", () => {
    expect(explainPassword(new ApiError(403, "wrong_password", "x"))).toBe("The current password is wrong.");
  });
});
