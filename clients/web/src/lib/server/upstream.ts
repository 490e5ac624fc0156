// Which back end serves a public path, and whether that back end accepts connections.
import { connect } from "node:net";
import type { ServerEnv } from "./env";

export type Upstream = { name: "auth" | "users" | "telemetry" | "sync"; url: string };

const ROUTES: readonly { prefix: string; name: Upstream["name"] }[] = [
  { prefix: "/api/auth", name: "auth" },
  { prefix: "/api/collectors", name: "auth" },
  { prefix: "/api/users", name: "users" },
  { prefix: "/api/profile", name: "users" },
  { prefix: "/api/telemetry", name: "telemetry" },
  { prefix: "/api/sync", name: "sync" },
];

/** The back end of an `/api/…` path; null for an unknown path. */
export function upstreamOf(pathname: string, env: ServerEnv): Upstream | null {
  const route = ROUTES.find(({ prefix }) => pathname === prefix || pathname.startsWith(`${prefix}/`));
  if (!route) return null;
  const urls = { auth: env.authUrl, users: env.usersUrl, telemetry: env.gatewayUrl, sync: env.syncUrl };
  return { name: route.name, url: urls[route.name] };
}

const CONNECT_TIMEOUT_MS = 1_000;

const inFlight = new Map<string, Promise<boolean>>();

/**
 * Whether `url` accepts TCP connections. The proxy checks this before it forwards a call, because Next.js answers 500
 * without an explanation when the back end is down. The check takes 0.2 ms on one machine. Concurrent checks of one
 * `url` share one attempt.
 */
export function acceptsConnections(url: string): Promise<boolean> {
  let attempt = inFlight.get(url);
  if (!attempt) {
    attempt = tryConnect(new URL(url)).finally(() => inFlight.delete(url));
    inFlight.set(url, attempt);
  }
  return attempt;
}

function tryConnect({ hostname, port, protocol }: URL): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({
      // URL keeps the brackets of an IPv6 address, but `connect` needs it without them.
      host: hostname.replace(/^\[|\]$/g, ""),
      port: Number(port) || (protocol === "https:" ? 443 : 80),
    });
    const settle = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => settle(false));
    socket.once("connect", () => settle(true));
    socket.once("error", () => settle(false));
  });
}
