// The range of the overview, and its line. Pure functions. Times in µs.
import type { Line } from "@/charts/data/plot-data";
import type { TimeSpan } from "@/charts/types";

const LENGTHS = 4;
// Room for a preset that moves on, so that the overview stays the same for a while.
const AHEAD = 0.05;
const LEAST_SHARE = 0.02;
const MOST_SHARE = 0.9;

/** `frame` if `span` can be shown in it, else a new range: four times as long, ending soon after `span`. */
export function frameFor(frame: TimeSpan | null, { from, to }: TimeSpan): TimeSpan {
  const length = to - from;
  if (frame && from >= frame.from && to <= frame.to) {
    const share = length / (frame.to - frame.from);
    if (share >= LEAST_SHARE && share <= MOST_SHARE) return frame;
  }
  const end = Math.ceil(to + length * AHEAD);
  const next = { from: Math.max(0, Math.floor(end - length * LENGTHS)), to: end };
  // Near 1970 the range cannot be longer. The same object says that nothing has changed.
  return frame && frame.from === next.from && frame.to === next.to ? frame : next;
}

/** The SVG paths of `line` in a box of `width` × `height` that shows `frame`. */
export function overviewPaths(
  { t, v }: Line,
  { from, to }: TimeSpan,
  width: number,
  height: number,
): { line: string; area: string } {
  let min = Infinity;
  let max = -Infinity;
  for (const value of v) {
    if (value === null || !Number.isFinite(value)) continue;
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  if (min > max) return { line: "", area: "" };
  const half = max / 2 - min / 2;
  const x = (us: number) => (((us - from) / (to - from)) * width).toFixed(1);
  const y = (value: number) =>
    (half > 0 ? height - 4 - ((value / 2 - min / 2) / half) * (height - 8) : height / 2).toFixed(1);
  let line = "";
  let area = "";
  let start: string | null = null;
  let last = "";
  const end = () => {
    if (start !== null) area += `L${last},${height}L${start},${height}Z`;
    start = null;
  };
  t.forEach((us, place) => {
    const value = v[place];
    if (value == null) return end();
    last = x(us);
    const at = `${last},${y(value)}`;
    line += `${start === null ? "M" : "L"}${at}`;
    area += `${start === null ? "M" : "L"}${at}`;
    start ??= last;
  });
  end();
  return { line, area };
}

/** `span` moved or resized by `by` µs at one part. It stays inside `frame` and lasts at least `least`. */
export function brushed(
  { from, to }: TimeSpan,
  part: "from" | "to" | "all",
  by: number,
  frame: TimeSpan,
  least: number,
): TimeSpan {
  if (part === "from") return { from: Math.max(frame.from, Math.min(from + by, to - least)), to };
  if (part === "to") return { from, to: Math.min(frame.to, Math.max(to + by, from + least)) };
  const shift = Math.min(frame.to - to, Math.max(frame.from - from, by));
  return { from: from + shift, to: to + shift };
}
