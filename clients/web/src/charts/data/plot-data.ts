// Turns readings into the columns that uPlot draws: the visible part, thinned to the pixels, with marked gaps.
import { m4 } from "@/lib/readings/m4";
import { firstNotBelow } from "@/lib/readings/ordered-search";
import type { GapTest, Samples, TimeSpan } from "../types";

/** `null` breaks the line. `undefined` (after joining) means: this line has no reading at this time. */
export type Line = { t: number[]; v: (number | null)[] };
export type JoinedLines = { t: number[]; lines: (number | null | undefined)[][] };

/**
 * The part of `samples` in `window`, thinned for `pixels` pixels. One neighbour on each side lets the line reach the
 * edges.
 */
export function visibleLine({ t, v }: Samples, isGap: GapTest, window: TimeSpan, pixels: number): Line {
  const start = Math.max(0, firstNotBelow(t, window.from) - 1);
  const end = Math.min(t.length, firstNotBelow(t, window.to) + 1);
  const line: Line = { t: [], v: [] };
  const keep = (index: number) => {
    line.t.push(t[index]!);
    line.v.push(v[index]!);
    if (index + 1 < end && isGap(t[index]!, t[index + 1]!)) {
      line.t.push((t[index]! + t[index + 1]!) / 2);
      line.v.push(null);
    }
  };
  // Below two samples per pixel, thinning costs more than it saves.
  if (end - start <= pixels * 2) {
    for (let index = start; index < end; index += 1) keep(index);
  } else {
    const step = Math.max(1, Math.ceil((window.to - window.from) / pixels));
    m4(t, v, start, end, step, keep, (index) => isGap(t[index]!, t[index + 1]!));
  }
  return line;
}

/** Puts lines of different times on one ascending time column, in seconds as uPlot needs them. Divides values by `scale`. */
export function joinLines(lines: readonly Line[], scale = 1): JoinedLines {
  const total = lines.reduce((sum, line) => sum + line.t.length, 0);
  const all = new Float64Array(total);
  let filled = 0;
  for (const line of lines) {
    all.set(line.t, filled);
    filled += line.t.length;
  }
  all.sort();
  const times: number[] = [];
  for (const time of all) if (time !== times.at(-1)) times.push(time);
  const joined = lines.map((line) => {
    const column = new Array<number | null | undefined>(times.length).fill(undefined);
    let next = 0;
    for (let index = 0; index < times.length && next < line.t.length; index += 1) {
      if (line.t[next] === times[index]) {
        const value = line.v[next];
        column[index] = value == null ? value : value / scale;
        next += 1;
      }
    }
    return column;
  });
  return { t: times.map((time) => time / 1_000_000), lines: joined };
}
