// M4 sampling: of each bucket of time keep first, lowest, highest and last. Every kept sample is a real one, and a line
// drawn through them at one bucket per pixel has the same pixels as the full line (Jugel et al., VLDB 2014).

export type Columns = { t: number[]; v: number[] };

/**
 * Samples of `t`/`v` (ascending, same length) between indexes `from` (included) and `to` (excluded), thinned to at
 * most four for each `step` of time. Buckets lie on multiples of `step`, so that a moving window does not flicker.
 * `breakAfter(i)` true ends a bucket between i and i+1, so that both edges of a gap are kept.
 */
export function m4(
  t: ArrayLike<number>,
  v: ArrayLike<number>,
  from: number,
  to: number,
  step: number,
  onSample: (index: number) => void,
  breakAfter: (index: number) => boolean = () => false,
): void {
  let start = from;
  while (start < to) {
    const bucket = Math.floor(t[start]! / step);
    let lowest = start;
    let highest = start;
    let end = start;
    while (end + 1 < to && !breakAfter(end) && Math.floor(t[end + 1]! / step) === bucket) {
      end += 1;
      if (v[end]! < v[lowest]!) lowest = end;
      if (v[end]! > v[highest]!) highest = end;
    }
    const first = Math.min(lowest, highest);
    const second = Math.max(lowest, highest);
    onSample(start);
    if (first > start) onSample(first);
    if (second > first && second > start) onSample(second);
    if (end > second) onSample(end);
    start = end + 1;
  }
}
