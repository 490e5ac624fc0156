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
  // The proxy reads them with the first request.
  process.env.PULSE_AUTH_URL = url;
  process.env.PULSE_USERS_URL = "http://127.0.0.1:9";
  process.env.PULSE_GATEWAY_URL = url;
  process.env.PULSE_EMBED_ORIGINS = '["https://hall.example","http://10.0.0.5:8080"]';
});

afterAll(() => new Promise((resolve) => backEnd.close(resolve)));

const request = (path: string, headers: Record<string, string> = {}) =>
  proxy(new NextRequest(new URL(path, "http://pulse.example:3000"), { headers }));

const forwardedHeaders = (response: Response) =>
  (response.headers.get("x-middleware-override-headers") ?? "").split(",");

describe("proxy", () => {
  it("sends API calls and the socket to their back ends", async () => {
    expect((await request("/api/auth/session?x=1")).headers.get("x-middleware-rewrite")).toBe(
      `${url}/api/auth/session?x=1`,
    );
    expect((await request("/socket.io/?EIO=4")).headers.get("x-middleware-rewrite")).toBe(
      `${url}/socket.io/?EIO=4`,
    );
  });

  it.each(["/api/auth/session", "/socket.io/?EIO=4", "/login"])(
    "removes untrusted headers at %s",
    async (path) => {
      const response = await request(path, {
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

  it("keeps the client's address only when the request filter has set it", async () => {
    process.env.PULSE_HAS_REQUEST_FILTER = "1";
    try {
      const response = await request("/api/auth/session", { "x-forwarded-for": "192.0.2.9" });
      expect(response.headers.get("x-middleware-request-x-forwarded-for")).toBe("192.0.2.9");
    } finally {
      delete process.env.PULSE_HAS_REQUEST_FILTER;
    }
  });

  it("answers an unknown address and an unreachable back end with problems", async () => {
    const unknown = await request("/api/nothing");
    expect(unknown.status).toBe(404);
    expect(unknown.headers.get("content-type")).toBe("application/problem+json");
    const dead = await request("/api/users");
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
  ])("rejects a body that a back end would reject: %j", async (headers, status, code) => {
    const answer = await request("/api/auth/login", headers as Record<string, string>);
    expect(answer.status).toBe(status);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(await answer.json()).toMatchObject({ code, status });
  });

  it("forwards a body of the maximum size", async () => {
    const answer = await request("/api/auth/login", { "content-length": "65536" });
    expect(answer.headers.get("x-middleware-rewrite")).toBe(`${url}/api/auth/login`);
  });

  it.each([
    ["/api/telemetry/dashboards", "262144", 200],
    ["/api/telemetry/dashboards/1", "262144", 200],
    ["/api/telemetry/dashboards", "262145", 413],
    ["/api/telemetry/dashboards-x", "65537", 413],
  ])("forwards a dashboard of 256 KiB: %s %s", async (path, length, status) => {
    expect((await request(path, { "content-length": length })).status).toBe(status);
  });

  it("redirects to the sign-in page and keeps the requested address", async () => {
    const response = await request("/dashboard?range=1h");
    expect(response.status).toBe(307);
    expect(new URL(response.headers.get("location")!).search).toBe("?next=%2Fdashboard%3Frange%3D1h");
  });

  it("tells the user that the session has ended when auth rejects its cookie", async () => {
    const response = await request("/dashboard", { cookie: "pulse_rt=expired" });
    expect(new URL(response.headers.get("location")!).search).toBe("?notice=ended&next=%2Fdashboard");
  });

  it.each([
    ["x-user", "{}"],
    ["x-middleware-subrequest", "src/proxy:src/proxy"],
    ["next-router-prefetch", "1"],
    ["rsc", "1"],
    ["cookie", "pulse_at=eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."],
    ["cookie", "pulse_rt=stolen"],
  ])("does not trust %s: %s", async (name, value) => {
    expect((await request("/dashboard", { [name]: value })).status).toBe(307);
  });

  it.each(["/metrics", "/favicon.png", "/API/users", "/Dashboard", "/dashboard/nothing/more"])(
    "serves nothing at %s, without a redirect to the sign-in page",
    async (path) => {
      const response = await request(path);
      expect(response.headers.get("location")).toBeNull();
      expect(response.headers.get("x-middleware-next")).toBe("1"); // Next answers it with its 404 page
    },
  );

  it("guards every page except the public ones", async () => {
    const open = ["login", "set-password", "forgot-password", "shared", "embed", "offline"];
    const app = join(import.meta.dirname, "app");
    const pages = readdirSync(app, { recursive: true, encoding: "utf8" })
      .filter((file) => basename(file) === "page.tsx")
      .map((file) => dirname(file));
    expect(pages.length).toBeGreaterThan(open.length);
    for (const page of pages) {
      for (const path of page === "." ? ["/"] : [`/${page}`, `/${page}/`]) {
        expect((await request(path)).status, path).toBe(open.includes(page) ? 200 : 307);
      }
    }
  });

  it("lets only allowed origins frame only the page that is made for it, and sends no Referer from it", async () => {
    const policyOf = (response: Response) =>
      /frame-ancestors ([^;]*)/.exec(response.headers.get("content-security-policy")!)?.[1];
    const [framed, shared, login] = await Promise.all(
      ["/embed", "/shared", "/login"].map((one) => request(one)),
    );
    expect(policyOf(framed!)).toBe("https://hall.example http://10.0.0.5:8080");
    expect(framed!.headers.get("x-frame-options")).toBeNull();
    for (const other of [shared!, login!]) {
      expect(policyOf(other)).toBe("'none'");
      expect(other.headers.get("x-frame-options")).toBe("DENY");
    }
    expect([framed, shared].map((one) => one!.headers.get("referrer-policy"))).toEqual([
      "no-referrer",
      "no-referrer",
    ]);
  });

  it("reloads a page that was opened from another site, to get the strict cookies", async () => {
    const response = await request("/dashboard", { "sec-fetch-site": "cross-site" });
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('http-equiv="refresh"');
    expect((await request("/dashboard", { "sec-fetch-site": "same-origin" })).status).toBe(307);
  });

  it("sends each page with its own nonce and all security headers", async () => {
    const [one, two] = await Promise.all([request("/login"), request("/login")]);
    const nonceOf = (response: Response) =>
      /'nonce-([^']+)'/.exec(response.headers.get("content-security-policy")!)?.[1];
    expect(nonceOf(one)).toBeTruthy();
    expect(nonceOf(one)).not.toBe(nonceOf(two));
    for (const name of ["x-content-type-options", "referrer-policy", "permissions-policy"]) {
      expect(one.headers.has(name)).toBe(true);
    }
  });

  it("matches everything but static files", () => {
    const matches = (path: string) => new RegExp(`^${config.matcher[0]}$`).test(path);
    for (const path of ["/", "/dashboard", "/api/x", "/socket.io/", "/_next/data/x.json", "/healthz/x"]) {
      expect(matches(path), path).toBe(true);
    }
    for (const path of ["/_next/static/a.js", "/icon.svg", "/livez", "/healthz"])
      expect(matches(path), path).toBe(false);
  });
});
