// The browser's session: the access token lives here, in memory only. No React in this file.
import type { Account, Grant } from "@/contracts/http";
import { ApiError, problemOf, readAnswer, request, type TokenSource } from "@/lib/api/api-client";

export type SessionState =
  | { status: "starting" }
  /** `mustEnrol`: the role needs a second factor first, and until then the token opens nothing else. */
  | { status: "signed-in"; account: Account; mustEnrol: boolean }
  /** A session may exist, but auth cannot be reached; the session keeps asking. */
  | { status: "unreachable"; detail: string }
  /** `why`: what the sign-in page should say about it. */
  | { status: "signed-out"; why?: SignedOutWhy };

export type SignedInState = Extract<SessionState, { status: "signed-in" }>;

/** `password-changed`: here, which ends every session. `ended`: from elsewhere, or its time was up. */
export type SignedOutWhy = "password-changed" | "ended";

export type Credentials = { email: string; password: string; remember: boolean };

/** What a right password leads to: a session, or the challenge that the second factor is sent with. */
export type SignInOutcome =
  { kind: "signed-in"; mustEnrol: boolean } | { kind: "second-factor"; challenge: string };

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
  private expected = "";
  private readonly listeners = new Set<() => void>();

  constructor(private readonly ports: SessionPorts) {
    ports.signOutChannel.listen(() => this.end());
  }

  get state(): SessionState {
    return this.current;
  }

  /** Whose sign-in is expected next, "" if nobody's in particular. In memory only: it is in no address and no storage. */
  get expectedEmail(): string {
    return this.expected;
  }

  expect(email: string): void {
    this.expected = email;
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

  /** A new token whatever there is: after something that changes what the session may. Throws ApiError. */
  async renewNow(): Promise<void> {
    await this.refreshing?.catch(() => undefined);
    await this.refresh();
  }

  /** Throws ApiError: `invalid_credentials`, `rate_limited`, `unavailable`, … */
  async signIn(credentials: Credentials): Promise<SignInOutcome> {
    const response = await postJson("/api/auth/login", credentials);
    try {
      return this.signedIn(await readAnswer<Grant>(response));
    } catch (error) {
      const challenge = error instanceof ApiError && error.problem.challenge;
      if (challenge && error.code === "second_factor_required") return { kind: "second-factor", challenge };
      throw error;
    }
  }

  /** The second step. Throws ApiError: `wrong_code`, `challenge_over` (begin again), `rate_limited`, … */
  async signInSecond(challenge: string, code: string): Promise<SignInOutcome> {
    const response = await postJson("/api/auth/login/second-factor", { challenge, code });
    return this.signedIn(await readAnswer<Grant>(response));
  }

  /** Ends the session at auth, here and in the other tabs. Throws ApiError when auth cannot be reached. */
  async signOut(): Promise<void> {
    const response = await postJson("/api/auth/logout", {});
    // A failed call leaves the cookies; saying "signed out" would then be a lie.
    if (!response.ok && response.status !== 401)
      throw problemOf(response, await response.json().catch(() => null));
    this.ports.signOutChannel.announce();
    this.end();
  }

  /** After what ended every session of the account: takes the cookies away and leaves, here and in the other tabs. */
  async leave(why: SignedOutWhy): Promise<void> {
    // The session is over whether or not the cookies could be cleared: they open nothing any more.
    await postJson("/api/auth/logout", {}).catch(() => undefined);
    this.ports.signOutChannel.announce();
    this.end(why);
  }

  private signedIn(grant: Grant): SignInOutcome {
    this.accept(grant);
    return { kind: "signed-in", mustEnrol: grant.second_factor_enrolment_required };
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
    return readAnswer<Grant>(await postJson("/api/auth/refresh", {}));
  }

  private accept(grant: Grant): string {
    const lifetime = lifetimeMs(grant, this.ports.now());
    this.held = { value: grant.access_token, endsAt: this.ports.now() + lifetime };
    this.failures = 0;
    this.schedule(Math.min(MAX_RENEW_DELAY_MS, Math.max(MIN_RENEW_DELAY_MS, lifetime - RENEW_BEFORE_END_MS)));
    this.move({
      status: "signed-in",
      account: grant.account,
      mustEnrol: grant.second_factor_enrolment_required,
    });
    return grant.access_token;
  }

  private refuse(error: unknown): void {
    if (error instanceof ApiError && !error.isTemporary) {
      if (this.current.status !== "signed-out") this.end("ended");
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

  private end(why?: SignedOutWhy): void {
    this.cancelTimer();
    // Who leaves of their own will may leave the page to somebody else.
    this.expected = why && this.current.status === "signed-in" ? this.current.account.email : "";
    this.held = null;
    this.move({ status: "signed-out", why });
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

function postJson(path: string, body: unknown): Promise<Response> {
  return request(path, { method: "POST", headers: CSRF_HEADERS, body: JSON.stringify(body) });
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
