import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { PassThrough } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { trustedProxies } from "./client-address.mjs";
import { jsonLog } from "./log.mjs";
import { clientKey, filterRequests, socketsPerAddress } from "./request-filter.mjs";

let server: Server;
let port: number;
const lines: string[] = [];

beforeAll(async () => {
  server = filterRequests(
    createServer((request, response) => {
      response.setHeader("x-middleware-rewrite", "http://127.0.0.1:8102/api/users");
      response.setHeader("x-kept", "1");
      if (request.url === "/written") response.writeHead(201, { "x-written": "1" });
      if (request.url === "/headers") response.write(JSON.stringify(request.headers));
      response.end("inside");
    }),
    { trusted: trustedProxies('["127.0.0.1"]'), log: jsonLog((line) => lines.push(line)) },
  );
  // Next never answers an unknown upgrade, and neither does this server.
  server.on("upgrade", (request, socket) => {
    if (request.url?.startsWith("/socket.io/")) socket.end("HTTP/1.1 101 Switching Protocols\r\n\r\n");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
});

afterAll(() => new Promise((resolve) => server.close(resolve)));

/** Everything that the server sends until it closes the connection. */
const send = (...lines: string[]) =>
  new Promise<string>((resolve, reject) => {
    let received = "";
    const socket = connect(port, "127.0.0.1", () => socket.write([...lines, "", ""].join("\r\n")));
    socket.setEncoding("utf8").on("data", (chunk: string) => (received += chunk));
    socket.on("error", reject).on("close", () => resolve(received));
  });

describe("filterRequests", () => {
  it.each([
    ["h2c", "/"],
    ["h2c", "/socket.io/?EIO=4"],
    ["websocket", "/"],
    ["websocket", "/api/telemetry/live"],
    ["websocket", "/socket.io/../dashboard"],
    ["tls/1.0", "/dashboard"],
  ])("rejects and closes an upgrade to %s at %s", async (protocol, path) => {
    const answer = await send(
      `GET ${path} HTTP/1.1`,
      "Host: a",
      "Connection: Upgrade",
      `Upgrade: ${protocol}`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad request\r\n/);
    expect(answer).toContain('"code":"unknown_upgrade"');
  });

  it("accepts the live socket", async () => {
    const answer = await send(
      "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1",
      "Host: a",
      "Connection: Upgrade",
      "Upgrade: WebSocket",
    );
    expect(answer).toMatch(/^HTTP\/1\.1 101 /);
  });

  it("limits the sockets of one address, and frees them when they close", async () => {
    const counted = filterRequests(createServer(), { limit: 2 });
    counted.on("upgrade", (_, socket) => socket.write("HTTP/1.1 101 Switching Protocols\r\n\r\n"));
    const open = (remoteAddress: string) => {
      const socket = Object.assign(new PassThrough(), { remoteAddress });
      const request = {
        method: "GET",
        url: "/socket.io/",
        rawHeaders: [],
        headers: { upgrade: "websocket" },
      };
      counted.emit("upgrade", request, socket, Buffer.alloc(0));
      return { socket, line: String(socket.read()).split("\r\n", 1)[0] };
    };
    const [first, second, third] = [open("10.0.0.1"), open("::ffff:10.0.0.1"), open("10.0.0.1")];
    expect([first.line, second.line]).toEqual(Array(2).fill("HTTP/1.1 101 Switching Protocols"));
    expect(third.line).toBe("HTTP/1.1 429 Too many requests");
    expect(open("10.0.0.2").line).toContain(" 101 ");
    first.socket.destroy();
    await once(first.socket, "close");
    expect(open("10.0.0.1").line).toContain(" 101 ");
    for (let n = 0; n < 5; n += 1) expect(open("127.0.0.1").line).toContain(" 101 ");
  });

  it.each([
    [undefined, 200],
    ["", 200],
    ["1", 1],
    ["5000", 5000],
    ["0", Infinity],
  ])("reads %j as a limit of %d sockets", (text, most) => {
    expect(socketsPerAddress(text)).toBe(most);
  });

  it.each(["-1", "many", "2.5", "12345678", "0x10"])("rejects the limit %s", (text) => {
    expect(() => socketsPerAddress(text)).toThrow("PULSE_SOCKETS_PER_ADDRESS=");
  });

  it.each([
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
    ["2001:db8::7", "2001:db8:0:0"],
    ["fe80::1%eth0", "fe80:0:0:0"],
    ["192.0.2.7", "192.0.2.7"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["::1", null],
    ["::ffff:127.0.0.1", null],
  ])("counts %s under %s", (address, name) => {
    expect(clientKey(address)).toBe(name);
  });

  it.each([["GET /"], ["POST /api/auth/login"]])("rejects two Host headers: %s", async (line) => {
    const answer = await send(`${line} HTTP/1.1`, "Host: a", "HOST: b");
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('"code":"several_hosts"');
  });

  it.each(["OPTIONS *", "GET http://evil.example/dashboard"])(
    "rejects a target that is not a path: %s",
    async (line) => {
      const answer = await send(`${line} HTTP/1.1`, "Host: a");
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
      expect(answer).toContain('"code":"unknown_target"');
      expect(answer).not.toMatch(/^location:/im);
    },
  );

  it("rejects two Host headers of an upgrade", async () => {
    const lines = ["Host: a", "Host: a", "Connection: Upgrade", "Upgrade: websocket"];
    expect(await send("GET /socket.io/?EIO=4 HTTP/1.1", ...lines)).toContain('"code":"several_hosts"');
  });

  it.each(["TRACE", "PROPFIND", "PURGE", "M-SEARCH"])("rejects the method %s", async (method) => {
    const answer = await send(`${method} /dashboard HTTP/1.1`, "Host: a");
    expect(answer).toMatch(/^HTTP\/1\.1 405 /);
    expect(answer).toContain("allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    expect(answer).not.toContain("inside");
  });

  it.each(["/", "/written"])("removes internal headers: %s", async (path) => {
    const answer = await send(`GET ${path} HTTP/1.1`, "Host: a", "Connection: close");
    expect(answer).toContain("inside");
    expect(answer.toLowerCase()).toContain("x-kept: 1");
    expect(answer).not.toMatch(/x-middleware|8102/i);
  });

  it("logs one line per request, with the client that a trusted proxy names and without the query", async () => {
    await send(
      "GET /?secret=1 HTTP/1.1",
      "Host: a",
      "Connection: close",
      "X-Forwarded-For: 6.6.6.6, 192.0.2.9",
      "X-Request-Id: find-me",
    );
    await expect.poll(() => lines.some((one) => one.includes("find-me"))).toBe(true);
    const found = lines.filter((one) => one.includes("find-me"));
    expect(found).toHaveLength(1);
    const event = JSON.parse(found[0]!) as Record<string, unknown>;
    expect(event).toMatchObject({
      event: "request",
      service: "web",
      level: "info",
      method: "GET",
      status: 200,
    });
    expect(event).toMatchObject({ path: "/", client: "192.0.2.9", request_id: "find-me" });
    expect(event.ms).toBeTypeOf("number");
    expect(found[0]).not.toMatch(/secret|6\.6\.6\.6/);
  });

  it("logs rejected requests, but not the successful probes", async () => {
    await send("TRACE /x HTTP/1.1", "Host: a", "X-Request-Id: refused-1");
    await send("GET /livez HTTP/1.1", "Host: a", "Connection: close", "X-Request-Id: probe-1");
    await send("GET / HTTP/1.1", "Host: a", "Connection: close", "X-Request-Id: last-1");
    await expect.poll(() => lines.some((one) => one.includes("last-1"))).toBe(true);
    expect(lines.find((one) => one.includes("refused-1"))).toContain('"status":405');
    expect(lines.some((one) => one.includes("probe-1"))).toBe(false);
  });

  it("replaces the headers about the client", async () => {
    const answer = await send(
      "GET /headers HTTP/1.1",
      "Host: a",
      "Connection: close",
      "X-Real-Ip: 6.6.6.6",
      "Forwarded: for=6.6.6.6",
      "X-User: root",
      "X-Forwarded-Host: evil.example",
      "X-Forwarded-Proto: https",
      "X-Request-Id: bad id",
    );
    expect(answer).not.toMatch(/6\.6\.6\.6|root|evil|bad id/);
    expect(answer).toContain('"x-forwarded-for":"127.0.0.1"');
    expect(answer).toContain('"x-forwarded-proto":"https"');
  });

  it("warns once of a forwarded header from a peer that is not a trusted proxy", async () => {
    const events: string[] = [];
    const untrusting = filterRequests(
      createServer((_, response) => response.end()),
      { log: jsonLog((line) => events.push(line)) },
    );
    await new Promise<void>((resolve) => untrusting.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(untrusting.address() as AddressInfo).port}/`;
    for (let n = 0; n < 3; n += 1) await fetch(url, { headers: { "x-forwarded-for": "192.0.2.9" } });
    const warnings = events.filter((line) => line.includes("untrusted_forwarded_header"));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain("PULSE_TRUSTED_PROXIES");
    untrusting.closeAllConnections();
    await new Promise((resolve) => untrusting.close(resolve));
  });
});
