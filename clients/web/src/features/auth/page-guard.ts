// Server side: decides who may see a page. Verifies the access cookie, and refreshes the session when it has expired.
import { createRemoteJWKSet, errors, jwtVerify } from "jose";

export const ACCESS_COOKIE = "pulse_at";
export const REFRESH_COOKIE = "pulse_rt";

/** `unknown`: auth could not be reached. Pages hold no data, so they are served and show the problem themselves. */
export type Verdict =
  | { kind: "signed-in"; setCookies: readonly string[] }
  | { kind: "signed-out"; setCookies: readonly string[] }
  | { kind: "unknown" };

export type Cookie = { name: string; value: string };

type Cookies = { access: Cookie | undefined; refresh: Cookie | undefined };

const REFRESH_TIMEOUT_MS = 3_000;
// Page requests with one refresh token share one rotation. A result is shared with requests that come this much later.
const SHARE_REFRESH_MS = 5_000;

export class PageGuard {
  private readonly keys: ReturnType<typeof createRemoteJWKSet>;
  private readonly refreshes = new Map<string, Promise<Verdict>>();

  constructor(private readonly authUrl: string) {
    this.keys = createRemoteJWKSet(new URL(`${authUrl}/api/auth/keys`), {
      timeoutDuration: 2_000,
      cooldownDuration: 30_000,
      cacheMaxAge: 600_000,
    });
  }

  /** `origin`: the origin that the browser sees. Auth checks it on a refresh. `client`: the browser's address. */
  async check(cookies: Cookies, origin: string, client: string | null = null): Promise<Verdict> {
    const token = cookies.access ? await this.verify(cookies.access.value) : "invalid";
    if (token === "valid") return { kind: "signed-in", setCookies: [] };
    if (cookies.refresh) return this.refresh(cookies.refresh, origin, client);
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
      // The token is unknown only when the keys could not be fetched. Any other error makes it invalid.
      if (error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError)) return "unknown";
      return error.code === "ERR_JOSE_GENERIC" ? "unknown" : "invalid";
    }
  }

  private refresh(cookie: Cookie, origin: string, client: string | null): Promise<Verdict> {
    // Send the cookie under its own name: with https, auth accepts the `__Host-` name only.
    const refreshCookie = `${cookie.name}=${cookie.value}`;
    const running = this.refreshes.get(refreshCookie);
    if (running) return running;
    const refresh = this.requestRefresh(refreshCookie, origin, client);
    this.refreshes.set(refreshCookie, refresh);
    void refresh.then((verdict) => {
      // Do not share an outage: the next request tries again.
      const shareMs = verdict.kind === "unknown" ? 0 : SHARE_REFRESH_MS;
      setTimeout(() => this.refreshes.delete(refreshCookie), shareMs).unref();
    });
    return refresh;
  }

  private async requestRefresh(
    refreshCookie: string,
    origin: string,
    client: string | null,
  ): Promise<Verdict> {
    try {
      const response = await fetch(`${this.authUrl}/api/auth/refresh`, {
        method: "POST",
        headers: {
          cookie: refreshCookie,
          origin,
          "x-pulse-csrf": "1",
          "content-type": "application/json",
          ...(client ? { "x-forwarded-for": client } : {}),
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
