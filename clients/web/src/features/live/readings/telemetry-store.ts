// All readings this page holds, per series, with what is known about their completeness. No React, no network.
import type { History, Series } from "@/contracts/http";
import type { LiveFrame, RawValue } from "@/contracts/live";
import { gapTest, gapsIn, withoutStretch, withSpan, type Gap, type GapTest, type Span } from "./gaps";
import { withStretch, type Stretch } from "./late";
import { AHEAD_US, SeenRhythm } from "./rhythm";
import { SeriesBuffer, type Samples } from "./series-buffer";

export type Latest = { readonly t: number; readonly v: RawValue };

type Entry = {
  series: Series;
  buffer: SeriesBuffer;
  spans: Span[];
  late: Stretch[];
  suspect: Stretch[];
  latest: Latest | null;
  /** Asked only where no interval is declared. */
  seen: SeenRhythm;
};

const NONE: readonly Stretch[] = [];
const EMPTY: Samples = { t: new Float64Array(0), v: new Float64Array(0) };
const TOTAL_CAPACITY = 2_000_000;
const MOST_PER_SERIES = 32_768;
const LEAST_PER_SERIES = 4_096;
// What a collector kept while it was cut off is older than this when it comes.
const LATE_US = 10_000_000;
// Late readings of one outage lie together, also when they come in pieces.
const LATE_APART_US = 5_000_000;

export class TelemetryStore {
  private entries = new Map<number, Entry>();
  private lastSent: number | null = null;
  private horizon = -Infinity;
  private changes = 0;

  /** Grows with each change; equal numbers mean equal content. */
  get revision(): number {
    return this.changes;
  }

  /** Holds exactly these series from now on; readings of those that stay are kept. */
  hold(series: readonly Series[], nowUs = Infinity): void {
    const capacity = Math.floor(TOTAL_CAPACITY / Math.max(1, series.length));
    const entries = new Map<number, Entry>();
    for (const one of series) {
      const entry =
        this.entries.get(one.id) ??
        newEntry(one, Math.min(MOST_PER_SERIES, Math.max(LEAST_PER_SERIES, capacity)));
      entry.series = one;
      entry.latest = newer(entry.latest, one.latest, nowUs);
      entries.set(one.id, entry);
    }
    this.entries = entries;
    this.changes += 1;
  }

  /** `nowUs`: the present in the time of the device. */
  ingest(frame: LiveFrame, nowUs: number = frame.sent): void {
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
      entry.latest = newer(entry.latest, { t, v }, nowUs);
      const distance = t - (entry.buffer.lastTime ?? t);
      if (distance > 0 && frame.lane === "live") entry.seen.note(distance);
      // What is older than the view would only push out what is looked at.
      if (t < this.horizon || entry.buffer.append(t, Number(v))) continue;
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
      // The gateway left readings out on purpose; that silence is not a gap.
      if (entry && from !== null && to !== null && to > from)
        entry.spans = withSpan(entry.spans, { from, to, step: covered });
    });
    this.changes += 1;
  }

  /** Where readings lie that came long after they were taken, ascending. */
  late(id: number): readonly Stretch[] {
    return this.entries.get(id)?.late ?? NONE;
  }

  /** Where the clock of the device was not to be trusted, ascending. */
  suspect(id: number): readonly Stretch[] {
    return this.entries.get(id)?.suspect ?? NONE;
  }

  /** How often readings come: as declared, else as seen; null when nobody knows. */
  rhythm(id: number): number | null {
    const entry = this.entries.get(id);
    return entry ? (entry.series.interval_us ?? entry.seen.us) : null;
  }

  /** Series whose rhythm is neither declared nor certain, with the time of their latest reading. */
  unsure(): { id: number; latestUs: number }[] {
    return Array.from(this.entries.values()).flatMap(({ series, seen, latest }) =>
      series.interval_us === null && !seen.isCertain && latest ? [{ id: series.id, latestUs: latest.t }] : [],
    );
  }

  /** What the past says about a rhythm that is not declared. */
  learn(id: number, rhythmUs: number | null): void {
    this.entries.get(id)?.seen.learn(rhythmUs);
    this.changes += 1;
  }

  /** Joins stored readings with what is held. `step`: width of the sampling buckets in µs. */
  join(history: History, step: number, nowUs = Infinity): void {
    const entry = this.entries.get(history.series);
    if (!entry) return;
    const first = history.t[0];
    const last = history.t.at(-1);
    entry.buffer.merge(history.t, history.v.map(Number));
    if (first !== undefined && last !== undefined) {
      // What was known about this stretch is replaced by what this answer says about it.
      const others = withoutStretch(entry.spans, first, last);
      entry.spans = history.sampled ? withSpan(others, { from: first, to: last, step }) : others;
      entry.latest = newer(entry.latest, { t: last, v: typedValue(entry.series, history.v.at(-1)!) }, nowUs);
      entry.suspect = cutOut(entry.suspect, first, last);
      if (history.clock_suspect) entry.suspect = withStretch(entry.suspect, { from: first, to: last }, 0);
    }
    entry.seen.see(history);
    this.changes += 1;
  }

  /** Nothing older than `t` is needed any more. */
  trimBefore(t: number): void {
    this.horizon = t;
    for (const entry of this.entries.values()) {
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
    return entry ? gapTest(entry.series.interval_us ?? entry.seen.drawnUs, entry.spans) : () => false;
  }

  gaps(id: number): Gap[] {
    return gapsIn(this.samples(id).t, this.gapTest(id));
  }

  get series(): Series[] {
    return Array.from(this.entries.values(), (entry) => entry.series);
  }

  /** The stream was interrupted: the time until the next frame is no measure of what that frame covers. */
  markInterrupted(): void {
    this.lastSent = null;
  }

  private markLate(frame: LiveFrame, entries: readonly (Entry | undefined)[], before: number): void {
    const found = new Map<Entry, { from: number; to: number }>();
    for (let index = 0; index < frame.t.length; index += 1) {
      const entry = entries[frame.x[index]!];
      const t = frame.t[index]!;
      if (!entry || t >= before || t < this.horizon) continue;
      const held = found.get(entry) ?? { from: t, to: t };
      found.set(entry, { from: Math.min(held.from, t), to: Math.max(held.to, t) });
    }
    for (const [entry, stretch] of found) entry.late = withStretch(entry.late, stretch, LATE_APART_US);
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
    seen: new SeenRhythm(),
    buffer: new SeriesBuffer(capacity, (from, to, step) => {
      entry.spans = withSpan(entry.spans, { from, to, step });
    }),
  };
  return entry;
}

/** The newer of two, but nothing that lies in the future comes before what does not: it would stay for ever. */
function newer(held: Latest | null, offered: Latest | null, nowUs: number): Latest | null {
  if (!held || !offered) return held ?? offered;
  const isHeldAhead = held.t > nowUs + AHEAD_US;
  const isOfferedAhead = offered.t > nowUs + AHEAD_US;
  if (isHeldAhead !== isOfferedAhead) return isHeldAhead ? offered : held;
  return offered.t >= held.t ? offered : held;
}

/** `stretches` without what lies between `from` and `to`. */
function cutOut(stretches: readonly Stretch[], from: number, to: number): Stretch[] {
  return stretches.flatMap((one) => {
    if (one.to < from || one.from > to) return [one];
    const left = one.from < from ? [{ from: one.from, to: from }] : [];
    const right = one.to > to ? [{ from: to, to: one.to }] : [];
    return [...left, ...right];
  });
}

function typedValue(series: Series, v: RawValue): RawValue {
  return series.type === "bool" ? Boolean(v) : v;
}
