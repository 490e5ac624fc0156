// Reading the gateway's frames: what comes over the socket is checked before it is used.
import type { LiveFrame } from "@/contracts/live";

// A frame of the largest subscription at the slowest rate stays far below this; more is not a frame.
const MAX_READINGS = 200_000;
const LANES = new Set(["live", "backlog", "resume"]);

/** The frame in `message`, or null when it is not one: a wrong column would show wrong values. */
export function decodeFrame(message: unknown): LiveFrame | null {
  if (typeof message !== "object" || message === null) return null;
  const { sent, pos, lane, conflated, series, x, t, v } = message as Partial<
    Record<keyof LiveFrame, unknown>
  >;
  if (!isTime(sent) || typeof lane !== "string" || !LANES.has(lane)) return null;
  if (typeof pos !== "object" || pos === null || !Object.values(pos).every(isTime)) return null;
  if (!Array.isArray(series) || !Array.isArray(x) || !Array.isArray(t) || !Array.isArray(v)) return null;
  if (x.length !== t.length || x.length !== v.length || x.length > MAX_READINGS) return null;
  if (!series.every(isTime)) return null;
  for (let index = 0; index < x.length; index += 1) {
    const column: unknown = x[index];
    if (!isTime(column) || column < 0 || column >= series.length) return null;
    if (!isTime(t[index]) || !isValue(v[index])) return null;
  }
  // Every field has been looked at above.
  return { sent, pos, lane, conflated: conflated === true, series, x, t, v } as LiveFrame;
}

function isTime(candidate: unknown): candidate is number {
  return Number.isSafeInteger(candidate);
}

function isValue(candidate: unknown): boolean {
  return typeof candidate === "boolean" || Number.isFinite(candidate);
}
