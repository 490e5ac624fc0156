// @vitest-environment jsdom
import { cleanup, fireEvent, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { ApiError } from "@/lib/api/api-client";
import { LoadError } from "./load-error";
import { render } from "@/testing/render";

afterEach(cleanup);

const show = (error: Error) => {
  const onRetry = vi.fn();
  render(<LoadError error={error} what="The list of devices" onRetry={onRetry} />);
  return { onRetry, text: screen.getByRole("alert").textContent };
};

it("does not call an ended session an outage of a service", () => {
  const { text } = show(new ApiError(401, "not_signed_in", "The access token is invalid."));
  expect(text).toBe("Your session has endedSign in again to continue.Sign in again");
});

it("names the service that does not answer, and retries", () => {
  const error = new ApiError(503, "unavailable", "", null, null, {}, "telemetry");
  const { text, onRetry } = show(error);
  expect(text).toContain("The telemetry service does not answer");
  fireEvent.click(screen.getByTestId("retry"));
  expect(onRetry).toHaveBeenCalledOnce();
});

it("offers no retry when a retry cannot help", () => {
  show(new ApiError(403, "forbidden", ""));
  expect(screen.queryByRole("button")).toBeNull();
});
