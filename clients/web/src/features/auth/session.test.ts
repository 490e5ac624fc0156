import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { lifetimeMs, Session } from "./session";

const account = { id: "a", email: "a@example.com", name: "A", role: "viewer" };

/** A token of the given lifetime, as this page reads it; nobody here checks the signature. */
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
    const heard: (() => void)[] = [];
    return new Session({
      now: () => Date.now(),
      // One lock for all sessions of this test, as for all tabs of one site.
      exclusively: <T>(work: () => Promise<T>) => {
        const mine = turn.then(work);
        turn = mine.catch(() => undefined);
        return mine;
      },
      signOutChannel: {
        announce: () => channel.forEach((hear) => !heard.includes(hear) && hear()),
        listen: (hear) => {
          heard.push(hear);
          channel.add(hear);
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

  it("asks once for any number of callers, and says what protects the call", async () => {
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

  it("renews a minute before the end", async () => {
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

  it("renews a refused token once, for however many calls were refused with it", async () => {
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

  it("lets tabs refresh one after the other, never at once", async () => {
    const { open, answers } = setUp();
    let underWay = 0;
    let most = 0;
    const slow = (name: string) => async () => {
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise((resolve) => setTimeout(resolve, 50));
      underWay -= 1;
      return grant(name);
    };
    answers.push(slow("one"), slow("two"), slow("three"));
    const tabs = [open(), open(), open()];
    const tokens = Promise.all(tabs.map((tab) => tab.token()));
    await vi.advanceTimersByTimeAsync(500);
    expect(await tokens).toEqual([tokenOf("one", 300), tokenOf("two", 300), tokenOf("three", 300)]);
    expect(most).toBe(1);
  });

  it("ends when the server says that the session has ended", async () => {
    const { open, answers } = setUp();
    answers.push(() => problem(401, "session_ended"));
    const session = open();
    await expect(session.token()).rejects.toMatchObject({ code: "session_ended" });
    expect(session.state).toEqual({ status: "signed-out", why: "ended" });
  });

  it("waits out an outage instead of signing anybody out", async () => {
    const { open, answers } = setUp();
    answers.push(() => problem(503, "unavailable"));
    const session = open();
    session.start();
    await vi.advanceTimersByTimeAsync(0);
    expect(session.state).toEqual({ status: "unreachable", detail: "unavailable" });
    answers.push(() => grant("one"));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(session.state.status).toBe("signed-in");
  });

  it("keeps a signed-in page as it is while renewing fails for a while", async () => {
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

  it("signs the other tabs out too", async () => {
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

  it("does not pretend to have signed out when the server could not be told", async () => {
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

  it("hands on the challenge of a second factor, and opens a session with its code", async () => {
    const { open, answers, calls } = setUp();
    const asked = { code: "second_factor_required", status: 401, challenge: "c1" };
    answers.push(
      () => new Response(JSON.stringify(asked), { status: 401 }),
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

  it("knows that a second factor must be set up, until a new token says otherwise", async () => {
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

  it("says why it is over: from elsewhere, by a new password here, or of one's own will", async () => {
    const { open, answers } = setUp();
    answers.push(
      () => grant("one"),
      () => problem(401, "session_ended"),
    );
    const elsewhere = open();
    await elsewhere.token();
    await expect(elsewhere.renewNow()).rejects.toMatchObject({ code: "session_ended" });
    expect(elsewhere.state).toEqual({ status: "signed-out", why: "ended" });
    expect(elsewhere.expectedEmail).toBe("a@example.com");

    answers.push(() => grant("two"));
    const [here, there] = [open(), open()];
    await here.token();
    // Auth cannot be told: the session is over all the same.
    await here.leave("password-changed");
    expect(here.state).toEqual({ status: "signed-out", why: "password-changed" });
    expect(here.expectedEmail).toBe("a@example.com");
    expect(there.state).toEqual({ status: "signed-out", why: undefined });
    expect(there.expectedEmail).toBe("");
  });

  it("reports wrong credentials as they are", async () => {
    const { open, answers } = setUp();
    answers.push(() => problem(429, "rate_limited", { "retry-after": "42" }));
    const attempt = open().signIn({ email: "a", password: "b", remember: true });
    await expect(attempt).rejects.toMatchObject({ code: "rate_limited", retryAfterSeconds: 42 });
  });
});

describe("lifetimeMs", () => {
  it("comes from the token, so that a wrong clock here does no harm", () => {
    expect(
      lifetimeMs({ access_token: tokenOf("x", 120), expires_at: "1999-01-01T00:00:00Z" }, Date.now()),
    ).toBe(120_000);
  });

  it("falls back to the stated end, and then to a minute", () => {
    const now = Date.parse("2026-01-01T00:00:00Z");
    expect(lifetimeMs({ access_token: "opaque", expires_at: "2026-01-01T00:02:00Z" }, now)).toBe(120_000);
    expect(lifetimeMs({ access_token: "opaque", expires_at: "soon" }, now)).toBe(60_000);
  });
});
