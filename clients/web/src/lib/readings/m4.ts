// M4 sampling keeps the first, lowest, highest and last sample of each time bucket. With one bucket per pixel, the line
// through them has the same pixels as the full line (Jugel et al., VLDB 2014).

/**
 * Calls `onSample` with the index of each kept sample: at most four per `step` of time. `t` must ascend and be as long as
 * `v`. The samples are those from index `from` up to, but not including, `to`. Buckets start at multiples of `step`, so
 * that a moving window does not flicker. A bucket also ends after index `i` when `breakAfter(i)` is true, so that both
 * edges of a gap are kept.
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
