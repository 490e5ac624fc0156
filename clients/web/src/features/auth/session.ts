// The browser's session. It keeps the access token in memory only. Does not use React.
import type { Account, Grant } from "@/contracts/http";
import { ApiError, problemOf, readAnswer, request, type TokenSource } from "@/lib/api/api-client";
import { pageTexts } from "@/i18n/page-texts";
import { failureOf } from "@/lib/api/explain";

export type SessionState =
  | { status: "starting" }
  /** `mustEnrol`: the role requires a second factor. Until it is set up, the token allows nothing else. */
  | { status: "signed-in"; account: Account; mustEnrol: boolean }
  /** Auth cannot be reached, so it is unknown whether a session exists. The session retries. */
  | { status: "unreachable"; problem: string }
  /** `reason`: what the sign-in page should tell the user. */
  | { status: "signed-out"; reason?: SignedOutReason };

export type SignedInState = Extract<SessionState, { status: "signed-in" }>;

/** `password-changed`: on this page, which ends every session. `ended`: revoked elsewhere, or expired. */
export type SignedOutReason = "password-changed" | "ended";

export type Credentials = { email: string; password: string; remember: boolean };

/** The result of a right password: a session, or the challenge to answer with a second factor. */
export type SignInOutcome =
  { kind: "signed-in"; mustEnrol: boolean } | { kind: "second-factor"; challenge: string };

type Token = { value: string; expiresAt: number };

/** What the session needs from the browser. Tests replace it. */
export type SessionPorts = {
  now: () => number;
  /** Runs `work` while no other tab of this site runs work through this function. */
  exclusively: <T>(work: () => Promise<T>) => Promise<T>;
  /** Tells the other tabs about a sign-out, and listens for theirs. */
  signOutChannel: { announce: () => void; listen: (listener: () => void) => void };
  /** Runs `work` after `ms`. Returns a function that cancels it. */
  after: (ms: number, work: () => void) => () => void;
};

const RENEW_BEFORE_EXPIRY_MS = 60_000;
const EXPIRY_MARGIN_MS = 5_000;
const MIN_RENEW_DELAY_MS = 15_000;
// A timer beyond 2^31 ms fires immediately.
const MAX_RENEW_DELAY_MS = 3_600_000;
const RETRY_MS = [1_000, 2_000, 5_000, 10_000] as const;
const CSRF_HEADERS = { "content-type": "application/json", "x-pulse-csrf": "1" };

/**
 * The session of one page. Tabs share the cookies, but each has its own access token. A lock lets one tab refresh at a
 * time, so that no two tabs rotate the same refresh token.
 */
export class Session implements TokenSource {
  private current: SessionState = { status: "starting" };
  private currentToken: Token | null = null;
  private refreshing: Promise<string> | null = null;
  private early: Promise<Grant> | null = null;
  private cancelTimer: () => void = () => {};
  private failures = 0;
  private nextEmail = "";
  private readonly listeners = new Set<() => void>();

  constructor(private readonly ports: SessionPorts) {
    ports.signOutChannel.listen(() => this.end());
  }

  get state(): SessionState {
    return this.current;
  }

  /** The email that the sign-in form starts with, or "". Kept in memory only: not in an address, not in storage. */
  get suggestedEmail(): string {
    return this.nextEmail;
  }

  suggestEmail(email: string): void {
    this.nextEmail = email;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Throws ApiError; its code is `session_ended` when there is no session. */
  async token(): Promise<string> {
    const token = this.currentToken;
    if (token && token.expiresAt - this.ports.now() > EXPIRY_MARGIN_MS) return token.value;
    return this.refresh();
  }

  async renew(rejected: string): Promise<string> {
    if (this.currentToken && this.currentToken.value !== rejected) return this.currentToken.value;
    return this.refresh();
  }

  /**
   * Asks for a token before the page can show anything, so that the request does not wait for React. `start` takes the
   * answer, and reports a failure.
   */
  startEarly(): void {
    if (this.currentToken || this.refreshing || this.early) return;
    this.early = this.ports.exclusively(() => this.requestGrant());
    this.early.catch(() => undefined);
  }

  /** Gets a token from the cookies when the page loads. A failure shows in `state`. */
  start(): void {
    if (this.currentToken || this.refreshing) return;
    this.refresh().catch(() => undefined);
  }

  /** Gets a new token in any case. Call it after the session's permissions changed. Throws ApiError. */
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

  /** The second step of signing in. Throws ApiError: `wrong_code`, `challenge_over` (start again), `rate_limited`, … */
  async signInSecond(challenge: string, code: string): Promise<SignInOutcome> {
    const response = await postJson("/api/auth/login/second-factor", { challenge, code });
    return this.signedIn(await readAnswer<Grant>(response));
  }

  /** Ends the session at auth, on this page and in the other tabs. Throws ApiError when auth cannot be reached. */
  async signOut(): Promise<void> {
    const response = await postJson("/api/auth/logout", {});
    // After a failed call the cookies are still valid, so the session is not signed out.
    if (!response.ok && response.status !== 401)
      throw problemOf(response, await response.json().catch(() => null));
    this.ports.signOutChannel.announce();
    this.end();
  }

  /** Signs out here and in the other tabs, after a change that ended every session of the account. */
  async leave(reason: SignedOutReason): Promise<void> {
    // The cookies are invalid already, so a failure to clear them does no harm.
    await postJson("/api/auth/logout", {}).catch(() => undefined);
    this.ports.signOutChannel.announce();
    this.end(reason);
  }

  private signedIn(grant: Grant): SignInOutcome {
    this.accept(grant);
    return { kind: "signed-in", mustEnrol: grant.second_factor_enrolment_required };
  }

  private refresh(): Promise<string> {
    this.refreshing ??= this.takeEarly()
      .then((grant) => this.accept(grant))
      .catch((error: unknown) => {
        this.refreshFailed(error);
        throw error;
      })
      .finally(() => {
        this.refreshing = null;
      });
    return this.refreshing;
  }

  /** The answer to the early request, once; else a new request. */
  private takeEarly(): Promise<Grant> {
    const early = this.early ?? this.ports.exclusively(() => this.requestGrant());
    this.early = null;
    return early;
  }

  private async requestGrant(): Promise<Grant> {
    return readAnswer<Grant>(await postJson("/api/auth/refresh", {}));
  }

  private accept(grant: Grant): string {
    const lifetime = lifetimeMs(grant, this.ports.now());
    this.currentToken = { value: grant.access_token, expiresAt: this.ports.now() + lifetime };
    this.failures = 0;
    const delay = Math.max(MIN_RENEW_DELAY_MS, lifetime - RENEW_BEFORE_EXPIRY_MS);
    this.scheduleRefresh(Math.min(MAX_RENEW_DELAY_MS, delay));
    this.setState({
      status: "signed-in",
      account: grant.account,
      mustEnrol: grant.second_factor_enrolment_required,
    });
    return grant.access_token;
  }

  private refreshFailed(error: unknown): void {
    if (error instanceof ApiError && !error.isTemporary) {
      if (this.current.status !== "signed-out") this.end("ended");
      return;
    }
    const wait = RETRY_MS[Math.min(this.failures, RETRY_MS.length - 1)] ?? 10_000;
    this.failures += 1;
    this.scheduleRefresh(
      error instanceof ApiError && error.retryAfterSeconds ? error.retryAfterSeconds * 1_000 : wait,
    );
    // A signed-in page keeps its live data during an outage. Only a page that never started shows the problem.
    if (this.current.status !== "signed-in") {
      this.setState({
        status: "unreachable",
        problem: failureOf(error, pageTexts("errors")("signIn")).title,
      });
    }
  }

  private end(reason?: SignedOutReason): void {
    this.cancelTimer();
    // After a sign-out by the user, another person may use the page. Do not suggest the email then.
    this.nextEmail = reason && this.current.status === "signed-in" ? this.current.account.email : "";
    this.currentToken = null;
    this.early = null;
    this.setState({ status: "signed-out", reason });
  }

  private scheduleRefresh(delay: number): void {
    this.cancelTimer();
    this.cancelTimer = this.ports.after(delay, () => {
      this.refresh().catch(() => undefined);
    });
  }

  private setState(state: SessionState): void {
    this.current = state;
    for (const listener of this.listeners) listener();
  }
}

function postJson(path: string, body: unknown): Promise<Response> {
  return request(path, { method: "POST", headers: CSRF_HEADERS, body: JSON.stringify(body) });
}

/** The lifetime of a token from its own times of issue and expiry, so that a wrong clock of this computer does not matter. */
export function lifetimeMs(grant: Pick<Grant, "access_token" | "expires_at">, now: number): number {
  try {
    const payload = grant.access_token.split(".")[1] ?? "";
    const claims: unknown = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")));
    if (typeof claims === "object" && claims !== null && "exp" in claims && "iat" in claims) {
      const lifetime = (Number(claims.exp) - Number(claims.iat)) * 1_000;
      if (lifetime > 0) return lifetime;
    }
  } catch {
    // This page cannot read the token. `expires_at` is the next best source.
  }
  const remaining = Date.parse(grant.expires_at) - now;
  return Number.isFinite(remaining) && remaining > 0 ? remaining : RENEW_BEFORE_EXPIRY_MS;
}
