import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { lifetimeMs, Session } from "./session";

const account = { id: "a", email: "a@example.com", name: "A", role: "viewer" };

/** A token with the given lifetime. Its signature is not valid; the page does not check it. */
const tokenOf = (name: string, seconds: number) =>
  `${name}.${btoa(JSON.stringify({ iat: 1_000, exp: 1_000 + seconds }))}.x`;

const grant = (name: string, seconds = 300) =>
  Response.json({
    access_token: tokenOf(name, seconds),
    expires_at: "2020-01-01T00:00:00Z",
    account,
    second_factor_enrolment_required: false,
  });

const problem = (status: number, code: string, headers = {}) =>
  new Response(JSON.stringify({ code, status, detail: code }), { status, headers });

function setUp() {
  const channel = new Set<() => void>();
  const calls: { path: string; init: RequestInit }[] = [];
  const answers: (() => Response | Promise<Response>)[] = [];
  vi.stubGlobal("fetch", (path: string, init: RequestInit) => {
    calls.push({ path, init });
    const answer = answers.shift();
    return answer ? Promise.resolve(answer()) : Promise.reject(new TypeError("network down"));
  });
  let turn: Promise<unknown> = Promise.resolve();
  const open = () => {
    const own: (() => void)[] = [];
    return new Session({
      now: () => Date.now(),
      // One lock for all sessions of a test, as for all tabs of one site.
      exclusively: <T>(work: () => Promise<T>) => {
        const mine = turn.then(work);
        turn = mine.catch(() => undefined);
        return mine;
      },
      signOutChannel: {
        announce: () => channel.forEach((listener) => !own.includes(listener) && listener()),
        listen: (listener) => {
          own.push(listener);
          channel.add(listener);
        },
      },
      after: (ms, work) => {
        const timer = setTimeout(work, ms);
        return () => clearTimeout(timer);
      },
    });
  };
  return { open, calls, answers };
}

describe("Session", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it("refreshes once for concurrent callers, with the CSRF header", async () => {
    const { open, calls, answers } = setUp();
    answers.push(() => grant("one"));
    const session = open();
    const tokens = await Promise.all([session.token(), session.token(), session.token()]);
    expect(new Set(tokens)).toEqual(new Set([tokenOf("one", 300)]));
    expect(calls).toHaveLength(1);
    expect(calls[0]!.path).toBe("/api/auth/refresh");
    expect(new Headers(calls[0]!.init.headers).get("x-pulse-csrf")).toBe("1");
    expect(session.state).toEqual({ status: "signed-in", account, mustEnrol: false });
  });

  it("starts with the answer to the early request, and asks no second time", async () => {
    const { open, calls, answers } = setUp();
    answers.push(() => grant("one"));
    const session = open();
    session.startEarly();
    session.startEarly();
    await vi.advanceTimersByTimeAsync(100);
    expect(session.state).toEqual({ status: "starting" });
    session.start();
    expect(await session.token()).toBe(tokenOf("one", 300));
    expect(calls).toHaveLength(1);
    session.startEarly();
    expect(calls).toHaveLength(1);
  });

  it("reports a failure of the early request when the page starts, and tries again", async () => {
    const { open, calls, answers } = setUp();
    const session = open();
    session.startEarly();
    await vi.advanceTimersByTimeAsync(100);
    expect(session.state).toEqual({ status: "starting" });
    session.start();
    await vi.advanceTimersByTimeAsync(0);
    expect(session.state).toMatchObject({ status: "unreachable" });
    answers.push(() => grant("one"));
    await vi.advanceTimersByTimeAsync(1_100);
    expect(session.state).toMatchObject({ status: "signed-in" });
    expect(calls).toHaveLength(2);
  });

  it("forgets the early answer when another tab signs out", async () => {
    const { open, answers } = setUp();
    const [session, other] = [open(), open()];
    answers.push(
      () => grant("one"),
      () => new Response(null, { status: 204 }),
      () => problem(401, "session_ended"),
    );
    session.startEarly();
    await vi.advanceTimersByTimeAsync(10);
    await other.signOut();
    session.start();
    await vi.advanceTimersByTimeAsync(10);
    expect(session.state).toMatchObject({ status: "signed-out" });
  });

  it("renews a minute before expiry", async () => {
    const { open, calls, answers } = setUp();
    answers.push(
      () => grant("one"),
      () => grant("two"),
    );
    const session = open();
    session.start();
    await vi.advanceTimersByTimeAsync(239_000);
    expect(calls).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(calls).toHaveLength(2);
    expect(await session.token()).toBe(tokenOf("two", 300));
  });

  it("renews a rejected token once for all calls that were rejected with it", async () => {
    const { open, calls, answers } = setUp();
    answers.push(
      () => grant("one"),
      () => grant("two"),
    );
    const session = open();
    const first = await session.token();
    const renewed = await Promise.all([session.renew(first), session.renew(first)]);
    expect(await session.renew(first)).toBe(tokenOf("two", 300));
    expect(renewed).toEqual([tokenOf("two", 300), tokenOf("two", 300)]);
    expect(calls).toHaveLength(2);
  });

  it("lets one tab refresh at a time", async () => {
    const { open, answers } = setUp();
    let inFlight = 0;
    let maxInFlight = 0;
    const slow = (name: string) => async () => {
      inFlight += 1;
      maxInFlight = Math.max(maxInFlight, inFlight);
      await new Promise((resolve) => setTimeout(resolve, 50));
      inFlight -= 1;
      return grant(name);
    };
    answers.push(slow("one"), slow("two"), slow("three"));
    const tabs = [open(), open(), open()];
    const tokens = Promise.all(tabs.map((tab) => tab.token()));
    await vi.advanceTimersByTimeAsync(500);
    expect(await tokens).toEqual([tokenOf("one", 300), tokenOf("two", 300), tokenOf("three", 300)]);
    expect(maxInFlight).toBe(1);
  });

  it("ends when auth answers that the session has ended", async () => {
    const { open, answers } = setUp();
    answers.push(() => problem(401, "session_ended"));
    const session = open();
    await expect(session.token()).rejects.toMatchObject({ code: "session_ended" });
    expect(session.state).toEqual({ status: "signed-out", reason: "ended" });
  });

  it("retries during an outage and does not sign out", async () => {
    const { open, answers } = setUp();
    answers.push(() => problem(503, "unavailable"));
    const session = open();
    session.start();
    await vi.advanceTimersByTimeAsync(0);
    expect(session.state).toEqual({ status: "unreachable", problem: "The service does not answer" });
    answers.push(() => grant("one"));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(session.state.status).toBe("signed-in");
  });

  it("stays signed in while renewing fails for a while", async () => {
    const { open, answers } = setUp();
    answers.push(() => grant("one"));
    const session = open();
    await session.token();
    await vi.advanceTimersByTimeAsync(241_000);
    expect(session.state.status).toBe("signed-in");
    answers.push(() => grant("two"));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await session.token()).toBe(tokenOf("two", 300));
  });

  it("signs out the other tabs too", async () => {
    const { open, answers } = setUp();
    answers.push(
      () => grant("one"),
      () => grant("two"),
      () => new Response(null, { status: 204 }),
    );
    const [here, there] = [open(), open()];
    await here.token();
    await there.token();
    await here.signOut();
    expect(here.state.status).toBe("signed-out");
    expect(there.state.status).toBe("signed-out");
  });

  it("stays signed in when auth cannot be reached for the sign-out", async () => {
    const { open, answers } = setUp();
    answers.push(
      () => grant("one"),
      () => problem(503, "unavailable"),
    );
    const session = open();
    await session.token();
    await expect(session.signOut()).rejects.toMatchObject({ code: "unavailable" });
    expect(session.state.status).toBe("signed-in");
  });

  it("returns the challenge of a second factor, and opens a session with the code", async () => {
    const { open, answers, calls } = setUp();
    const challenged = { code: "second_factor_required", status: 401, challenge: "c1" };
    answers.push(
      () => new Response(JSON.stringify(challenged), { status: 401 }),
      () => problem(401, "wrong_code"),
      () => grant("one"),
    );
    const session = open();
    expect(await session.signIn({ email: "a", password: "b", remember: true })).toEqual({
      kind: "second-factor",
      challenge: "c1",
    });
    await expect(session.signInSecond("c1", "000000")).rejects.toMatchObject({ code: "wrong_code" });
    expect(await session.signInSecond("c1", "123456")).toEqual({ kind: "signed-in", mustEnrol: false });
    expect(JSON.parse(String(calls[2]!.init.body))).toEqual({ challenge: "c1", code: "123456" });
    expect(session.state.status).toBe("signed-in");
  });

  it("requires a second factor to be set up until a new token does not", async () => {
    const { open, answers } = setUp();
    answers.push(
      async () => Response.json({ ...(await grant("one").json()), second_factor_enrolment_required: true }),
      () => grant("two"),
    );
    const session = open();
    expect(await session.signIn({ email: "a", password: "b", remember: true })).toMatchObject({
      mustEnrol: true,
    });
    expect(session.state).toMatchObject({ mustEnrol: true });
    await session.renewNow();
    expect(session.state).toMatchObject({ mustEnrol: false });
    expect(await session.token()).toContain("two");
  });

  it("gives the reason of a sign-out: ended elsewhere, a new password, or none", async () => {
    const { open, answers } = setUp();
    answers.push(
      () => grant("one"),
      () => problem(401, "session_ended"),
    );
    const elsewhere = open();
    await elsewhere.token();
    await expect(elsewhere.renewNow()).rejects.toMatchObject({ code: "session_ended" });
    expect(elsewhere.state).toEqual({ status: "signed-out", reason: "ended" });
    expect(elsewhere.suggestedEmail).toBe("a@example.com");

    answers.push(() => grant("two"));
    const [here, there] = [open(), open()];
    await here.token();
    // The logout call fails, but the session has ended anyway.
    await here.leave("password-changed");
    expect(here.state).toEqual({ status: "signed-out", reason: "password-changed" });
    expect(here.suggestedEmail).toBe("a@example.com");
    expect(there.state).toEqual({ status: "signed-out", reason: undefined });
    expect(there.suggestedEmail).toBe("");
  });

  it("passes on a rate limit", async () => {
    const { open, answers } = setUp();
    answers.push(() => problem(429, "rate_limited", { "retry-after": "42" }));
    const attempt = open().signIn({ email: "a", password: "b", remember: true });
    await expect(attempt).rejects.toMatchObject({ code: "rate_limited", retryAfterSeconds: 42 });
  });
});

describe("lifetimeMs", () => {
  it("comes from the token, so that a wrong clock does not matter", () => {
    expect(
      lifetimeMs({ access_token: tokenOf("x", 120), expires_at: "1999-01-01T00:00:00Z" }, Date.now()),
    ).toBe(120_000);
  });

  it("falls back to expires_at, and then to a minute", () => {
    const now = Date.parse("2026-01-01T00:00:00Z");
    expect(lifetimeMs({ access_token: "opaque", expires_at: "2026-01-01T00:02:00Z" }, now)).toBe(120_000);
    expect(lifetimeMs({ access_token: "opaque", expires_at: "soon" }, now)).toBe(60_000);
  });
});
