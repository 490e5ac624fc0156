// Refusals in words: what the codes mean to a person.
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
};

/** `error` as a sentence for the person who caused it. `own` says some codes otherwise than here. */
export function explain(error: unknown, own: Readonly<Record<string, string>> = {}): string {
  if (!(error instanceof ApiError)) return "Something went wrong in this page. Reload it and try again.";
  const words = own[error.code] ?? WORDS[error.code];
  if (words) return words;
  if (error.status === 429) {
    const wait = error.retryAfterSeconds;
    return `Too many attempts. Try again ${wait ? `in ${waitText(wait)}` : "a little later"}.`;
  }
  if (error.isTemporary) return own.unavailable ?? "The service cannot be reached. Try again in a moment.";
  return error.message;
}

function waitText(seconds: number): string {
  return seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
}
