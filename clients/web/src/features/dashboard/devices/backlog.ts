// How far collectors are behind and when they will have caught up, from what they say now and then. No React, no clock.

export type Progress = {
  readonly waiting: number;
  /** Seconds until nothing waits, at the pace of late; null when it does not shrink, or is not known yet. */
  readonly secondsLeft: number | null;
  readonly isGrowing: boolean;
  /** Share of the most that has waited since this began, already delivered: 0 to 1. */
  readonly done: number;
};

type Sample = { readonly atMs: number; readonly waiting: number };
type Trend = {
  readonly samples: readonly Sample[];
  readonly most: number;
  readonly progress: Progress | null;
};

// Some readings are always on their way; only more than these are a backlog worth a word.
const ALWAYS_ON_THE_WAY = 1_000;
// The pace of long ago says nothing about now.
const REMEMBERED_MS = 30_000;

/** Behind, over time, of every collector. */
export class Backlogs {
  private readonly trends = new Map<string, Trend>();
  private readonly listeners = new Set<() => void>();

  /** A collector says how many readings wait; null when it says nothing about that. */
  note(id: string, waiting: number | null, atMs: number): void {
    const before = this.trends.get(id);
    if (waiting === null || (!before && waiting <= ALWAYS_ON_THE_WAY)) return;
    this.trends.set(id, next(before, { atMs, waiting }));
    for (const listener of this.listeners) listener();
  }

  /** Null: not behind. The same object until something is noted. */
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
  if (waiting <= ALWAYS_ON_THE_WAY) return { samples: [], most: 0, progress: null };
  const last = before?.samples.at(-1);
  const kept = (before?.samples ?? []).filter((one) => atMs - one.atMs <= REMEMBERED_MS && one.atMs < atMs);
  // The answer by HTTP may repeat what the socket has said already: silence is no standstill.
  const samples = last?.waiting === waiting ? (before?.samples ?? []) : [...kept, sample];
  const most = Math.max(before?.most ?? 0, waiting);
  const [first] = samples;
  const pace = first && atMs > first.atMs ? ((first.waiting - waiting) / (atMs - first.atMs)) * 1_000 : 0;
  return {
    samples,
    most,
    progress: {
      waiting,
      secondsLeft: pace > 0 ? Math.ceil(waiting / pace) : null,
      isGrowing: pace < 0,
      done: 1 - waiting / most,
    },
  };
}

/** `12 480 behind, 40 s`: thin spaces keep the number in one piece. */
export function progressText({ waiting, secondsLeft, isGrowing }: Progress): string {
  const behind = `${waiting.toLocaleString("en").replaceAll(",", "\u202f")} behind`;
  if (secondsLeft !== null) return `${behind}, ${spanText(secondsLeft)}`;
  return isGrowing ? `${behind}, growing` : behind;
}

function spanText(seconds: number): string {
  if (seconds < 100) return `${seconds} s`;
  if (seconds < 6_000) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3_600)} h`;
}
