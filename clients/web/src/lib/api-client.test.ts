import { afterEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { nothingSchema } from "@/contracts/http";
import { createApiClient, publicApi } from "./api-client";

const schema = z.object({ n: z.number() });

function setUp(...answers: Response[]) {
  const bearers: (string | null)[] = [];
  const sent: RequestInit[] = [];
  vi.stubGlobal("fetch", (_: string, init: RequestInit) => {
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
  return { api, bearers, renewed, sent };
}

const refused = () => new Response("{}", { status: 401 });

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("createApiClient", () => {
  it("signs the call and parses the answer", async () => {
    const { api, bearers } = setUp(Response.json({ n: 1 }));
    expect(await api.get("/x", schema)).toEqual({ n: 1 });
    expect(bearers).toEqual(["Bearer old"]);
  });

  it("renews the token once after a 401, and only once", async () => {
    const once = setUp(refused(), Response.json({ n: 2 }));
    expect(await once.api.get("/x", schema)).toEqual({ n: 2 });
    expect(once.bearers).toEqual(["Bearer old", "Bearer new"]);
    const twice = setUp(refused(), refused(), Response.json({ n: 3 }));
    await expect(twice.api.get("/x", schema)).rejects.toMatchObject({ status: 401 });
    expect(twice.renewed).toEqual(["old"]);
  });

  it.each(["post", "put"] as const)("sends a body by %s, and again with a new token", async (method) => {
    const { api, bearers, sent } = setUp(refused(), Response.json({ n: 4 }));
    expect(await api[method]("/x", { a: 1 }, schema)).toEqual({ n: 4 });
    expect(bearers).toEqual(["Bearer old", "Bearer new"]);
    expect(sent.map(({ method: by, body }) => [by, body])).toEqual(
      Array(2).fill([method.toUpperCase(), '{"a":1}']),
    );
  });

  it("sends the idempotency key that it is given, and again with a new token", async () => {
    const { api, sent } = setUp(refused(), Response.json({ n: 4 }));
    await api.post("/x", { a: 1 }, schema, undefined, "0123456789abcdef");
    const keys = sent.map(({ headers }) => new Headers(headers).get("idempotency-key"));
    expect(keys).toEqual(Array(2).fill("0123456789abcdef"));
  });

  it("reads the answer without a body, and sends none", async () => {
    const { api, sent } = setUp(new Response(null, { status: 204 }));
    expect(await api.delete("/x", nothingSchema)).toBeNull();
    expect([sent[0]!.method, sent[0]!.body]).toEqual(["DELETE", undefined]);
  });

  it("does not send a refused one-time code again, which would count twice", async () => {
    const { api, bearers, renewed } = setUp(
      new Response('{"code":"wrong_code"}', { status: 401 }),
      Response.json({ n: 5 }),
    );
    await expect(api.post("/x", { code: "000000" }, schema)).rejects.toMatchObject({ code: "wrong_code" });
    expect([bearers.length, renewed.length]).toEqual([1, 0]);
  });

  it("calls without a token where none is needed", async () => {
    const { bearers } = setUp(Response.json({ n: 6 }), refused());
    expect(await publicApi.post("/x", {}, schema)).toEqual({ n: 6 });
    await expect(publicApi.post("/x", {}, schema)).rejects.toMatchObject({ status: 401 });
    expect(bearers).toEqual([null, null]);
  });

  it("passes on what a problem document says", async () => {
    const body = JSON.stringify({ code: "forbidden", detail: "Viewers may not.", request_id: "r1" });
    const { api } = setUp(new Response(body, { status: 403 }));
    await expect(api.get("/x", schema)).rejects.toMatchObject({
      status: 403,
      code: "forbidden",
      message: "Viewers may not.",
      requestId: "r1",
      isTemporary: false,
    });
  });

  it("takes a bare 500 and a dead network for something that may pass", async () => {
    const { api } = setUp(new Response("Internal Server Error", { status: 500 }));
    await expect(api.get("/x", schema)).rejects.toMatchObject({ code: "unavailable", isTemporary: true });
    await expect(api.get("/x", schema)).rejects.toMatchObject({ code: "unreachable", isTemporary: true });
  });

  it("does not let an answer of another form through", async () => {
    const { api } = setUp(Response.json({ n: "one" }));
    await expect(api.get("/x", schema)).rejects.toMatchObject({ code: "unexpected_answer" });
  });
});
