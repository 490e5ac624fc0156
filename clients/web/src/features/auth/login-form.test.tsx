// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { LoginForm } from "./login-form";

const answerWith = (status: number, body: unknown, headers = {}) => {
  const fetched = vi.fn(() => Promise.resolve(new Response(JSON.stringify(body), { status, headers })));
  vi.stubGlobal("fetch", fetched);
  return fetched;
};

const signIn = () => {
  fireEvent.change(screen.getByTestId("login-email"), { target: { value: " a@example.com " } });
  fireEvent.change(screen.getByTestId("login-password"), { target: { value: "secret words" } });
  fireEvent.submit(screen.getByTestId("login-submit").closest("form")!);
};

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

describe("LoginForm", () => {
  it("hands over what was typed, and goes on", async () => {
    const fetched = answerWith(200, {
      access_token: "t",
      expires_at: "2030-01-01T00:00:00Z",
      account: { id: "1", email: "a@example.com", name: "A", role: "user" },
      second_factor_enrolment_required: false,
    });
    const onOutcome = vi.fn();
    render(<LoginForm onOutcome={onOutcome} />);
    signIn();
    await vi.waitFor(() => expect(onOutcome).toHaveBeenCalledOnce());
    expect(onOutcome.mock.calls[0]).toEqual([{ kind: "signed-in", mustEnrol: false }, "a@example.com"]);
    const [path, init] = fetched.mock.calls[0] as unknown as [string, RequestInit];
    expect(path).toBe("/api/auth/login");
    expect(JSON.parse(String(init.body))).toEqual({
      email: "a@example.com",
      password: "secret words",
      remember: true,
    });
  });

  it.each([
    [401, { code: "invalid_credentials" }, {}, "Email or password is wrong."],
    [429, { code: "rate_limited" }, { "retry-after": "42" }, "Too many attempts. Try again in 42 s."],
    [429, { code: "rate_limited" }, { "retry-after": "600" }, "Too many attempts. Try again in 10 min."],
    [503, { code: "unavailable" }, {}, "The sign-in service cannot be reached. Try again in a moment."],
    [500, "not a problem document", {}, "The sign-in service cannot be reached. Try again in a moment."],
  ])("says what a %i means and lets one try again", async (status, body, headers, words) => {
    answerWith(status, body, headers);
    render(<LoginForm onOutcome={() => expect.unreachable()} />);
    signIn();
    const alert = await screen.findByTestId("login-error");
    expect(alert.textContent).toBe(words);
    expect(alert.getAttribute("role")).toBe("alert");
    expect(screen.getByTestId<HTMLButtonElement>("login-submit").disabled).toBe(false);
  });

  it("shows and hides the password", () => {
    render(<LoginForm onOutcome={() => undefined} />);
    const password = screen.getByTestId<HTMLInputElement>("login-password");
    fireEvent.click(screen.getByRole("button", { name: "Show the password" }));
    expect(password.type).toBe("text");
    fireEvent.click(screen.getByRole("button", { name: "Hide the password" }));
    expect(password.type).toBe("password");
  });
});
