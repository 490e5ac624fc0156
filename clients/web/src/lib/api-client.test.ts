import { afterEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { createApiClient } from "./api-client";

const schema = z.object({ n: z.number() });

function setUp(...answers: Response[]) {
  const bearers: (string | null)[] = [];
  vi.stubGlobal("fetch", (_: string, init: RequestInit) => {
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
  return { api, bearers, renewed };
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
