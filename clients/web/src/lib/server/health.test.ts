import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { isSystemWell, systemStatus } from "./health";

let server: Server;
let url: string;
let status = 200;
let asked = 0;
let body = "{}";

beforeAll(async () => {
  server = createServer((request, response) => {
    asked += request.url === "/readyz" ? 1 : 0;
    response.writeHead(status).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => new Promise((resolve) => server.close(resolve)));

it("is well while every service is ready, and asks each at most once a second", async () => {
  const env = {
    authUrl: url,
    usersUrl: url,
    gatewayUrl: url,
    syncUrl: url,
    publicOrigin: undefined,
    embedOrigins: [],
  };
  const answers = await Promise.all(Array.from({ length: 50 }, () => isSystemWell(env, 10_000)));
  expect(answers.every(Boolean)).toBe(true);
  expect(await isSystemWell(env, 11_000)).toBe(true);
  expect(asked).toBe(4);
  status = 503;
  expect(await isSystemWell(env, 11_000)).toBe(true);
  expect(await isSystemWell(env, 11_001)).toBe(false);
  status = 200;
  expect(await isSystemWell({ ...env, syncUrl: "http://127.0.0.1:9" }, 13_000)).toBe(false);
  expect(await isSystemWell(env, 15_000)).toBe(true);
});

it("passes on what each service depends on, and nothing else that it says", async () => {
  const env = {
    authUrl: url,
    usersUrl: url,
    gatewayUrl: url,
    syncUrl: "http://127.0.0.1:9",
    publicOrigin: undefined,
    embedOrigins: [],
  };
  body = '{"ready":false,"checks":{"database":false,"broker":true,"note":"secret"}}';
  status = 503;
  const { services } = await systemStatus(env, 20_000);
  expect(services.map(({ name, isReady, checks }) => [name, isReady, checks])).toEqual([
    ["telemetry", false, { database: false, broker: true }],
    ["users", false, { database: false, broker: true }],
    ["auth", false, { database: false, broker: true }],
    ["sync", false, {}],
  ]);
  expect(services[3]!.tookMs).toBeNull();
});
