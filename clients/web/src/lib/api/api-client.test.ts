import { afterEach, describe, expect, it, vi } from "vitest";
import type { ApiError } from "./api-client";
import { createApiClient, publicApi } from "./api-client";

function setUp(...answers: Response[]) {
  const bearers: (string | null)[] = [];
  const addresses: string[] = [];
  const sent: RequestInit[] = [];
  vi.stubGlobal("fetch", (address: string, init: RequestInit) => {
    addresses.push(address);
    sent.push(init);
    bearers.push(new Headers(init.headers).get("authorization"));
    const answer = answers.shift();
    return answer ? Promise.resolve(answer) : Promise.reject(new TypeError("network down"));
  });
  const renewed: string[] = [];
  const api = createApiClient({
    token: () => Promise.resolve("old"),
    renew: (rejected) => {
      renewed.push(rejected);
      return Promise.resolve("new");
    },
  });
  return { api, bearers, addresses, renewed, sent };
}

const SESSIONS = "/api/auth/sessions";
const LOGIN = "/api/auth/login";
const credentials = { body: { email: "a@example.com", password: "secret words" } };
const rejected = () => new Response("{}", { status: 401 });

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("createApiClient", () => {
  it("sends the token and returns the parsed answer", async () => {
    const { api, bearers, addresses } = setUp(Response.json({ items: [] }));
    expect(await api.get(SESSIONS)).toEqual({ items: [] });
    expect(bearers).toEqual(["Bearer old"]);
    expect(addresses).toEqual([SESSIONS]);
  });

  it("fills in the parameters of the path and the query, escaped", async () => {
    const { api, addresses } = setUp(Response.json({}), new Response(null, { status: 204 }));
    await api.get("/api/telemetry/series", { query: { device: "a/b c", after: undefined } });
    await api.delete("/api/auth/sessions/{session}", { path: { session: "../x" } });
    expect(addresses).toEqual(["/api/telemetry/series?device=a%2Fb+c", "/api/auth/sessions/..%2Fx"]);
  });

  it("sends the version of a change, and reads the version of an answer", async () => {
    const tagged = Response.json({ id: "1" }, { headers: { etag: '"3"' } });
    const { api, sent } = setUp(tagged, Response.json({ id: "1" }), Response.json({ id: "1" }));
    expect(await api.getTagged("/api/users/{id}", { path: { id: "1" } })).toEqual({
      body: { id: "1" },
      etag: '"3"',
    });
    const body = { name: "Ada", email: "ada@example.org", role: "user" } as const;
    await api.put("/api/users/{id}", { path: { id: "1" }, body, ifMatch: '"3"' });
    expect(new Headers(sent[1]!.headers).get("if-match")).toBe('"3"');
    // Without a version, a change could overwrite another one unseen.
    await expect(api.getTagged("/api/users/{id}", { path: { id: "1" } })).rejects.toMatchObject({
      code: "unexpected_answer",
    });
  });

  it("reads the body of a 202 when there is one", async () => {
    const { api } = setUp(
      Response.json({ device: "d" }, { status: 202 }),
      new Response(null, { status: 202 }),
    );
    const resync = () => api.post("/api/sync/collectors/{device}/resync", { path: { device: "d" } });
    expect(await resync()).toEqual({ device: "d" });
    expect(await resync()).toBeNull();
  });

  it("renews the token once after a 401, and only once", async () => {
    const once = setUp(rejected(), Response.json({ items: [] }));
    expect(await once.api.get(SESSIONS)).toEqual({ items: [] });
    expect(once.bearers).toEqual(["Bearer old", "Bearer new"]);
    const twice = setUp(rejected(), rejected(), Response.json({ items: [] }));
    await expect(twice.api.get(SESSIONS)).rejects.toMatchObject({ status: 401 });
    expect(twice.renewed).toEqual(["old"]);
  });

  it.each([
    ["post", "POST"],
    ["put", "PUT"],
  ] as const)("sends a body by %s, and again with a new token", async (method, sentMethod) => {
    const { api, bearers, sent } = setUp(rejected(), Response.json({ n: 4 }));
    if (method === "post") await api.post("/api/auth/second-factor/confirm", { body: { code: "1" } });
    else await api.put("/api/profile/password", { body: { current: "1", new: "2" } });
    expect(bearers).toEqual(["Bearer old", "Bearer new"]);
    const body = method === "post" ? '{"code":"1"}' : '{"current":"1","new":"2"}';
    expect(sent.map(({ method: by, body: text }) => [by, text])).toEqual(Array(2).fill([sentMethod, body]));
  });

  it("sends the idempotency key, and again with a new token", async () => {
    const { api, sent } = setUp(rejected(), Response.json({}));
    await api.post("/api/auth/second-factor/confirm", {
      body: { code: "1" },
      idempotencyKey: "0123456789abcdef",
    });
    const keys = sent.map(({ headers }) => new Headers(headers).get("idempotency-key"));
    expect(keys).toEqual(Array(2).fill("0123456789abcdef"));
  });

  it.each([202, 204])("returns null for a %d, and sends no body with a delete", async (status) => {
    const { api, sent } = setUp(new Response(null, { status }));
    expect(await api.delete("/api/auth/api-keys/{key}", { path: { key: "k" } })).toBeNull();
    expect([sent[0]!.method, sent[0]!.body]).toEqual(["DELETE", undefined]);
  });

  it("does not retry a rejected one-time code, which would count twice", async () => {
    const { api, bearers, renewed } = setUp(
      new Response('{"code":"wrong_code"}', { status: 401 }),
      Response.json({}),
    );
    const call = api.post("/api/auth/second-factor/confirm", { body: { code: "000000" } });
    await expect(call).rejects.toMatchObject({ code: "wrong_code" });
    expect([bearers.length, renewed.length]).toEqual([1, 0]);
  });

  it("sends no token from the public client", async () => {
    const { bearers } = setUp(Response.json({ access_token: "t" }), rejected());
    expect(await publicApi.post(LOGIN, credentials)).toEqual({ access_token: "t" });
    await expect(publicApi.post(LOGIN, credentials)).rejects.toMatchObject({ status: 401 });
    expect(bearers).toEqual([null, null]);
  });

  it("passes on the members of a problem document", async () => {
    const body = JSON.stringify({ code: "forbidden", detail: "Viewers may not.", request_id: "r1" });
    const { api } = setUp(new Response(body, { status: 403 }));
    await expect(api.get(SESSIONS)).rejects.toMatchObject({
      status: 403,
      code: "forbidden",
      message: "Viewers may not.",
      requestId: "r1",
      isTemporary: false,
    });
  });

  it.each(["[]", '"text"', '{"detail":[{"msg":"x"}],"code":7,"problems":"all"}'])(
    "takes nothing but text from an error that is no problem document: %s",
    async (body) => {
      const { api } = setUp(new Response(body, { status: 502 }));
      const error = await api.get(SESSIONS).catch((thrown: ApiError) => thrown);
      expect(error).toMatchObject({ code: "unavailable", message: "" });
      expect(Object.values((error as ApiError).problem).filter((member) => member !== undefined)).toEqual([]);
    },
  );

  it("treats a bare 500 and a network failure as temporary", async () => {
    const { api } = setUp(new Response("Internal Server Error", { status: 500 }));
    await expect(api.get(SESSIONS)).rejects.toMatchObject({ code: "unavailable", isTemporary: true });
    await expect(api.get(SESSIONS)).rejects.toMatchObject({ code: "unreachable", isTemporary: true });
  });

  it.each(["<!doctype html><title>Wi-Fi login</title>", "", '"text"'])(
    "rejects a successful answer that is not a JSON object: %s",
    async (body) => {
      const { api } = setUp(new Response(body, { status: 200 }));
      await expect(api.get(SESSIONS)).rejects.toMatchObject({ code: "unexpected_answer" });
    },
  );
});
