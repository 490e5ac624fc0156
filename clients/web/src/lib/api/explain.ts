// Explains failed calls to users: what failed and what to do. One error code has one explanation.
import { passwordProblems } from "../password-rules";
import { ApiError } from "./api-client";

const SESSION_ENDED = "Your session has ended. Sign in again.";

const EXPLANATIONS: Readonly<Record<string, string>> = {
  invalid_credentials: "Email or password is wrong.",
  invalid_request: "Some fields are not valid. Check them and try again.",
  wrong_password: "The password is wrong.",
  wrong_code:
    "The code is wrong or was already used. Use the next code of your app, or another recovery code. If that fails too, the time on your phone may be wrong: set its date and time to automatic.",
  challenge_over: "Signing in took too long, or there were too many wrong codes. Sign in again.",
  link_ended: "This link has expired, was already used, or was replaced by a newer one.",
  second_factor_exists: "Your account already has a second factor.",
  no_second_factor: "Your account has no second factor. Reload the page.",
  second_factor_mandatory: "Your role requires a second factor, so you cannot disable it.",
  scope_too_wide:
    "Your role does not have all of these permissions. Sign out and sign in again to see the ones it has.",
  too_many_api_keys: "You have 50 API keys, which is the maximum. Revoke one first.",
  session_ended: SESSION_ENDED,
  not_signed_in: SESSION_ENDED,
  unexpected_answer: "The server sent an answer that this page cannot read. Reload the page.",
};

const PAGE_FAILED = "Something went wrong on this page. Reload it and try again.";

/** `error` as a text for the user. `fieldHint` says what a form needs; it is used when the service rejects a field. */
export function explain(error: unknown, fieldHint?: string): string {
  if (!(error instanceof ApiError)) return PAGE_FAILED;
  if (error.code === "invalid_request" && fieldHint) return fieldHint;
  if (error.code === "password_unfit" && error.problem.problems?.length) {
    return passwordProblems(error.problem.problems).join(" ");
  }
  const explanation = EXPLANATIONS[error.code];
  if (explanation) return explanation;
  if (error.status === 401) return SESSION_ENDED;
  if (error.status === 429) return `Too many attempts. ${retryAdvice(error)}`;
  if (error.status === 0) return UNREACHABLE.detail;
  if (error.isTemporary) return `${outage(error)}. ${retryAdvice(error)}`;
  return error.message;
}

export type Failure = {
  readonly kind: "page" | "network" | "session" | "forbidden" | "busy" | "service" | "refused";
  readonly title: string;
  readonly detail: string;
};

const UNREACHABLE = {
  title: "The server cannot be reached",
  detail: "The server did not answer. Check the network and try again.",
} as const;

/** Explains why `what` ("The list of devices") could not be loaded: a title, and what to do. */
export function failureOf(error: unknown, what: string): Failure {
  if (!(error instanceof ApiError)) return { kind: "page", title: `${what} has failed`, detail: PAGE_FAILED };
  if (error.status === 0) return { kind: "network", ...UNREACHABLE };
  if (error.status === 401) {
    return { kind: "session", title: "Your session has ended", detail: "Sign in again to continue." };
  }
  if (error.status === 403) {
    return {
      kind: "forbidden",
      title: "Your account has no access to this",
      detail: "Ask an administrator for a role that has access.",
    };
  }
  if (error.status === 429) {
    return { kind: "busy", title: "Too many requests", detail: retryAdvice(error) };
  }
  if (error.isTemporary) return { kind: "service", title: outage(error), detail: retryAdvice(error) };
  return { kind: "refused", title: `${what} could not be loaded`, detail: explain(error) };
}

/** A service that answers 500 runs, but it has a bug. */
function outage({ service, status }: ApiError): string {
  return status === 500 ? `${service} has failed` : `${service} does not answer`;
}

function retryAdvice({ retryAfterSeconds: wait, status, requestId }: ApiError): string {
  if (status === 500 && requestId) {
    return `Try again in a moment. If it fails again, give this number to an administrator: ${requestId}.`;
  }
  if (status === 429) return `Try again ${wait ? `in ${waitText(wait)}` : "a little later"}.`;
  return "Try again in a moment.";
}

function waitText(seconds: number): string {
  return seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
}
