// Statistics of the visible part of one series.
import { firstNotBelow } from "@/lib/readings/ordered-search";
import type { GapTest, Samples, TimeSpan } from "../types";

export type Stats = {
  readonly min: number;
  readonly mean: number;
  readonly max: number;
  readonly last: number;
};

/**
 * The statistics of the readings in `window`; null when there are none. The mean is weighted by time and ignores gaps:
 * a plain mean would be wrong where only extremes were kept. When all of the window is a gap, the mean is plain.
 */
export function statsIn({ t, v }: Samples, isGap: GapTest, window: TimeSpan): Stats | null {
  const start = firstNotBelow(t, window.from);
  const end = firstNotBelow(t, window.to + 1);
  if (start >= end) return null;
  let min = Infinity;
  let max = -Infinity;
  let covered = 0;
  let meanOfLines = 0;
  let meanOfReadings = 0;
  for (let index = start; index < end; index += 1) {
    const value = v[index]!;
    if (value < min) min = value;
    if (value > max) max = value;
    meanOfReadings = blend(meanOfReadings, value, 1 / (index - start + 1));
    if (index === start || isGap(t[index - 1]!, t[index]!)) continue;
    const width = t[index]! - t[index - 1]!;
    covered += width;
    meanOfLines = blend(meanOfLines, v[index - 1]! / 2 + value / 2, width / covered);
  }
  const mean = covered > 0 ? meanOfLines : meanOfReadings;
  return { min, max, last: v[end - 1]!, mean: Math.min(max, Math.max(min, mean)) };
}

/** A running mean. A sum of large numbers could overflow to infinity. */
function blend(mean: number, value: number, share: number): number {
  return mean * (1 - share) + value * share;
}
