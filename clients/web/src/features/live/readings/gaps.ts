// Where a line must not be drawn: readings were expected and none came. Pure functions over times in µs.

/** Between `from` and `to` fewer readings are held than were taken; neighbours may lie up to `step` apart. */
export type Span = { readonly from: number; readonly to: number; readonly step: number };

export type Gap = { readonly from: number; readonly to: number };

/** True when nothing is known for the time between two neighbouring readings. */
export type GapTest = (earlier: number, later: number) => boolean;

const MISSED_INTERVALS = 3;
const MAX_SPANS = 128;

/** `rhythmUs`: how often readings come. Null: nobody knows, so nothing is known between any two of them. */
export function gapTest(rhythmUs: number | null, spans: readonly Span[]): GapTest {
  if (rhythmUs === null) return () => true;
  const limit = rhythmUs * MISSED_INTERVALS;
  return (earlier, later) => {
    const silence = later - earlier;
    if (silence <= limit) return false;
    return !spans.some((span) => earlier < span.to && later > span.from && silence <= span.step + limit);
  };
}

/** `spans` with `added`; bounded, the oldest go first. */
export function withSpan(spans: readonly Span[], added: Span): Span[] {
  const last = spans.at(-1);
  // Conflated frames come in rows: neighbours of one step are one span.
  if (last && last.step === added.step && added.from <= last.to && added.from >= last.from) {
    return [...spans.slice(0, -1), { ...last, to: Math.max(last.to, added.to) }];
  }
  return [...spans, added].slice(-MAX_SPANS);
}

/** `spans` after everything between `from` and `to` has become complete. */
export function withoutStretch(spans: readonly Span[], from: number, to: number): Span[] {
  return spans.flatMap((span) => {
    if (span.to <= from || span.from >= to) return [span];
    const left = span.from < from ? [{ ...span, to: from }] : [];
    const right = span.to > to ? [{ ...span, from: to }] : [];
    return [...left, ...right];
  });
}

/** All gaps between the given ascending times. */
export function gapsIn(t: ArrayLike<number>, isGap: GapTest): Gap[] {
  const gaps: Gap[] = [];
  for (let index = 1; index < t.length; index += 1) {
    const from = t[index - 1]!;
    const to = t[index]!;
    if (isGap(from, to)) gaps.push({ from, to });
  }
  return gaps;
}
