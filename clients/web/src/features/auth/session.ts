// The browser's session: the access token lives here, in memory only. No React in this file.
import { grantSchema, type Account, type Grant } from "@/contracts/http";
import { ApiError, parseAnswer, problemOf, request, type TokenSource } from "@/lib/api-client";

export type SessionState =
  | { status: "starting" }
  | { status: "signed-in"; account: Account }
  /** A session may exist, but auth cannot be reached; the session keeps asking. */
  | { status: "unreachable"; detail: string }
  | { status: "signed-out" };

export type Credentials = { email: string; password: string; remember: boolean };

type Token = { value: string; endsAt: number };

/** What the session needs from the browser; replaced in tests. */
export type SessionPorts = {
  now: () => number;
  /** Runs `work` while no other tab of this site runs work under the same name. */
  exclusively: <T>(work: () => Promise<T>) => Promise<T>;
  /** Tells the other tabs, and hears from them, that the session was ended. */
  signOutChannel: { announce: () => void; listen: (heard: () => void) => void };
  after: (ms: number, work: () => void) => () => void;
};

const RENEW_BEFORE_END_MS = 60_000;
const MIN_RENEW_DELAY_MS = 15_000;
// A timer past 2^31 ms would fire at once; renewing now and then does no harm.
const MAX_RENEW_DELAY_MS = 3_600_000;
const RETRY_MS = [1_000, 2_000, 5_000, 10_000] as const;
const CSRF_HEADERS = { "content-type": "application/json", "x-pulse-csrf": "1" };

/**
 * One page's session. Several tabs share the cookies but each holds its own token: refreshes take turns, so that no
 * tab rotates the refresh token under another one's feet.
 */
export class Session implements TokenSource {
  private current: SessionState = { status: "starting" };
  private held: Token | null = null;
  private refreshing: Promise<string> | null = null;
  private cancelTimer: () => void = () => {};
  private failures = 0;
  private readonly listeners = new Set<() => void>();

  constructor(private readonly ports: SessionPorts) {
    ports.signOutChannel.listen(() => this.end());
  }

  get state(): SessionState {
    return this.current;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Throws ApiError (`session_ended` when there is no session any more). */
  async token(): Promise<string> {
    if (this.held && this.held.endsAt - this.ports.now() > 5_000) return this.held.value;
    return this.refresh();
  }

  async renew(rejected: string): Promise<string> {
    if (this.held && this.held.value !== rejected) return this.held.value;
    return this.refresh();
  }

  /** Called at page load: a token for whoever the cookies belong to. Failures show in `state`. */
  start(): void {
    if (this.held || this.refreshing) return;
    this.refresh().catch(() => undefined);
  }

  /** Throws ApiError: `invalid_credentials`, `rate_limited`, `unavailable`, … */
  async signIn(credentials: Credentials): Promise<void> {
    const response = await request("/api/auth/login", {
      method: "POST",
      headers: CSRF_HEADERS,
      body: JSON.stringify(credentials),
    });
    this.accept(await parseAnswer(response, grantSchema));
  }

  /** Ends the session at auth, here and in the other tabs. Throws ApiError when auth cannot be reached. */
  async signOut(): Promise<void> {
    const response = await request("/api/auth/logout", { method: "POST", headers: CSRF_HEADERS, body: "{}" });
    // A failed call leaves the cookies; saying "signed out" would then be a lie.
    if (!response.ok && response.status !== 401)
      throw problemOf(response, await response.json().catch(() => null));
    this.ports.signOutChannel.announce();
    this.end();
  }

  private refresh(): Promise<string> {
    this.refreshing ??= this.ports
      .exclusively(() => this.askForGrant())
      .then((grant) => this.accept(grant))
      .catch((error: unknown) => {
        this.refuse(error);
        throw error;
      })
      .finally(() => {
        this.refreshing = null;
      });
    return this.refreshing;
  }

  private async askForGrant(): Promise<Grant> {
    const response = await request("/api/auth/refresh", {
      method: "POST",
      headers: CSRF_HEADERS,
      body: "{}",
    });
    return parseAnswer(response, grantSchema);
  }

  private accept(grant: Grant): string {
    const lifetime = lifetimeMs(grant, this.ports.now());
    this.held = { value: grant.access_token, endsAt: this.ports.now() + lifetime };
    this.failures = 0;
    this.schedule(Math.min(MAX_RENEW_DELAY_MS, Math.max(MIN_RENEW_DELAY_MS, lifetime - RENEW_BEFORE_END_MS)));
    this.move({ status: "signed-in", account: grant.account });
    return grant.access_token;
  }

  private refuse(error: unknown): void {
    if (error instanceof ApiError && !error.isTemporary) {
      this.end();
      return;
    }
    const wait = RETRY_MS[Math.min(this.failures, RETRY_MS.length - 1)] ?? 10_000;
    this.failures += 1;
    this.schedule(
      error instanceof ApiError && error.retryAfterSeconds ? error.retryAfterSeconds * 1_000 : wait,
    );
    // Somebody who is looking at live data keeps looking at it; only a page that never started shows the outage.
    if (this.current.status !== "signed-in") {
      this.move({ status: "unreachable", detail: error instanceof Error ? error.message : "No answer." });
    }
  }

  private end(): void {
    this.cancelTimer();
    this.held = null;
    this.move({ status: "signed-out" });
  }

  private schedule(delay: number): void {
    this.cancelTimer();
    this.cancelTimer = this.ports.after(delay, () => {
      this.refresh().catch(() => undefined);
    });
  }

  private move(state: SessionState): void {
    this.current = state;
    for (const listener of this.listeners) listener();
  }
}

/** How long a token lives. From its own issue and end, so that a wrong clock in this browser does no harm. */
export function lifetimeMs(grant: Pick<Grant, "access_token" | "expires_at">, now: number): number {
  try {
    const payload = grant.access_token.split(".")[1] ?? "";
    const claims: unknown = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")));
    if (typeof claims === "object" && claims !== null && "exp" in claims && "iat" in claims) {
      const lifetime = (Number(claims.exp) - Number(claims.iat)) * 1_000;
      if (lifetime > 0) return lifetime;
    }
  } catch {
    // Not a token this page can read: the stated end is the next best answer.
  }
  const stated = Date.parse(grant.expires_at) - now;
  return Number.isFinite(stated) && stated > 0 ? stated : RENEW_BEFORE_END_MS;
}
