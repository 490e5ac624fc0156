import { expect, it } from "vitest";
import { ApiError, problemOf } from "./api-client";
import { explain, failureOf } from "./explain";

const answer = (status: number, path: string, problem: object | null = null) => {
  const response = new Response(null, { status });
  Object.defineProperty(response, "url", { value: `https://pulse.example${path}` });
  return problemOf(response, problem);
};
const DEVICES = "/api/telemetry/devices";

it.each([
  ["a session that is over", answer(401, DEVICES), "session", "Your session has ended"],
  ["a refusal", answer(403, DEVICES), "forbidden", "Your account has no access to this"],
  ["no network", new ApiError(0, "unreachable", "x"), "network", "The server cannot be reached"],
  ["a service that is away", answer(503, DEVICES), "service", "The telemetry service does not answer"],
  ["a service that made a mistake", answer(500, DEVICES), "service", "The telemetry service has failed"],
  ["another service", answer(502, "/api/auth/sessions"), "service", "The sign-in service does not answer"],
  ["too much", answer(429, DEVICES), "busy", "Too many requests"],
  ["a wrong question", answer(422, DEVICES), "refused", "The list of devices could not be loaded"],
  ["this page", new TypeError("x is undefined"), "page", "The list of devices has failed"],
])("the title names what failed: %s", (_, error, kind, title) => {
  expect(failureOf(error, "The list of devices")).toMatchObject({ kind, title });
});

it("says what to do", () => {
  expect(failureOf(answer(401, DEVICES, { detail: "The access token is invalid." }), "x").detail).toBe(
    "Sign in again to go on.",
  );
  expect(failureOf(answer(500, DEVICES, { request_id: "r-17" }), "x").detail).toContain("r-17");
  expect(failureOf(new ApiError(429, "rate_limited", "", 120), "x").detail).toBe("Try again in 2 min.");
});

it("explains a failure as one sentence, named after what failed", () => {
  expect(explain(answer(503, "/api/users"))).toBe(
    "The account service does not answer. Try again in a moment.",
  );
  expect(explain(answer(503, "/api/users"), { unavailable: "Wait." })).toBe("Wait.");
  expect(explain(answer(401, DEVICES))).toBe("Your session has ended. Sign in again.");
  expect(explain(answer(422, DEVICES, { detail: "from lies after to" }))).toBe("from lies after to");
  expect(explain(new ApiError(0, "unreachable", ""))).toMatch(/network/);
});
