// Decodes the gateway's frames. They are checked at run time: a wrong column would show wrong values.
import type { LiveFrame } from "@/contracts/live";

// Far above the largest real frame.
const MAX_READINGS = 200_000;
const LANES = new Set(["live", "backlog", "resume"]);

/** The frame in `message`; null when it is not valid. */
export function decodeFrame(message: unknown): LiveFrame | null {
  if (typeof message !== "object" || message === null) return null;
  const { sent, pos, lane, conflated, series, x, t, v } = message as Partial<
    Record<keyof LiveFrame, unknown>
  >;
  if (!isInteger(sent) || typeof lane !== "string" || !LANES.has(lane)) return null;
  if (typeof pos !== "object" || pos === null || !Object.values(pos).every(isInteger)) return null;
  if (!Array.isArray(series) || !Array.isArray(x) || !Array.isArray(t) || !Array.isArray(v)) return null;
  if (x.length !== t.length || x.length !== v.length || x.length > MAX_READINGS) return null;
  if (!series.every(isInteger)) return null;
  for (let index = 0; index < x.length; index += 1) {
    const column: unknown = x[index];
    if (!isInteger(column) || column < 0 || column >= series.length) return null;
    if (!isInteger(t[index]) || !isValue(v[index])) return null;
  }
  // All fields are checked above.
  return { sent, pos, lane, conflated: conflated === true, series, x, t, v } as LiveFrame;
}

function isInteger(candidate: unknown): candidate is number {
  return Number.isSafeInteger(candidate);
}

function isValue(candidate: unknown): boolean {
  return typeof candidate === "boolean" || Number.isFinite(candidate);
}
