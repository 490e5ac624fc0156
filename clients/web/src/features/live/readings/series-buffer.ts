// The readings of one series in memory: two arrays sorted by time. Does not use React; callers pass the time.
import { m4 } from "@/lib/readings/m4";
import { firstNotBelow } from "@/lib/readings/ordered-search";

export type Samples = { readonly t: Float64Array; readonly v: Float64Array };

const FIRST_SIZE = 256;

/**
 * A bounded buffer sorted by time. A reading with a known time is a duplicate and is ignored. A full buffer does not drop
 * its oldest readings: it thins itself to a quarter or less, and keeps the extremes.
 */
export class SeriesBuffer {
  private t = new Float64Array(FIRST_SIZE);
  private v = new Float64Array(FIRST_SIZE);
  private start = 0;
  private end = 0;

  /** `onThinned(from, to, step)`: between these times, only the extremes of each `step` are left. */
  constructor(
    private readonly capacity: number,
    private readonly onThinned: (from: number, to: number, step: number) => void = () => {},
  ) {
    if (capacity < 32) throw new RangeError(`capacity ${capacity} is too small to keep extremes`);
  }

  get length(): number {
    return this.end - this.start;
  }

  get firstTime(): number | null {
    return this.length ? this.t[this.start]! : null;
  }

  get lastTime(): number | null {
    return this.length ? this.t[this.end - 1]! : null;
  }

  /** A view without a copy. It is valid until the buffer changes. */
  samples(): Samples {
    return { t: this.t.subarray(this.start, this.end), v: this.v.subarray(this.start, this.end) };
  }

  /** Adds a reading that is newer than all others. Returns false, and adds nothing, when it is not. */
  append(t: number, v: number): boolean {
    if (this.end > this.start && t <= this.t[this.end - 1]!) return false;
    if (this.end === this.t.length) this.makeRoom(1);
    this.t[this.end] = t;
    this.v[this.end] = v;
    this.end += 1;
    return true;
  }

  /** Adds readings in any order. Returns how many were new. */
  merge(ts: readonly number[], vs: readonly number[]): number {
    const order = ascending(ts);
    let added = 0;
    let next = 0;
    // Readings newer than all in the buffer are appended without a merge.
    const last = this.lastTime ?? -Infinity;
    const olderCount = order.findIndex((index) => ts[index]! > last);
    const older = olderCount < 0 ? order : order.slice(0, olderCount);
    if (older.length) added += this.mergeSorted(older, ts, vs);
    for (next = older.length; next < order.length; next += 1) {
      const index = order[next]!;
      if (this.append(ts[index]!, vs[index]!)) added += 1;
    }
    return added;
  }

  /** Drops readings older than `t`. Keeps the last of them, so that the line still enters the view. */
  trimBefore(t: number): void {
    const keep = firstNotBelow(this.samples().t, t) - 1;
    if (keep > 0) this.start += keep;
  }

  private mergeSorted(order: readonly number[], ts: readonly number[], vs: readonly number[]): number {
    const current = this.samples();
    const t = new Float64Array(current.t.length + order.length);
    const v = new Float64Array(t.length);
    let count = 0;
    let added = 0;
    let left = 0;
    for (const index of order) {
      const time = ts[index]!;
      while (left < current.t.length && current.t[left]! <= time) {
        t[count] = current.t[left]!;
        v[count] = current.v[left]!;
        count += 1;
        left += 1;
      }
      if (count && t[count - 1] === time) continue;
      t[count] = time;
      v[count] = vs[index]!;
      count += 1;
      added += 1;
    }
    t.set(current.t.subarray(left), count);
    v.set(current.v.subarray(left), count);
    this.t = t;
    this.v = v;
    this.start = 0;
    this.end = count + current.t.length - left;
    if (this.end > this.capacity) this.thin();
    return added;
  }

  private makeRoom(extra: number): void {
    if (this.length + extra > this.capacity) this.thin();
    const current = this.samples();
    // Doubling the size keeps the cost of an append constant on average.
    const size = Math.max(FIRST_SIZE, (this.length + extra) * 2);
    const t = new Float64Array(size);
    const v = new Float64Array(size);
    t.set(current.t);
    v.set(current.v);
    this.end = current.t.length;
    this.start = 0;
    this.t = t;
    this.v = v;
  }

  private thin(): void {
    const { t, v } = this.samples();
    const from = t[0]!;
    const to = t[t.length - 1]!;
    const step = Math.max(1, Math.ceil((to - from) / Math.floor(this.capacity / 16)));
    const keptT: number[] = [];
    const keptV: number[] = [];
    m4(t, v, 0, t.length, step, (index) => {
      keptT.push(t[index]!);
      keptV.push(v[index]!);
    });
    this.t = Float64Array.from(keptT);
    this.v = Float64Array.from(keptV);
    this.start = 0;
    this.end = keptT.length;
    this.onThinned(from, to, step);
  }
}

function ascending(ts: readonly number[]): number[] {
  const order = Array.from(ts, (_, index) => index);
  for (let index = 1; index < ts.length; index += 1) {
    if (ts[index]! < ts[index - 1]!) return order.sort((a, b) => ts[a]! - ts[b]!);
  }
  return order;
}
