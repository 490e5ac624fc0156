// Explains failed calls to users: what failed and what to do. One error code has one explanation.
import { pageTexts } from "@/i18n/page-texts";
import type { Messages } from "@/messages/en";
import { passwordProblems } from "../forms/password-rules";
import { ApiError } from "./api-client";

type ExplainedCode = keyof Messages["errors"]["codes"];

/** Whether the texts explain the problem code `code`. */
function isExplained(code: string): code is ExplainedCode {
  return texts().has(`codes.${code as ExplainedCode}`);
}

const texts = () => pageTexts("errors");

/** `error` as a text for the user. `fieldHint` says what a form needs; it is used when the service rejects a field. */
export function explain(error: unknown, fieldHint?: string): string {
  const t = texts();
  if (!(error instanceof ApiError)) return t("pageFailed");
  if (error.code === "invalid_request" && fieldHint) return fieldHint;
  if (error.code === "password_unfit" && error.problem.problems?.length) {
    return passwordProblems(error.problem.problems).join(" ");
  }
  if (isExplained(error.code)) return t(`codes.${error.code}`);
  if (error.status === 401) return t("codes.session_ended");
  if (error.status === 429) return t("tooManyAttempts", { advice: retryAdvice(error) });
  if (error.status === 0) return t("unreachable.detail");
  if (error.isTemporary) return t("outage", { title: outage(error), advice: retryAdvice(error) });
  return error.message || t("answeredWith", { status: error.status });
}

export type Failure = {
  readonly kind: "page" | "network" | "session" | "forbidden" | "busy" | "service" | "refused";
  readonly title: string;
  readonly detail: string;
};

/** Explains why `what` ("The list of devices") could not be loaded: a title, and what to do. */
export function failureOf(error: unknown, what: string): Failure {
  const t = texts();
  if (!(error instanceof ApiError))
    return { kind: "page", title: t("failed", { what }), detail: t("pageFailed") };
  if (error.status === 0)
    return { kind: "network", title: t("unreachable.title"), detail: t("unreachable.detail") };
  if (error.status === 401) {
    return { kind: "session", title: t("sessionEnded.title"), detail: t("sessionEnded.detail") };
  }
  if (error.status === 403) {
    return {
      kind: "forbidden",
      title: t("forbidden.title"),
      detail: t("forbidden.detail"),
    };
  }
  if (error.status === 429) {
    return { kind: "busy", title: t("tooManyRequests"), detail: retryAdvice(error) };
  }
  if (error.isTemporary) return { kind: "service", title: outage(error), detail: retryAdvice(error) };
  return { kind: "refused", title: t("notLoaded", { what }), detail: explain(error) };
}

/** A service that answers 500 runs, but it has a bug. */
function outage({ service, status }: ApiError): string {
  const t = texts();
  const name = { service: t(`services.${service}`) };
  return status === 500 ? t("serviceFailed", name) : t("serviceSilent", name);
}

function retryAdvice({ retryAfterSeconds: wait, status, requestId }: ApiError): string {
  const t = texts();
  if (status === 500 && requestId) {
    return t("advice.giveNumber", { number: requestId });
  }
  if (status === 429) return wait ? t("advice.inTime", { time: waitText(wait) }) : t("advice.later");
  return t("advice.soon");
}

function waitText(seconds: number): string {
  const t = texts();
  return seconds < 90
    ? t("seconds", { count: Math.ceil(seconds) })
    : t("minutes", { count: Math.ceil(seconds / 60) });
}
