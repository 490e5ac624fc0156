// The states of an incident. Pure functions.
import type { Incident } from "@/contracts/http";

export type IncidentState = "planned" | "open" | "closed";

type Times = Pick<Incident, "started_at" | "ended_at">;

/** `now`: ms since the Unix epoch. An end in the future is a plan: the incident lasts until then. */
export function stateOf({ started_at, ended_at }: Times, now: number): IncidentState {
  if (Date.parse(started_at) > now) return "planned";
  return ended_at === null || Date.parse(ended_at) > now ? "open" : "closed";
}

export function isOpen(times: Times, now: number): boolean {
  return stateOf(times, now) === "open";
}

/** What happened, in one order: the newest first. */
export function newestFirst<Entry extends { readonly at: number }>(entries: readonly Entry[]): Entry[] {
  return [...entries].sort((one, other) => other.at - one.at);
}
