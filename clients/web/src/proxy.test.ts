import { readdirSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, dirname, join } from "node:path";
import { NextRequest } from "next/server";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { config, proxy } from "@/proxy";

let backEnd: Server;
let url: string;

beforeAll(async () => {
  backEnd = createServer((_, response) => response.writeHead(401).end("{}"));
  await new Promise<void>((resolve) => backEnd.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(backEnd.address() as AddressInfo).port}`;
  // Read on first use, so it is enough to set them before the first request.
  process.env.PULSE_AUTH_URL = url;
  process.env.PULSE_USERS_URL = "http://127.0.0.1:9";
  process.env.PULSE_GATEWAY_URL = url;
});

afterAll(() => new Promise((resolve) => backEnd.close(resolve)));

const ask = (path: string, headers: Record<string, string> = {}) =>
  proxy(new NextRequest(new URL(path, "http://pulse.example:3000"), { headers }));

const forwardedHeaders = (response: Response) =>
  (response.headers.get("x-middleware-override-headers") ?? "").split(",");

describe("proxy", () => {
  it("sends API calls and the socket to their back ends", async () => {
    expect((await ask("/api/auth/session?x=1")).headers.get("x-middleware-rewrite")).toBe(
      `${url}/api/auth/session?x=1`,
    );
    expect((await ask("/socket.io/?EIO=4")).headers.get("x-middleware-rewrite")).toBe(
      `${url}/socket.io/?EIO=4`,
    );
  });

  it.each(["/api/auth/session", "/socket.io/?EIO=4", "/login"])(
    "passes on nothing at %s that a caller may not say",
    async (path) => {
      const response = await ask(path, {
        "x-forwarded-for": "6.6.6.6",
        "x-real-ip": "6.6.6.6",
        forwarded: "for=6.6.6.6",
        "x-user": "root",
        accept: "text/html",
      });
      const forwarded = forwardedHeaders(response);
      expect(forwarded).toContain("accept");
      for (const name of ["x-forwarded-for", "x-real-ip", "forwarded", "x-user"])
        expect(forwarded).not.toContain(name);
    },
  );

  it("answers an unknown address and a dead back end with problems", async () => {
    const unknown = await ask("/api/nothing");
    expect(unknown.status).toBe(404);
    expect(unknown.headers.get("content-type")).toBe("application/problem+json");
    const dead = await ask("/api/users");
    expect(dead.status).toBe(503);
    expect(dead.headers.get("retry-after")).toBe("2");
    expect(await dead.json()).toMatchObject({ code: "unavailable", status: 503 });
  });

  it.each([
    [{ "content-length": "65537" }, 413, "too_large"],
    [{ "content-length": "9".repeat(400) }, 413, "too_large"],
    [{ "content-length": "-1" }, 413, "too_large"],
    [{ "transfer-encoding": "chunked" }, 411, "length_required"],
    [{ "transfer-encoding": "chunked", "content-length": "3" }, 411, "length_required"],
  ])("answers a body that a back end would refuse with a problem: %j", async (headers, status, code) => {
    const answer = await ask("/api/auth/login", headers as Record<string, string>);
    expect(answer.status).toBe(status);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(await answer.json()).toMatchObject({ code, status });
  });

  it("forwards a body of the largest size", async () => {
    const answer = await ask("/api/auth/login", { "content-length": "65536" });
    expect(answer.headers.get("x-middleware-rewrite")).toBe(`${url}/api/auth/login`);
  });

  it("sends strangers to the sign-in page and remembers where they wanted to go", async () => {
    const response = await ask("/dashboard?range=1h");
    expect(response.status).toBe(307);
    expect(new URL(response.headers.get("location")!).search).toBe("?next=%2Fdashboard%3Frange%3D1h");
  });

  it("says that the session has ended to who comes with one that auth refuses", async () => {
    const response = await ask("/dashboard", { cookie: "pulse_rt=over" });
    expect(new URL(response.headers.get("location")!).search).toBe("?notice=ended&next=%2Fdashboard");
  });

  it.each([
    ["x-user", "{}"],
    ["x-middleware-subrequest", "src/proxy:src/proxy"],
    ["next-router-prefetch", "1"],
    ["rsc", "1"],
    ["cookie", "pulse_at=eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."],
    ["cookie", "pulse_rt=stolen"],
  ])("is not fooled by %s: %s", async (name, value) => {
    expect((await ask("/dashboard", { [name]: value })).status).toBe(307);
  });

  it.each(["/metrics", "/favicon.ico", "/API/users", "/Dashboard", "/dashboard/nothing"])(
    "has nothing at %s, and leads nobody to the sign-in page",
    async (path) => {
      const response = await ask(path);
      expect(response.headers.get("location")).toBeNull();
      expect(response.headers.get("x-middleware-next")).toBe("1"); // Next answers it with its 404 page
    },
  );

  it("guards every page but those before the sign-in", async () => {
    const open = ["login", "set-password", "forgot-password"];
    const app = join(import.meta.dirname, "app");
    const pages = readdirSync(app, { recursive: true, encoding: "utf8" })
      .filter((file) => basename(file) === "page.tsx")
      .map((file) => dirname(file));
    expect(pages.length).toBeGreaterThan(open.length);
    for (const page of pages) {
      for (const path of page === "." ? ["/"] : [`/${page}`, `/${page}/`]) {
        expect((await ask(path)).status, path).toBe(open.includes(page) ? 200 : 307);
      }
    }
  });

  it("asks again when a link of another site led here, for strict cookies stayed behind", async () => {
    const response = await ask("/dashboard", { "sec-fetch-site": "cross-site" });
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('http-equiv="refresh"');
    expect((await ask("/dashboard", { "sec-fetch-site": "same-origin" })).status).toBe(307);
  });

  it("gives each page its own nonce and all security headers", async () => {
    const [one, two] = await Promise.all([ask("/login"), ask("/login")]);
    const nonceOf = (response: Response) =>
      /'nonce-([^']+)'/.exec(response.headers.get("content-security-policy")!)?.[1];
    expect(nonceOf(one)).toBeTruthy();
    expect(nonceOf(one)).not.toBe(nonceOf(two));
    for (const name of ["x-content-type-options", "referrer-policy", "permissions-policy"]) {
      expect(one.headers.has(name)).toBe(true);
    }
  });

  it("stands before everything but files that are the same for everybody", () => {
    const matches = (path: string) => new RegExp(`^${config.matcher[0]}$`).test(path);
    for (const path of ["/", "/dashboard", "/api/x", "/socket.io/", "/_next/data/x.json", "/healthz/x"]) {
      expect(matches(path), path).toBe(true);
    }
    for (const path of ["/_next/static/a.js", "/icon.svg", "/healthz"])
      expect(matches(path), path).toBe(false);
  });
});
