// @vitest-environment jsdom
import { cleanup, fireEvent, screen } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { LoginForm } from "./login-form";
import { render } from "@/testing/render";

const answerWith = (status: number, body: unknown, headers = {}) => {
  const fetched = vi.fn((path: string) => {
    const response = new Response(JSON.stringify(body), { status, headers });
    Object.defineProperty(response, "url", { value: `https://pulse.example${path}` });
    return Promise.resolve(response);
  });
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
  it("sends the typed values and reports the outcome", async () => {
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
    [503, { code: "unavailable" }, {}, "The sign-in service does not answer. Try again in a moment."],
    [500, "not a problem document", {}, "The sign-in service has failed. Try again in a moment."],
  ])("explains a %i and allows another attempt", async (status, body, headers, text) => {
    answerWith(status, body, headers);
    render(<LoginForm onOutcome={() => expect.unreachable()} />);
    signIn();
    const alert = await screen.findByTestId("login-error");
    expect(alert.textContent).toBe(text);
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
