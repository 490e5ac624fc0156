// When a device was connected, from the events that the gateway keeps.
import type { ConnectionEvent } from "@/contracts/http";
import { formatDuration } from "@/lib/texts/format";

/** From `from` to `to`, in ms since the Unix epoch. `online` null: unknown, because no event is that old. */
export type ConnectionSpan = {
  readonly id: string;
  readonly from: number;
  readonly to: number;
  readonly online: boolean | null;
};

/**
 * What is known about [from, now], oldest first. `events`: newest first. An event lasts until the next one, the newest
 * until now. Two events of the same state in a row are one span.
 */
export function connectionSpans(
  events: readonly ConnectionEvent[],
  from: number,
  now: number,
): ConnectionSpan[] {
  const spans: ConnectionSpan[] = [];
  let until = now;
  for (const { id, at, online } of events) {
    const start = Math.min(Math.max(Date.parse(at), from), until);
    const later = spans.at(-1);
    if (later?.online === online) spans[spans.length - 1] = { ...later, id, from: start };
    else if (start < until) spans.push({ id, from: start, to: until, online });
    until = start;
    if (start === from) break;
  }
  if (until > from) spans.push({ id: "before", from, to: until, online: null });
  return spans.reverse();
}

/** The part of the known time in which the device was connected, from 0 to 1. Null when nothing is known. */
export function connectedPart(spans: readonly ConnectionSpan[]): number | null {
  const known = spans.filter(({ online }) => online !== null);
  const length = (some: readonly ConnectionSpan[]) => some.reduce((sum, { from, to }) => sum + to - from, 0);
  const total = length(known);
  return total > 0 ? length(known.filter(({ online }) => online)) / total : null;
}

const UNITS_MS = [86_400_000, 3_600_000, 60_000, 1_000];

/** "4 h 38 min", "23 min", "5 s": the largest unit and the next. */
export function durationText(ms: number): string {
  const first = UNITS_MS.findIndex((size) => ms >= size);
  const size = UNITS_MS[first] ?? 1_000;
  const next = UNITS_MS[first + 1] ?? size;
  const head = Math.floor(ms / size) * size;
  const rest = Math.floor((ms - head) / next) * next;
  return [head, ...(rest > 0 ? [rest] : [])].map((part) => formatDuration(part * 1_000)).join(" ");
}
