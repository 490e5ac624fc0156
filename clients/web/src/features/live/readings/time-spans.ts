// Lists of time spans, such as where readings arrived late. Pure functions. Times in µs.

export type TimeSpan = { readonly from: number; readonly to: number };

const MAX_SPANS = 64;

/**
 * `spans` with `added`. `spans` must be ascending and must not overlap. Spans with a distance of up to `maxDistance` are
 * merged. The list is bounded: the oldest spans are dropped first.
 */
export function addTimeSpan(spans: readonly TimeSpan[], added: TimeSpan, maxDistance: number): TimeSpan[] {
  const before = spans.filter(({ to }) => to + maxDistance < added.from);
  const after = spans.filter(({ from }) => from - maxDistance > added.to);
  const touched = spans.slice(before.length, spans.length - after.length);
  const merged = {
    from: Math.min(added.from, ...touched.map(({ from }) => from)),
    to: Math.max(added.to, ...touched.map(({ to }) => to)),
  };
  return [...before, merged, ...after].slice(-MAX_SPANS);
}

/** `spans` without the time between `from` and `to`. */
export function cutTimeSpan(spans: readonly TimeSpan[], from: number, to: number): TimeSpan[] {
  return spans.flatMap((span) => {
    if (span.to < from || span.from > to) return [span];
    const left = span.from < from ? [{ from: span.from, to: from }] : [];
    const right = span.to > to ? [{ from: to, to: span.to }] : [];
    return [...left, ...right];
  });
}
