// The words for commands and their outcomes. Pure functions.
import type { Tone } from "@/components/badge";
import type { Command } from "@/contracts/http";

export const ACTIONS: Readonly<
  Record<
    Command["action"],
    { readonly label: string; readonly effect: string; readonly takes?: "seconds" | "lines" }
  >
> = {
  collect_now: { label: "Collect now", effect: "The collector measures its machine at once." },
  set_interval: {
    label: "Set interval",
    effect: "The collector measures its machine this often from now on, also after a restart.",
    takes: "seconds",
  },
  pause_replay: {
    label: "Pause replay",
    effect: "The delivery of the backlog stops. Live readings continue.",
  },
  resume_replay: { label: "Resume replay", effect: "The delivery of the backlog continues." },
  resync_mirror: {
    label: "Resync offline access",
    effect: "The collector asks for a new copy of the accounts that may sign in there.",
  },
  run_doctor: {
    label: "Run doctor",
    effect: "The collector checks its disk, buffer, clock, credentials and connection.",
  },
  fetch_log: { label: "Fetch log", effect: "The collector sends the last lines of its log.", takes: "lines" },
  restart: {
    label: "Restart",
    effect: "The collector stops and starts again. Readings wait on its disk meanwhile.",
  },
};

export function commandText({ action, seconds, lines }: Command): string {
  const { label } = ACTIONS[action];
  if (seconds !== null) return `${label} to ${seconds.toLocaleString("en")} s`;
  return lines === null ? label : `${label}, ${lines.toLocaleString("en")} lines`;
}

const OUTCOMES: Readonly<Record<Command["state"], { readonly tone: Tone; readonly label: string }>> = {
  sent: { tone: "info", label: "Sent" },
  accepted: { tone: "info", label: "Running" },
  done: { tone: "ok", label: "Done" },
  failed: { tone: "crit", label: "Failed" },
  refused: { tone: "crit", label: "Refused" },
  no_answer: { tone: "neutral", label: "No answer" },
  unknown: { tone: "warn", label: "Outcome unknown" },
};

export function outcomeOf({ state }: Command) {
  return OUTCOMES[state];
}

export function isPending({ state }: Command): boolean {
  return state === "sent" || state === "accepted";
}

const REASONS: Readonly<Record<string, string>> = {
  not_allowed: "this computer allows no commands from the server",
  expired: "it arrived too late, or the clock of the collector is wrong",
  repeated: "it was already executed",
  clock_differs: "the clock of the collector is wrong",
};

/** Why a command had its outcome; "" when there is nothing to say. */
export function reasonText({ state, reason }: Command): string {
  if (state === "no_answer") return "no answer within 60 s";
  return REASONS[reason] ?? reason;
}
