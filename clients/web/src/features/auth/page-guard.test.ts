import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { PageGuard } from "./page-guard";

const ORIGIN = "https://pulse.example";

let server: Server;
let url: string;
let key: CryptoKey;
let publicKey: CryptoKey;
let stranger: CryptoKey;
let refreshes: { cookie: string | undefined; origin: string | undefined; csrf: string | undefined }[];
let refreshStatus: number;
let dropsAnswer: boolean;

const sign = (
  changes: { alg?: string; typ?: string; iss?: string; aud?: string; exp?: string; by?: CryptoKey } = {},
) =>
  new SignJWT({ role: "viewer" })
    .setProtectedHeader({ alg: "ES256", typ: changes.typ ?? "at+jwt", kid: "k1" })
    .setIssuer(changes.iss ?? "precisionpulse")
    .setAudience(changes.aud ?? "pulse")
    .setSubject("account")
    .setExpirationTime(changes.exp ?? "5m")
    .sign(changes.by ?? key);

beforeAll(async () => {
  const pair = await generateKeyPair("ES256", { extractable: true });
  key = pair.privateKey;
  publicKey = pair.publicKey;
  stranger = (await generateKeyPair("ES256")).privateKey;
  const jwk = { ...(await exportJWK(publicKey)), kid: "k1", alg: "ES256", use: "sig" };
  server = createServer((request, response) => {
    if (request.url === "/api/auth/keys") {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ keys: [jwk] }));
      return;
    }
    refreshes.push({
      cookie: request.headers.cookie,
      origin: request.headers.origin,
      csrf: request.headers["x-pulse-csrf"] as string | undefined,
    });
    if (dropsAnswer) {
      request.socket.destroy();
      return;
    }
    response.statusCode = refreshStatus;
    response.setHeader(
      "set-cookie",
      refreshStatus === 200 ? ["pulse_at=new", "pulse_rt=next"] : ["pulse_rt=; Max-Age=0"],
    );
    response.end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => new Promise((resolve) => server.close(resolve)));

beforeEach(() => {
  refreshes = [];
  refreshStatus = 200;
  dropsAnswer = false;
});

const check = (access: string | undefined, refresh?: string, guard = new PageGuard(url)) =>
  guard.check(
    {
      access: access === undefined ? undefined : { name: "pulse_at", value: access },
      refresh: refresh === undefined ? undefined : { name: "pulse_rt", value: refresh },
    },
    ORIGIN,
  );

describe("PageGuard", () => {
  it("accepts a valid token without a refresh", async () => {
    expect(await check(await sign(), "rt")).toEqual({ kind: "signed-in", setCookies: [] });
    expect(refreshes).toEqual([]);
  });

  it.each([
    ["another issuer", () => sign({ iss: "stranger" })],
    ["another audience", () => sign({ aud: "other" })],
    ["another kind of token", () => sign({ typ: "JWT" })],
    ["an expired token", () => sign({ exp: "-1s" })],
    ["a foreign signature", () => sign({ by: stranger })],
    [
      "no signature",
      () => `${btoa('{"alg":"none","typ":"at+jwt"}')}.${btoa('{"sub":"x","exp":9999999999}')}.`,
    ],
    ["garbage", () => "garbage"],
  ])("rejects %s", async (_, token) => {
    expect(await check(await token())).toEqual({ kind: "signed-out", setCookies: [] });
  });

  it("refreshes the session with the headers that auth requires, and passes the cookies on", async () => {
    expect(await check(await sign({ exp: "-1s" }), "rt-1")).toEqual({
      kind: "signed-in",
      setCookies: ["pulse_at=new", "pulse_rt=next"],
    });
    expect(refreshes).toEqual([{ cookie: "pulse_rt=rt-1", origin: ORIGIN, csrf: "1" }]);
  });

  it("sends a cookie under its `__Host-` name", async () => {
    const refresh = { name: "__Host-pulse_rt", value: "rt-1" };
    await new PageGuard(url).check({ access: undefined, refresh }, ORIGIN);
    expect(refreshes[0]?.cookie).toBe("__Host-pulse_rt=rt-1");
  });

  it("retries with the same token after a lost answer", async () => {
    const guard = new PageGuard(url);
    dropsAnswer = true;
    expect(await check(undefined, "rt-1", guard)).toEqual({ kind: "unknown" });
    dropsAnswer = false;
    await expect.poll(async () => (await check(undefined, "rt-1", guard)).kind).toBe("signed-in");
    expect(new Set(refreshes.map(({ cookie }) => cookie))).toEqual(new Set(["pulse_rt=rt-1"]));
  });

  it("refreshes once for parallel requests with one refresh token", async () => {
    const guard = new PageGuard(url);
    const verdicts = await Promise.all(Array.from({ length: 12 }, () => check(undefined, "rt-1", guard)));
    expect(verdicts.every(({ kind }) => kind === "signed-in")).toBe(true);
    expect(refreshes).toHaveLength(1);
    await check(undefined, "rt-2", guard);
    expect(refreshes).toHaveLength(2);
  });

  it("signs out and clears the cookies when the session has ended", async () => {
    refreshStatus = 401;
    expect(await check(undefined, "rt-1")).toEqual({
      kind: "signed-out",
      setCookies: ["pulse_rt=; Max-Age=0"],
    });
  });

  it("retries after an outage", async () => {
    const guard = new PageGuard(url);
    refreshStatus = 503;
    expect(await check(undefined, "rt-1", guard)).toEqual({ kind: "unknown" });
    refreshStatus = 200;
    await expect.poll(async () => (await check(undefined, "rt-1", guard)).kind).toBe("signed-in");
  });

  it("returns unknown when auth cannot be reached", async () => {
    const unreachable = new PageGuard("http://127.0.0.1:9");
    expect(await check(await sign(), undefined, unreachable)).toEqual({ kind: "unknown" });
    expect(await check(undefined, "rt-1", unreachable)).toEqual({ kind: "unknown" });
    expect(await check(undefined, undefined, unreachable)).toEqual({ kind: "signed-out", setCookies: [] });
  });
});
