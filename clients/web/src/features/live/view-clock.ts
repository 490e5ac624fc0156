// The moment that the page shows: now, or where the reader paused. Ticks a few times a second for text and tiles.

export type Tick = {
  /** Right edge of the view, in the device's own time (µs). */
  readonly shownUs: number;
  readonly paused: boolean;
  readonly behindUs: number;
};

const TICK_MS = 250;

export class ViewClock {
  private tick: Tick;
  private pausedAtUs: number | null = null;
  private cancel: () => void = () => {};
  private readonly listeners = new Set<() => void>();

  /** `nowUs`: the device's present in its own time. */
  constructor(
    private readonly nowUs: () => number,
    private readonly every: (ms: number, work: () => void) => () => void,
  ) {
    this.tick = this.read();
  }

  readonly current = (): Tick => this.tick;

  readonly subscribe = (listener: () => void): (() => void) => {
    if (this.listeners.size === 0) this.cancel = this.every(TICK_MS, () => this.advance());
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size === 0) this.cancel();
    };
  };

  /** The right edge for this very moment; charts draw more often than text changes. */
  shownUs(): number {
    return this.pausedAtUs ?? this.nowUs();
  }

  setPaused(paused: boolean): void {
    if (paused === (this.pausedAtUs !== null)) return;
    this.pausedAtUs = paused ? this.nowUs() : null;
    this.advance();
  }

  get isPaused(): boolean {
    return this.pausedAtUs !== null;
  }

  private advance(): void {
    this.tick = this.read();
    for (const listener of this.listeners) listener();
  }

  private read(): Tick {
    const now = this.nowUs();
    const shownUs = this.pausedAtUs ?? now;
    return { shownUs, paused: this.pausedAtUs !== null, behindUs: Math.max(0, now - shownUs) };
  }
}
