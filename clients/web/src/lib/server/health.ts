// Whether the whole system is well: every service is ready.
import type { ServerEnv } from "./env";

const TIMEOUT_MS = 2_000;
/** A result counts for this long, so that requests from outside cannot load the services. */
const MAX_AGE_MS = 1_000;

let last: { at: number; result: Promise<boolean> } | undefined;

/** Whether auth, users, the telemetry gateway and sync-publisher are ready. Asks them at most once a second. */
export function isSystemWell(env: ServerEnv, now: number = performance.now()): Promise<boolean> {
  if (!last || now - last.at > MAX_AGE_MS) last = { at: now, result: areAllReady(env) };
  return last.result;
}

async function areAllReady({ authUrl, usersUrl, gatewayUrl, syncUrl }: ServerEnv): Promise<boolean> {
  const answers = await Promise.all([authUrl, usersUrl, gatewayUrl, syncUrl].map(isReady));
  return answers.every(Boolean);
}

async function isReady(url: string): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(`${url}/readyz`, { cache: "no-store", redirect: "error", signal });
    await response.body?.cancel();
    return response.status === 200;
  } catch {
    return false;
  }
}
