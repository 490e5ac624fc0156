// Estimates the usual interval of series that declare none, from the times of their readings in µs. Pure functions.
import type { History } from "@/contracts/http";

/** A reading farther in the future than this has a wrong time. Small clock differences are normal. */
export const MAX_AHEAD_US = 60_000_000;

const HOUR_US = 3_600_000_000;
const MONTH_US = 30 * 24 * HOUR_US;
const MIN_DISTANCES = 2;
const MAX_HOLES = 3;
const HOLES_SHARE = 0.05;
/** This many readings give a reliable interval. */
const ENOUGH_READINGS = 20;
/** How many readings to load when there are too many. */
const SAMPLE_READINGS = 200;
const POINTS = 1_200;
/** How many distances of live readings are kept. */
const KEPT_DISTANCES = 32;

/** The usual interval of readings at `t`; null when there are too few. */
export function usualIntervalOf(t: ArrayLike<number>): number | null {
  const distances: number[] = [];
  for (let index = 1; index < t.length; index += 1) distances.push(t[index]! - t[index - 1]!);
  return usualDistance(distances);
}

/**
 * The largest usual distance; null when there are too few. The longest 5 % are ignored as holes, at least three of them,
 * but never more than half. Longer distances that occur more often are not holes but the pause between bursts.
 */
export function usualDistance(distances: readonly number[]): number | null {
  const count = distances.length;
  if (count < MIN_DISTANCES) return null;
  const ascending = [...distances].sort((a, b) => a - b);
  const holes = Math.min(Math.floor(count / 2), Math.max(MAX_HOLES, Math.ceil(count * HOLES_SHARE)));
  return ascending[count - 1 - holes]!;
}

/** The estimated interval of one series, from stored and from live readings. */
export class IntervalEstimate {
  private stored: number | null = null;
  private sampled: number | null = null;
  private isFinal = false;
  private readonly distances: number[] = [];
  private live: number | null = null;
  private isOutdated = false;

  /** True when stored readings gave a reliable interval. */
  get isCertain(): boolean {
    return this.isFinal;
  }

  /** The interval that decides whether a value is stale; null while it is unknown. */
  get currentUs(): number | null {
    const live = this.liveInterval();
    if (this.stored === null || this.distances.length === KEPT_DISTANCES) return live;
    // A longer interval is used sooner than a shorter one, so that no value is called stale too early.
    return Math.max(this.stored, live ?? 0);
  }

  /** The interval that decides where a drawn line breaks. It also covers older readings that came less often. */
  get drawnUs(): number | null {
    return Math.max(this.stored ?? this.sampled ?? 0, this.liveInterval() ?? 0) || null;
  }

  /** Adds the distance of a live reading to the one before. */
  addLive(distance: number): void {
    this.distances.push(distance);
    if (this.distances.length > KEPT_DISTANCES) this.distances.shift();
    this.isOutdated = true;
  }

  /** Adds stored readings. Sampled readings have larger distances than the real ones. */
  addStored(history: History): void {
    if (this.isFinal) return;
    const interval = usualIntervalOf(history.t);
    if (history.sampled) this.sampled = interval;
    else this.stored = interval ?? this.stored;
    this.isFinal = !history.sampled && history.t.length >= ENOUGH_READINGS;
    this.isOutdated = true;
  }

  /** Sets the interval that `findInterval` returned. */
  setFound(intervalUs: number | null): void {
    this.stored = intervalUs ?? this.stored;
    this.isFinal = intervalUs !== null;
    this.isOutdated = true;
  }

  private liveInterval(): number | null {
    if (this.isOutdated) {
      const isEnough = this.stored === null || this.distances.length >= ENOUGH_READINGS / 2;
      this.live = isEnough ? usualDistance(this.distances) : null;
      this.isOutdated = false;
    }
    return this.live;
  }
}

export type HistoryRange = { readonly from: number; readonly to: number; readonly points: number };
type FetchRange = (range: HistoryRange) => Promise<History>;

/**
 * Finds the interval of the readings up to `latestUs`: in the last hour, else in the last 30 days. When these have too many
 * readings, it uses about the last 200. The result does not depend on the range on the screen.
 */
export async function findInterval(latestUs: number, fetch: FetchRange): Promise<number | null> {
  const load = (span: number) =>
    fetch({ from: Math.max(0, latestUs - span), to: latestUs + 1, points: POINTS });
  let history = await load(HOUR_US);
  if (history.n < ENOUGH_READINGS) history = await load(MONTH_US);
  if (history.sampled && history.t.length > 1) {
    const bucket = (history.to - history.from) / (POINTS / 4);
    const covered = Math.max(1, timeWithoutHoles(history.t, 2 * bucket));
    history = await load(Math.ceil((covered / history.n) * SAMPLE_READINGS));
  }
  return usualIntervalOf(history.t);
}

/** The sum of the distances of up to `maxDistance`. */
function timeWithoutHoles(t: readonly number[], maxDistance: number): number {
  let time = 0;
  for (let index = 1; index < t.length; index += 1) {
    const distance = t[index]! - t[index - 1]!;
    if (distance <= maxDistance) time += distance;
  }
  return time;
}
