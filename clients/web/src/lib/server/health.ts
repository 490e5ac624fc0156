// Whether the system is well: every service is ready.
import type { ServiceStatus, SystemStatus } from "@/contracts/status";
import type { ServerEnv } from "./env";

const TIMEOUT_MS = 2_000;
/** A result counts for this long, so that requests from outside cannot load the services. */
const MAX_AGE_MS = 1_000;

type Services = Omit<SystemStatus, "certificate">;

let last: { at: number; result: Promise<Services> } | undefined;

/** Whether auth, users, the telemetry gateway and sync-publisher are ready. Asks them at most once a second. */
export async function isSystemWell(env: ServerEnv, now: number = performance.now()): Promise<boolean> {
  return (await systemStatus(env, now)).services.every(({ isReady }) => isReady);
}

/** Each service with what it depends on. Asks them at most once a second. */
export function systemStatus(env: ServerEnv, now: number = performance.now()): Promise<Services> {
  if (!last || now - last.at > MAX_AGE_MS) last = { at: now, result: askAll(env) };
  return last.result;
}

async function askAll({ authUrl, usersUrl, gatewayUrl, syncUrl }: ServerEnv): Promise<Services> {
  const at = new Date().toISOString();
  const services = await Promise.all([
    ask("telemetry", gatewayUrl),
    ask("users", usersUrl),
    ask("auth", authUrl),
    ask("sync", syncUrl),
  ]);
  return { at, services };
}

async function ask(name: ServiceStatus["name"], url: string): Promise<ServiceStatus> {
  const began = performance.now();
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(`${url}/readyz`, { cache: "no-store", redirect: "error", signal });
    const body: unknown = await response.json().catch(() => null);
    const tookMs = Math.max(1, Math.round(performance.now() - began));
    return { name, isReady: response.status === 200, checks: checksIn(body), tookMs };
  } catch {
    return { name, isReady: false, checks: {}, tookMs: null };
  }
}

/** The checks of a readiness answer: names with true or false. */
function checksIn(body: unknown): Record<string, boolean> {
  if (typeof body !== "object" || body === null || !("checks" in body)) return {};
  const { checks } = body;
  if (typeof checks !== "object" || checks === null) return {};
  return Object.fromEntries(Object.entries(checks).filter(([, isWell]) => typeof isWell === "boolean"));
}
