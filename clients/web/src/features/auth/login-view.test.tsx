// @vitest-environment jsdom
import { cleanup, fireEvent, screen, waitFor } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";
import { LoginView } from "./login-view";
import { render } from "@/testing/render";

const problem = (status: number, code: string, members = {}) =>
  new Response(JSON.stringify({ code, status, ...members }), { status });

const grant = (mustEnrol: boolean) =>
  Response.json({
    access_token: "t",
    expires_at: "2030-01-01T00:00:00Z",
    account: { id: "1", email: "a@example.com", name: "A", role: "user" },
    second_factor_enrolment_required: mustEnrol,
  });

function setUp(...answers: Response[]) {
  const sent: { path: string; body: unknown }[] = [];
  vi.stubGlobal("fetch", (path: string, init: RequestInit) => {
    sent.push({ path, body: JSON.parse(String(init.body)) });
    return Promise.resolve(answers.shift());
  });
  const onSignedIn = vi.fn();
  render(<LoginView notice={null} onSignedIn={onSignedIn} />);
  return { sent, onSignedIn };
}

const type = (id: string, text: string) =>
  fireEvent.change(screen.getByTestId(id), { target: { value: text } });
const send = (id: string) => fireEvent.submit(screen.getByTestId(id).closest("form")!);

async function enterPassword() {
  type("login-email", "a@example.com");
  type("login-password", "secret words");
  send("login-submit");
  return screen.findByTestId<HTMLInputElement>("login-code");
}

const challenged = () => problem(401, "second_factor_required", { challenge: "c1" });

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

describe("LoginView", () => {
  it("asks for a code after a right password, and sends it without spaces", async () => {
    const { sent, onSignedIn } = setUp(challenged(), grant(true));
    const code = await enterPassword();
    expect([code.inputMode, code.autocomplete]).toEqual(["numeric", "one-time-code"]);
    expect(document.activeElement).toBe(code);
    type("login-code", "123 456");
    send("login-code-submit");
    await waitFor(() => expect(onSignedIn).toHaveBeenCalledExactlyOnceWith(true));
    expect(sent[1]).toEqual({
      path: "/api/auth/login/second-factor",
      body: { challenge: "c1", code: "123456" },
    });
  });

  it("says that the phone's time may be wrong after a wrong code", async () => {
    setUp(challenged(), problem(401, "wrong_code"));
    await enterPassword();
    type("login-code", "123456");
    send("login-code-submit");
    expect((await screen.findByTestId("login-error")).textContent).toContain(
      "time on your phone may be wrong",
    );
  });

  it("accepts a recovery code instead", async () => {
    const { sent, onSignedIn } = setUp(challenged(), problem(401, "wrong_code"), grant(false));
    await enterPassword();
    fireEvent.click(screen.getByTestId("login-other-code"));
    type("login-recovery-code", " 7k2m-q9xd-0hne-4wtv ");
    send("login-code-submit");
    expect((await screen.findByTestId("login-error")).textContent).toContain("another recovery code");
    send("login-code-submit");
    await waitFor(() => expect(onSignedIn).toHaveBeenCalledExactlyOnceWith(false));
    expect(sent[2]!.body).toEqual({ challenge: "c1", code: "7k2m-q9xd-0hne-4wtv" });
  });

  it("returns to the password when the challenge has expired, explains it, and keeps the email", async () => {
    setUp(challenged(), problem(401, "challenge_over"));
    await enterPassword();
    type("login-code", "123456");
    send("login-code-submit");
    expect((await screen.findByTestId("login-error")).textContent).toContain("Sign in again");
    expect(screen.getByTestId<HTMLInputElement>("login-email").value).toBe("a@example.com");
    expect(screen.getByTestId<HTMLInputElement>("login-password").value).toBe("");
  });

  it("returns to the password on request, without a problem", async () => {
    setUp(challenged());
    await enterPassword();
    fireEvent.click(screen.getByTestId("login-back"));
    expect(screen.getByTestId("login-submit")).toBeTruthy();
    expect(screen.queryByTestId("login-error")).toBeNull();
  });

  it("sends no form twice", async () => {
    const { sent } = setUp(challenged());
    await enterPassword();
    vi.stubGlobal("fetch", (path: string) => {
      sent.push({ path, body: null });
      return new Promise(() => undefined);
    });
    type("login-code", "123456");
    send("login-code-submit");
    await waitFor(() =>
      expect(screen.getByTestId<HTMLButtonElement>("login-code-submit").disabled).toBe(true),
    );
    send("login-code-submit");
    expect(sent).toHaveLength(2);
  });
});
