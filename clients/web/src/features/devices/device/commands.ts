// The words for commands and their outcomes. Pure functions.
import { pageTexts } from "@/i18n/page-texts";
import type { Tone } from "@/components/badge";
import type { Command } from "@/contracts/http";

/** In the order of the menu. `takes`: the argument. The texts are in `devices.actions`. */
export const ACTIONS: Readonly<Record<Command["action"], { readonly takes?: "seconds" | "lines" }>> = {
  collect_now: {},
  set_interval: { takes: "seconds" },
  pause_replay: {},
  resume_replay: {},
  resync_mirror: {},
  run_doctor: {},
  fetch_log: { takes: "lines" },
  restart: {},
};

export function commandText({ action, seconds, lines }: Command): string {
  const t = pageTexts("devices");
  const label = t(`actions.${action}.label`);
  if (seconds !== null) return t("commandWithSeconds", { label, seconds });
  return lines === null ? label : t("commandWithLines", { label, lines });
}

const TONES: Readonly<Record<Command["state"], Tone>> = {
  sent: "info",
  accepted: "info",
  done: "ok",
  failed: "crit",
  refused: "crit",
  no_answer: "neutral",
  unknown: "warn",
};

export function outcomeOf({ state }: Command): { tone: Tone; label: string } {
  return { tone: TONES[state], label: pageTexts("devices")(`outcomes.${state}`) };
}

export function isPending({ state }: Command): boolean {
  return state === "sent" || state === "accepted";
}

const REASONS = ["not_allowed", "expired", "repeated", "clock_differs"] as const;

/** Why a command had its outcome; "" when there is nothing to say. */
export function reasonText({ state, reason }: Command): string {
  const t = pageTexts("devices.reasons");
  if (state === "no_answer") return t("no_answer");
  const known = REASONS.find((one) => one === reason);
  return known ? t(known) : reason;
}
