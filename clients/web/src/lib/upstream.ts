// Where each public path is served, and whether that back end accepts connections.
import { connect } from "node:net";
import type { ServerEnv } from "./env";

export type Upstream = { name: "auth" | "users" | "telemetry"; url: string };

const ROUTES: readonly { prefix: string; name: Upstream["name"] }[] = [
  { prefix: "/api/auth", name: "auth" },
  { prefix: "/api/users", name: "users" },
  { prefix: "/api/profile", name: "users" },
  { prefix: "/api/telemetry", name: "telemetry" },
];

/** The back end of an `/api/…` path, or null for a path nobody serves. */
export function upstreamOf(pathname: string, env: ServerEnv): Upstream | null {
  const route = ROUTES.find(({ prefix }) => pathname === prefix || pathname.startsWith(`${prefix}/`));
  if (!route) return null;
  const urls = { auth: env.authUrl, users: env.usersUrl, telemetry: env.gatewayUrl };
  return { name: route.name, url: urls[route.name] };
}

const CONNECT_TIMEOUT_MS = 1_000;
// A rewrite to a dead back end ends in a bare 500, so it is tried first; an answer holds for this long.
const TRUST_MS = 1_000;

const probes = new Map<string, { at: number; accepts: Promise<boolean> }>();

/** Whether a TCP connection to `url` can be opened; asked at most once a second for each back end. */
export function acceptsConnections(url: string, now = Date.now()): Promise<boolean> {
  const known = probes.get(url);
  if (known && now - known.at < TRUST_MS) return known.accepts;
  const accepts = tryConnect(new URL(url));
  probes.set(url, { at: now, accepts });
  return accepts;
}

function tryConnect({ hostname, port, protocol }: URL): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({
      // URL keeps the brackets of an IPv6 address; connect wants them gone.
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
