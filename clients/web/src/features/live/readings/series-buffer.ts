// The readings of one series that this page holds: two columns sorted by time. No React, no clock.
import { m4 } from "@/lib/m4";
import { firstNotBelow } from "@/lib/ordered-search";

export type Samples = { readonly t: Float64Array; readonly v: Float64Array };

const FIRST_SIZE = 256;

/**
 * Time-sorted, bounded buffer. Same time means the same reading, so a repeated time is ignored. When it is full it
 * thins itself to a quarter or less, keeping the extremes of each stretch, instead of forgetting its oldest part.
 */
export class SeriesBuffer {
  private t = new Float64Array(FIRST_SIZE);
  private v = new Float64Array(FIRST_SIZE);
  private start = 0;
  private end = 0;

  /** `onThinned(from, to, step)`: between these times only extremes per `step` are left. */
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

  /** A view without a copy; good until the buffer changes. */
  samples(): Samples {
    return { t: this.t.subarray(this.start, this.end), v: this.v.subarray(this.start, this.end) };
  }

  /** Adds a reading that is newer than all others. False, and nothing added, when it is not. */
  append(t: number, v: number): boolean {
    if (this.end > this.start && t <= this.t[this.end - 1]!) return false;
    if (this.end === this.t.length) this.makeRoom(1);
    this.t[this.end] = t;
    this.v[this.end] = v;
    this.end += 1;
    return true;
  }

  /** Adds readings of any order and age; returns how many were new. */
  merge(ts: readonly number[], vs: readonly number[]): number {
    const order = ascending(ts);
    let added = 0;
    let next = 0;
    // The part that is newer than everything held needs no merge.
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

  /** Forgets what is older than `t`, but for the one reading from which a line still enters the view. */
  trimBefore(t: number): void {
    const keep = firstNotBelow(this.samples().t, t) - 1;
    if (keep > 0) this.start += keep;
  }

  private mergeSorted(order: readonly number[], ts: readonly number[], vs: readonly number[]): number {
    const held = this.samples();
    const t = new Float64Array(held.t.length + order.length);
    const v = new Float64Array(t.length);
    let count = 0;
    let added = 0;
    let left = 0;
    for (const index of order) {
      const time = ts[index]!;
      while (left < held.t.length && held.t[left]! <= time) {
        t[count] = held.t[left]!;
        v[count] = held.v[left]!;
        count += 1;
        left += 1;
      }
      if (count && t[count - 1] === time) continue;
      t[count] = time;
      v[count] = vs[index]!;
      count += 1;
      added += 1;
    }
    t.set(held.t.subarray(left), count);
    v.set(held.v.subarray(left), count);
    this.t = t;
    this.v = v;
    this.start = 0;
    this.end = count + held.t.length - left;
    if (this.end > this.capacity) this.thin();
    return added;
  }

  private makeRoom(extra: number): void {
    if (this.length + extra > this.capacity) this.thin();
    const held = this.samples();
    // Twice what is held: the next copy is as many appends away as this one moves.
    const size = Math.max(FIRST_SIZE, (this.length + extra) * 2);
    const t = new Float64Array(size);
    const v = new Float64Array(size);
    t.set(held.t);
    v.set(held.v);
    this.end = held.t.length;
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
