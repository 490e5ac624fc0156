// Refusals and failures in words: what happened, named after what failed, and what to do.
import { ApiError } from "./api-client";

const WORDS: Readonly<Record<string, string>> = {
  invalid_credentials: "Email or password is wrong.",
  wrong_password: "The current password is wrong.",
  wrong_code:
    "The code is wrong or was used before. Try the next one. If that fails too, the time on your phone may be wrong: set its date and time to automatic.",
  challenge_over: "That took too long, or there were too many wrong codes. Sign in again.",
  link_ended: "This link was used, has expired, or was replaced by a newer one.",
  second_factor_exists: "There is a second factor already.",
  no_second_factor: "There is no second factor any more. Close this and look again.",
  second_factor_mandatory: "Your role must have a second factor, so it cannot be switched off.",
  scope_too_wide:
    "Your role may not give all of these permissions. Sign out and in again to see what it may.",
  too_many_api_keys: "You have 50 API keys, and more are not possible. Revoke one first.",
  session_ended: "Your session has ended. Sign in again.",
  not_signed_in: "Your session has ended. Sign in again.",
  unexpected_answer: "This page is older or newer than the service. Reload the page.",
};

const BROKEN_PAGE = "Something went wrong in this page. Reload it and try again.";

/** `error` as a sentence for the person who caused it. `own` says some codes otherwise than here. */
export function explain(error: unknown, own: Readonly<Record<string, string>> = {}): string {
  if (!(error instanceof ApiError)) return BROKEN_PAGE;
  const words = own[error.code] ?? WORDS[error.code];
  if (words) return words;
  if (error.status === 401) return WORDS.not_signed_in!;
  if (error.status === 429) return `Too many attempts. ${tryAgain(error)}`;
  if (error.isTemporary && own.unavailable) return own.unavailable;
  if (error.status === 0) return UNREACHABLE.detail;
  if (error.isTemporary) return `${outage(error)}. ${tryAgain(error)}`;
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

/** Why `what` ("The list of devices") is not on the screen, as a title and what to do. */
export function failureOf(error: unknown, what: string): Failure {
  if (!(error instanceof ApiError)) return { kind: "page", title: `${what} has failed`, detail: BROKEN_PAGE };
  if (error.status === 0) return { kind: "network", ...UNREACHABLE };
  if (error.status === 401) {
    return { kind: "session", title: "Your session has ended", detail: "Sign in again to go on." };
  }
  if (error.status === 403) {
    return {
      kind: "forbidden",
      title: "Your account has no access to this",
      detail: "An administrator decides what your role may see.",
    };
  }
  if (error.status === 429) {
    return { kind: "busy", title: "Too many requests", detail: tryAgain(error) };
  }
  if (error.isTemporary) return { kind: "service", title: outage(error), detail: tryAgain(error) };
  return { kind: "refused", title: `${what} could not be loaded`, detail: explain(error) };
}

/** 500 is an answer: the service is there, and has made a mistake. */
function outage({ service, status }: ApiError): string {
  return status === 500 ? `${service} has failed` : `${service} does not answer`;
}

function tryAgain({ retryAfterSeconds: wait, status, requestId }: ApiError): string {
  if (status === 500 && requestId) {
    return `Try again in a moment. If it fails again, give this number to an administrator: ${requestId}.`;
  }
  if (status === 429) return `Try again ${wait ? `in ${waitText(wait)}` : "a little later"}.`;
  return "Try again in a moment.";
}

function waitText(seconds: number): string {
  return seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
}
