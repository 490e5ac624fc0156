import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { acceptsConnections, upstreamOf } from "./upstream";

const env = {
  authUrl: "http://auth",
  usersUrl: "http://users",
  gatewayUrl: "http://gateway",
  syncUrl: "http://sync",
  publicOrigin: undefined,
  embedOrigins: [],
};

it.each([
  ["/api/auth/login", "auth"],
  ["/api/collectors", "auth"],
  ["/api/collectors/7/rotate", "auth"],
  ["/api/users", "users"],
  ["/api/users/7", "users"],
  ["/api/profile", "users"],
  ["/api/collectors/enrol", "auth"],
  ["/api/telemetry/devices", "telemetry"],
  ["/api/sync/collectors", "sync"],
])("sends %s to %s", (path, name) => {
  expect(upstreamOf(path, env)?.name).toBe(name);
});

it.each(["/api", "/api/", "/api/usersx", "/api/authors", "/api/synchronise", "/api/nothing"])(
  "finds no back end for %s",
  (path) => {
    expect(upstreamOf(path, env)).toBeNull();
  },
);

it("detects whether a back end listens", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  expect(await acceptsConnections(url)).toBe(true);
  await new Promise((resolve) => server.close(resolve));
  expect(await acceptsConnections(url)).toBe(false);
});
