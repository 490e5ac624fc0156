// Server side: who may see a page. Verifies the access cookie and, when it is over, renews the session silently.
import { createRemoteJWKSet, errors, jwtVerify } from "jose";

export const ACCESS_COOKIE = "pulse_at";
export const REFRESH_COOKIE = "pulse_rt";

/** `unknown`: there is a session, but auth could not be asked. Pages hold no data, so they are shown and say so. */
export type Verdict =
  | { kind: "signed-in"; setCookies: readonly string[] }
  | { kind: "signed-out"; setCookies: readonly string[] }
  | { kind: "unknown" };

export type Cookie = { name: string; value: string };

type Cookies = { access: Cookie | undefined; refresh: Cookie | undefined };

const REFRESH_TIMEOUT_MS = 3_000;
// Parallel page requests with one refresh token must share one rotation, including those that come just after it.
const SINGLE_FLIGHT_MS = 5_000;

export class PageGuard {
  private readonly keys: ReturnType<typeof createRemoteJWKSet>;
  private readonly flights = new Map<string, Promise<Verdict>>();

  constructor(private readonly authUrl: string) {
    this.keys = createRemoteJWKSet(new URL(`${authUrl}/api/auth/keys`), {
      timeoutDuration: 2_000,
      cooldownDuration: 30_000,
      cacheMaxAge: 600_000,
    });
  }

  async judge(cookies: Cookies, origin: string): Promise<Verdict> {
    const token = cookies.access ? await this.verify(cookies.access.value) : "invalid";
    if (token === "valid") return { kind: "signed-in", setCookies: [] };
    if (cookies.refresh) return this.refresh(cookies.refresh, origin);
    return token === "unknown" ? { kind: "unknown" } : { kind: "signed-out", setCookies: [] };
  }

  private async verify(token: string): Promise<"valid" | "invalid" | "unknown"> {
    try {
      await jwtVerify(token, this.keys, {
        algorithms: ["ES256"],
        issuer: "precisionpulse",
        audience: "pulse",
        typ: "at+jwt",
        requiredClaims: ["sub", "exp"],
      });
      return "valid";
    } catch (error) {
      // Only a key set that could not be fetched leaves the question open; all else is the token's fault.
      if (error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError)) return "unknown";
      return error.code === "ERR_JOSE_GENERIC" ? "unknown" : "invalid";
    }
  }

  private refresh(cookie: Cookie, origin: string): Promise<Verdict> {
    // With its name: auth trusts a cookie of https only by the name that binds it to this host.
    const refreshCookie = `${cookie.name}=${cookie.value}`;
    const running = this.flights.get(refreshCookie);
    if (running) return running;
    const flight = this.askForRefresh(refreshCookie, origin);
    this.flights.set(refreshCookie, flight);
    void flight.then((verdict) => {
      // An outage is not an answer: the next request asks again.
      const keep = verdict.kind === "unknown" ? 0 : SINGLE_FLIGHT_MS;
      setTimeout(() => this.flights.delete(refreshCookie), keep).unref();
    });
    return flight;
  }

  private async askForRefresh(refreshCookie: string, origin: string): Promise<Verdict> {
    try {
      const response = await fetch(`${this.authUrl}/api/auth/refresh`, {
        method: "POST",
        headers: {
          cookie: refreshCookie,
          origin,
          "x-pulse-csrf": "1",
          "content-type": "application/json",
        },
        body: "{}",
        redirect: "error",
        cache: "no-store",
        signal: AbortSignal.timeout(REFRESH_TIMEOUT_MS),
      });
      await response.body?.cancel();
      const setCookies = response.headers.getSetCookie();
      if (response.ok) return { kind: "signed-in", setCookies };
      if (response.status === 401 || response.status === 403) return { kind: "signed-out", setCookies };
      return { kind: "unknown" };
    } catch {
      return { kind: "unknown" };
    }
  }
}
