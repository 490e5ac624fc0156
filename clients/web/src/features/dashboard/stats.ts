// Figures about the visible part of one series.
import { firstNotBelow } from "@/lib/ordered-search";
import type { Window } from "./plot-data";
import type { GapTest, Samples } from "./ports";

export type Stats = {
  readonly min: number;
  readonly mean: number;
  readonly max: number;
  readonly last: number;
};

/**
 * Null when nothing lies in the window. The mean is weighted by time and leaves gaps out: where only extremes were
 * kept, a plain mean would lean towards them.
 */
export function statsIn({ t, v }: Samples, isGap: GapTest, window: Window): Stats | null {
  const start = firstNotBelow(t, window.from);
  const end = firstNotBelow(t, window.to + 1);
  if (start >= end) return null;
  let min = Infinity;
  let max = -Infinity;
  let area = 0;
  let covered = 0;
  for (let index = start; index < end; index += 1) {
    const value = v[index]!;
    if (value < min) min = value;
    if (value > max) max = value;
    if (index === start || isGap(t[index - 1]!, t[index]!)) continue;
    const width = t[index]! - t[index - 1]!;
    area += (width * (v[index - 1]! + value)) / 2;
    covered += width;
  }
  const last = v[end - 1]!;
  return { min, max, last, mean: covered > 0 ? area / covered : last };
}
