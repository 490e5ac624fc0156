// All readings that the page holds, by series, with their gaps and marks. Does not use React or the network.
import type { History, Series } from "@/contracts/http";
import type { LiveFrame, RawValue } from "@/contracts/live";
import { gapTest, gapsIn, withoutRange, withSpan, type GapTest, type SampledSpan } from "./gaps";
import { IntervalEstimate, MAX_AHEAD_US } from "./interval";
import { SeriesBuffer, type Samples } from "./series-buffer";
import { addTimeSpan, cutTimeSpan, type TimeSpan } from "./time-spans";

export type Latest = { readonly t: number; readonly v: RawValue };

type Entry = {
  series: Series;
  buffer: SeriesBuffer;
  /** Where the page holds only some of the readings. */
  spans: SampledSpan[];
  late: TimeSpan[];
  suspect: TimeSpan[];
  latest: Latest | null;
  /** Used when the series declares no interval. */
  estimate: IntervalEstimate;
};

const NONE: readonly TimeSpan[] = [];
const EMPTY: Samples = { t: new Float64Array(0), v: new Float64Array(0) };
const TOTAL_CAPACITY = 2_000_000;
const MAX_PER_SERIES = 32_768;
const MIN_PER_SERIES = 4_096;
// A backlog reading that arrives later than this is marked as late.
const LATE_US = 10_000_000;
// Late readings of one outage are merged to one span, also when they arrive in pieces.
const LATE_DISTANCE_US = 5_000_000;

export class TelemetryStore {
  private entries = new Map<number, Entry>();
  private lastSent: number | null = null;
  private oldest = -Infinity;
  private changes = 0;

  /** `aheadOf`: how far the clock of the view is ahead of the clock of `device`, in µs. */
  constructor(private readonly aheadOf: (device: string) => number = () => 0) {}

  /** Grows with each change. Equal numbers mean equal content. */
  get revision(): number {
    return this.changes;
  }

  /** Sets which series to hold. Readings of series that stay are kept. `nowUs`: now by the clock of the view. */
  setSeries(series: readonly Series[], nowUs = Infinity): void {
    const capacity = Math.floor(TOTAL_CAPACITY / Math.max(1, series.length));
    const entries = new Map<number, Entry>();
    for (const one of series) {
      const entry =
        this.entries.get(one.id) ??
        newEntry(one, Math.min(MAX_PER_SERIES, Math.max(MIN_PER_SERIES, capacity)));
      entry.series = one;
      entry.latest = newer(entry.latest, one.latest, nowUs - this.aheadOf(one.device));
      entries.set(one.id, entry);
    }
    this.entries = entries;
    this.changes += 1;
  }

  /** Adds the readings of a frame, which may hold several devices. `nowUs`: now by the clock of the view. */
  addFrame(frame: LiveFrame, nowUs: number = frame.sent): void {
    const covered = this.lastSent === null ? 0 : Math.max(0, frame.sent - this.lastSent);
    this.lastSent = frame.sent;
    const entries = frame.series.map((id) => this.entries.get(id));
    const before = frame.conflated ? entries.map((entry) => entry?.buffer.lastTime ?? null) : null;
    const late = new Map<Entry, { t: number[]; v: number[] }>();
    for (let index = 0; index < frame.t.length; index += 1) {
      const entry = entries[frame.x[index]!];
      const t = frame.t[index]!;
      const v = frame.v[index]!;
      if (!entry) continue;
      const ahead = this.aheadOf(entry.series.device);
      entry.latest = newer(entry.latest, { t, v }, nowUs - ahead);
      const distance = t - (entry.buffer.lastTime ?? t);
      if (distance > 0 && frame.lane === "live") entry.estimate.addLive(distance);
      // Readings older than the view are skipped: they would only displace visible ones.
      if (t < this.oldest - ahead || entry.buffer.append(t, Number(v))) continue;
      const columns = late.get(entry) ?? { t: [], v: [] };
      columns.t.push(t);
      columns.v.push(Number(v));
      late.set(entry, columns);
    }
    for (const [entry, { t, v }] of late) entry.buffer.merge(t, v);
    if (frame.lane === "backlog") this.markLate(frame, entries, nowUs - LATE_US);
    entries.forEach((entry, index) => {
      const from = before?.[index] ?? null;
      const to = entry?.buffer.lastTime ?? null;
      // The gateway left readings out on purpose. That is not a gap.
      if (entry && from !== null && to !== null && to > from)
        entry.spans = withSpan(entry.spans, { from, to, step: covered });
    });
    this.changes += 1;
  }

  /** Where readings arrived late, ascending. */
  late(id: number): readonly TimeSpan[] {
    return this.entries.get(id)?.late ?? NONE;
  }

  /** Where the clock of the device was wrong, ascending. */
  suspect(id: number): readonly TimeSpan[] {
    return this.entries.get(id)?.suspect ?? NONE;
  }

  /** The interval of the readings: declared, else estimated; null when it is unknown. */
  interval(id: number): number | null {
    const entry = this.entries.get(id);
    return entry ? (entry.series.interval_us ?? entry.estimate.currentUs) : null;
  }

  /** Series without a declared or a reliably estimated interval, with the time of their latest reading. */
  withoutInterval(): { id: number; latestUs: number }[] {
    return Array.from(this.entries.values()).flatMap(({ series, estimate, latest }) =>
      series.interval_us === null && !estimate.isCertain && latest
        ? [{ id: series.id, latestUs: latest.t }]
        : [],
    );
  }

  /** Sets the interval that stored readings show; null when they show none. */
  setFoundInterval(id: number, intervalUs: number | null): void {
    this.entries.get(id)?.estimate.setFound(intervalUs);
    this.changes += 1;
  }

  /** Merges readings of the gateway's history. `step`: the width of the sampling buckets in µs. `nowUs`: see `addFrame`. */
  addHistory(history: History, step: number, nowUs = Infinity): void {
    const entry = this.entries.get(history.series);
    if (!entry) return;
    const first = history.t[0];
    const last = history.t.at(-1);
    entry.buffer.merge(history.t, history.v.map(Number));
    if (first !== undefined && last !== undefined) {
      // The answer replaces all that was known about this time span.
      const others = withoutRange(entry.spans, first, last);
      entry.spans = history.sampled ? withSpan(others, { from: first, to: last, step }) : others;
      const reading = { t: last, v: typedValue(entry.series, history.v.at(-1)!) };
      entry.latest = newer(entry.latest, reading, nowUs - this.aheadOf(entry.series.device));
      entry.suspect = cutTimeSpan(entry.suspect, first, last);
      if (history.clock_suspect) entry.suspect = addTimeSpan(entry.suspect, { from: first, to: last }, 0);
    }
    entry.estimate.addStored(history);
    this.changes += 1;
  }

  /** Drops everything older than `viewUs` by the clock of the view. */
  trimBefore(viewUs: number): void {
    this.oldest = viewUs;
    for (const entry of this.entries.values()) {
      const t = viewUs - this.aheadOf(entry.series.device);
      entry.buffer.trimBefore(t);
      if (entry.late.some(({ to }) => to < t)) entry.late = entry.late.filter(({ to }) => to >= t);
      if (entry.suspect.some(({ to }) => to < t)) entry.suspect = entry.suspect.filter(({ to }) => to >= t);
      if (entry.spans.some((span) => span.to < t)) entry.spans = entry.spans.filter((span) => span.to >= t);
    }
  }

  latest(id: number): Latest | null {
    return this.entries.get(id)?.latest ?? null;
  }

  samples(id: number): Samples {
    return this.entries.get(id)?.buffer.samples() ?? EMPTY;
  }

  gapTest(id: number): GapTest {
    const entry = this.entries.get(id);
    return entry ? gapTest(entry.series.interval_us ?? entry.estimate.drawnUs, entry.spans) : () => false;
  }

  gaps(id: number): TimeSpan[] {
    return gapsIn(this.samples(id).t, this.gapTest(id));
  }

  get series(): Series[] {
    return Array.from(this.entries.values(), (entry) => entry.series);
  }

  /** Call this when the stream was interrupted. The next frame does not cover the time since the last one. */
  markInterrupted(): void {
    this.lastSent = null;
  }

  private markLate(frame: LiveFrame, entries: readonly (Entry | undefined)[], before: number): void {
    const lateSpans = new Map<Entry, TimeSpan>();
    for (let index = 0; index < frame.t.length; index += 1) {
      const entry = entries[frame.x[index]!];
      const t = frame.t[index]!;
      const ahead = entry ? this.aheadOf(entry.series.device) : 0;
      if (!entry || t >= before - ahead || t < this.oldest - ahead) continue;
      const span = lateSpans.get(entry) ?? { from: t, to: t };
      lateSpans.set(entry, { from: Math.min(span.from, t), to: Math.max(span.to, t) });
    }
    for (const [entry, span] of lateSpans) entry.late = addTimeSpan(entry.late, span, LATE_DISTANCE_US);
  }

  /** The device of a held series. */
  deviceOf(id: number): string | undefined {
    return this.entries.get(id)?.series.device;
  }

  clear(): void {
    this.entries.clear();
    this.lastSent = null;
    this.changes += 1;
  }
}

function newEntry(series: Series, capacity: number): Entry {
  const entry: Entry = {
    series,
    latest: null,
    spans: [],
    late: [],
    suspect: [],
    estimate: new IntervalEstimate(),
    buffer: new SeriesBuffer(capacity, (from, to, step) => {
      entry.spans = withSpan(entry.spans, { from, to, step });
    }),
  };
  return entry;
}

/** The newer of two readings. A reading from the future loses against one that is not: it would stay for ever. */
function newer(current: Latest | null, candidate: Latest | null, nowUs: number): Latest | null {
  if (!current || !candidate) return current ?? candidate;
  const isCurrentAhead = current.t > nowUs + MAX_AHEAD_US;
  const isCandidateAhead = candidate.t > nowUs + MAX_AHEAD_US;
  if (isCurrentAhead !== isCandidateAhead) return isCurrentAhead ? candidate : current;
  return candidate.t >= current.t ? candidate : current;
}

function typedValue(series: Series, v: RawValue): RawValue {
  return series.type === "bool" ? Boolean(v) : v;
}
