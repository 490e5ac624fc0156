// How often readings of a series come, where nobody declared it: read from their times (µs). Pure functions.
import type { History } from "@/contracts/http";

/** Readings further ahead of the present than this carry a wrong time. Clocks that are a little off are no news. */
export const AHEAD_US = 60_000_000;

const HOUR_US = 3_600_000_000;
const MONTH_US = 30 * 24 * HOUR_US;
const LEAST_DISTANCES = 2;
const MOST_HOLES = 3;
const HOLES_SHARE = 0.05;
const ENOUGH = 20;
const WANTED = 200;
const POINTS = 1_200;
const REMEMBERED = 32;

/** The distance that neighbouring readings usually keep at most; null: too few readings to say. */
export function rhythmOf(t: ArrayLike<number>): number | null {
  const distances: number[] = [];
  for (let index = 1; index < t.length; index += 1) distances.push(t[index]! - t[index - 1]!);
  return usual(distances);
}

/**
 * The same from distances in any order. The longest 5 % do not count, nor the longest three (of few distances the longer
 * half): they may be holes. More than these are no holes but the pause between bursts.
 */
export function usual(distances: readonly number[]): number | null {
  const count = distances.length;
  if (count < LEAST_DISTANCES) return null;
  const ascending = [...distances].sort((a, b) => a - b);
  const holes = Math.min(Math.floor(count / 2), Math.max(MOST_HOLES, Math.ceil(count * HOLES_SHARE)));
  return ascending[count - 1 - holes]!;
}

/** What is known about the rhythm of one series that declares none: from its past, and from what arrives. */
export class SeenRhythm {
  private past: number | null = null;
  private sampled: number | null = null;
  private isFinal = false;
  private readonly distances: number[] = [];
  private lately: number | null = null;
  private isDirty = false;

  /** True when the past need not be asked any more. */
  get isCertain(): boolean {
    return this.isFinal;
  }

  /** By which silence is judged now; null while nobody knows. */
  get us(): number | null {
    const lately = this.ofLive();
    if (this.past === null || this.distances.length === REMEMBERED) return lately;
    // A slower rhythm is believed sooner than a faster one: nothing is called stale too early.
    return Math.max(this.past, lately ?? 0);
  }

  /** By which lines are broken: it holds for all that is drawn, also for what came more slowly. */
  get drawnUs(): number | null {
    return Math.max(this.past ?? this.sampled ?? 0, this.ofLive() ?? 0) || null;
  }

  /** A live reading came so long after the one before it. */
  note(distance: number): void {
    this.distances.push(distance);
    if (this.distances.length > REMEMBERED) this.distances.shift();
    this.isDirty = true;
  }

  /** Stored readings, as they were loaded for the screen. Samples of them lie further apart than they do. */
  see(history: History): void {
    if (this.isFinal) return;
    const rhythm = rhythmOf(history.t);
    if (history.sampled) this.sampled = rhythm;
    else this.past = rhythm ?? this.past;
    this.isFinal = isTelling(history);
    this.isDirty = true;
  }

  /** What was found by looking for it. */
  learn(rhythmUs: number | null): void {
    this.past = rhythmUs ?? this.past;
    this.isFinal = rhythmUs !== null;
    this.isDirty = true;
  }

  private ofLive(): number | null {
    if (this.isDirty) {
      const isEnough = this.past === null || this.distances.length >= ENOUGH / 2;
      this.lately = isEnough ? usual(this.distances) : null;
      this.isDirty = false;
    }
    return this.lately;
  }
}

/** True when `history` holds enough single readings to tell the rhythm. */
function isTelling({ sampled, t }: History): boolean {
  return !sampled && t.length >= ENOUGH;
}

export type Look = { readonly from: number; readonly to: number; readonly points: number };
type Fetch = (look: Look) => Promise<History>;

/**
 * The rhythm before and at `latestUs`: from the last hour, else the last 30 days, and where those are too many
 * readings, from the last 200 or so. The same whatever range is on the screen.
 */
export async function findRhythm(latestUs: number, fetch: Fetch): Promise<number | null> {
  const look = (span: number) =>
    fetch({ from: Math.max(0, latestUs - span), to: latestUs + 1, points: POINTS });
  let found = await look(HOUR_US);
  if (found.n < ENOUGH) found = await look(MONTH_US);
  if (found.sampled && found.t.length > 1) {
    const bucket = (found.to - found.from) / (POINTS / 4);
    const lively = Math.max(1, livelyTime(found.t, 2 * bucket));
    found = await look(Math.ceil((lively / found.n) * WANTED));
  }
  return rhythmOf(found.t);
}

/** The time that lies between readings no further apart than `most`. */
function livelyTime(t: readonly number[], most: number): number {
  let time = 0;
  for (let index = 1; index < t.length; index += 1) {
    const distance = t[index]! - t[index - 1]!;
    if (distance <= most) time += distance;
  }
  return time;
}
