// The backlogs of collectors, and when they will be empty. Does not use React; callers pass the time.
import { pageTexts } from "@/i18n/page-texts";
import { numberLocale } from "../texts/page-locale";

export type Progress = {
  readonly waiting: number;
  /** Seconds until the backlog is empty, at its recent rate; null when it does not shrink or the rate is unknown. */
  readonly secondsLeft: number | null;
  readonly isGrowing: boolean;
  /** The delivered share of the largest backlog since it began: 0 to 1. */
  readonly done: number;
};

type Sample = { readonly atMs: number; readonly waiting: number };
type Trend = {
  readonly samples: readonly Sample[];
  readonly largest: number;
  readonly progress: Progress | null;
};

// Some readings are always in flight. Up to this many are not shown as a backlog.
const USUAL_IN_FLIGHT = 1_000;
// The rate is computed from samples of this time only.
const RATE_WINDOW_MS = 30_000;

/** The backlog of every collector over time. */
export class Backlogs {
  private readonly trends = new Map<string, Trend>();
  private readonly listeners = new Set<() => void>();

  /** Adds a report: a collector has `waiting` readings in its backlog; null when it does not report them. */
  add(id: string, waiting: number | null, atMs: number): void {
    const before = this.trends.get(id);
    if (waiting === null || (!before && waiting <= USUAL_IN_FLIGHT)) return;
    this.trends.set(id, next(before, { atMs, waiting }));
    for (const listener of this.listeners) listener();
  }

  /** The progress of a collector; null without a backlog. The same object until the next report. */
  progress(id: string): Progress | null {
    return this.trends.get(id)?.progress ?? null;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
}

function next(before: Trend | undefined, sample: Sample): Trend {
  const { waiting, atMs } = sample;
  if (waiting <= USUAL_IN_FLIGHT) return { samples: [], largest: 0, progress: null };
  const last = before?.samples.at(-1);
  const kept = (before?.samples ?? []).filter((one) => atMs - one.atMs <= RATE_WINDOW_MS && one.atMs < atMs);
  // An HTTP answer may repeat a report of the socket. A repeated number is not a new sample.
  const samples = last?.waiting === waiting ? (before?.samples ?? []) : [...kept, sample];
  const largest = Math.max(before?.largest ?? 0, waiting);
  const [first] = samples;
  const rate = first && atMs > first.atMs ? ((first.waiting - waiting) / (atMs - first.atMs)) * 1_000 : 0;
  return {
    samples,
    largest,
    progress: {
      waiting,
      secondsLeft: rate > 0 ? Math.ceil(waiting / rate) : null,
      isGrowing: rate < 0,
      done: 1 - waiting / largest,
    },
  };
}

/** `12,480 behind, 40 s`. */
export function progressText({ waiting, secondsLeft, isGrowing }: Progress): string {
  const t = pageTexts("common.backlog");
  const behind = t("behind", { waiting: waiting.toLocaleString(numberLocale()) });
  if (secondsLeft !== null) return `${behind}, ${spanText(secondsLeft)}`;
  return isGrowing ? t("growing", { behind }) : behind;
}

/** `40 s`, `12 min`, `3 h 10 min`, `6 days`. */
export function spanText(seconds: number): string {
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  if (minutes >= 2_880) return pageTexts("common.values")("days", { days: Math.round(minutes / 1_440) });
  const rest = minutes % 60;
  return rest ? `${Math.floor(minutes / 60)} h ${rest} min` : `${minutes / 60} h`;
}
