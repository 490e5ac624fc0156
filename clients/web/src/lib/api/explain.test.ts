import { expect, it } from "vitest";
import { ApiError, problemOf } from "./api-client";
import { explain, failureOf } from "./explain";

const errorFrom = (status: number, path: string, problem: object | null = null) => {
  const response = new Response(null, { status });
  Object.defineProperty(response, "url", { value: `https://pulse.example${path}` });
  return problemOf(response, problem);
};
const DEVICES = "/api/telemetry/devices";

it.each([
  ["an ended session", errorFrom(401, DEVICES), "session", "Your session has ended"],
  ["a missing permission", errorFrom(403, DEVICES), "forbidden", "Your account has no access to this"],
  ["no network", new ApiError(0, "unreachable", "x"), "network", "The server cannot be reached"],
  ["an unavailable service", errorFrom(503, DEVICES), "service", "The telemetry service does not answer"],
  ["a failed service", errorFrom(500, DEVICES), "service", "The telemetry service has failed"],
  ["another service", errorFrom(502, "/api/auth/sessions"), "service", "The sign-in service does not answer"],
  ["a rate limit", errorFrom(429, DEVICES), "busy", "Too many requests"],
  ["an invalid request", errorFrom(422, DEVICES), "refused", "The list of devices could not be loaded"],
  ["a bug of this page", new TypeError("x is undefined"), "page", "The list of devices has failed"],
])("names the cause in the title: %s", (_, error, kind, title) => {
  expect(failureOf(error, "The list of devices")).toMatchObject({ kind, title });
});

it("says what to do", () => {
  expect(failureOf(errorFrom(401, DEVICES, { detail: "The access token is invalid." }), "x").detail).toBe(
    "Sign in again to continue.",
  );
  expect(failureOf(errorFrom(500, DEVICES, { request_id: "r-17" }), "x").detail).toContain("r-17");
  expect(failureOf(new ApiError(429, "rate_limited", "", 120), "x").detail).toBe("Try again in 2 min.");
});

it("explains a failure with the name of the service", () => {
  expect(explain(errorFrom(503, "/api/users"))).toBe(
    "The account service does not answer. Try again in a moment.",
  );
  expect(explain(errorFrom(401, DEVICES))).toBe("Your session has ended. Sign in again.");
  expect(explain(errorFrom(422, DEVICES, { detail: "`from` is after `to`." }))).toBe("`from` is after `to`.");
  expect(explain(errorFrom(422, DEVICES))).toBe("The server answered with status 422.");
  expect(explain(new ApiError(0, "unreachable", ""))).toMatch(/network/);
});

it("explains a code in the same words wherever it occurs", () => {
  for (const path of [DEVICES, "/api/auth/login", "/api/users"]) {
    expect(explain(errorFrom(403, path, { code: "wrong_password" }))).toBe("The password is wrong.");
  }
});

it("uses the hint of the form for invalid fields only", () => {
  const hint = "A code has six digits.";
  expect(explain(new ApiError(422, "invalid_request", ""), hint)).toBe(hint);
  expect(explain(new ApiError(422, "invalid_request", ""))).toMatch(/^Some fields are not valid/);
  expect(explain(new ApiError(401, "wrong_code", ""), hint)).toMatch(/^The code is wrong/);
});

it("explains which rules a password breaks", () => {
  const error = new ApiError(422, "password_unfit", "unfit", null, null, { problems: ["common"] });
  expect(explain(error)).toMatch(/^Too common/);
});
