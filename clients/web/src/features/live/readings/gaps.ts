// Finds gaps: times in which readings are missing. Pure functions. Times in µs.

import type { TimeSpan } from "./time-spans";

/** Between `from` and `to`, the page holds only some of the readings. Neighbours may be up to `step` apart. */
export type SampledSpan = { readonly from: number; readonly to: number; readonly step: number };

/** True when readings are missing between two neighbours. */
export type GapTest = (earlier: number, later: number) => boolean;

const MISSED_INTERVALS = 3;
const MAX_SPANS = 128;

/** `intervalUs`: the usual interval; null when it is unknown, and then every distance is a gap. */
export function gapTest(intervalUs: number | null, spans: readonly SampledSpan[]): GapTest {
  if (intervalUs === null) return () => true;
  const limit = intervalUs * MISSED_INTERVALS;
  return (earlier, later) => {
    const silence = later - earlier;
    if (silence <= limit) return false;
    return !spans.some((span) => earlier < span.to && later > span.from && silence <= span.step + limit);
  };
}

/** `spans` with `added`. The list is bounded: the oldest spans are dropped first. */
export function withSpan(spans: readonly SampledSpan[], added: SampledSpan): SampledSpan[] {
  const last = spans.at(-1);
  // Conflated frames follow each other. Adjacent spans with the same step are merged.
  if (last && last.step === added.step && added.from <= last.to && added.from >= last.from) {
    return [...spans.slice(0, -1), { ...last, to: Math.max(last.to, added.to) }];
  }
  return [...spans, added].slice(-MAX_SPANS);
}

/** `spans` without the time between `from` and `to`, for which the page holds all readings. */
export function withoutRange(spans: readonly SampledSpan[], from: number, to: number): SampledSpan[] {
  return spans.flatMap((span) => {
    if (span.to <= from || span.from >= to) return [span];
    const left = span.from < from ? [{ ...span, to: from }] : [];
    const right = span.to > to ? [{ ...span, from: to }] : [];
    return [...left, ...right];
  });
}

/** All gaps between the ascending times `t`. */
export function gapsIn(t: ArrayLike<number>, isGap: GapTest): TimeSpan[] {
  const gaps: TimeSpan[] = [];
  for (let index = 1; index < t.length; index += 1) {
    const from = t[index - 1]!;
    const to = t[index]!;
    if (isGap(from, to)) gaps.push({ from, to });
  }
  return gaps;
}
