// The moment that the page shows: now, or the moment of the pause. Ticks four times a second for text and tiles.

export type Tick = {
  /** The right edge of the view in µs, by the clock of the device. */
  readonly shownUs: number;
  readonly paused: boolean;
  /** How far the view is behind now, while paused. */
  readonly behindUs: number;
};

const TICK_MS = 250;

export class ViewClock {
  private tick: Tick;
  private pausedAtUs: number | null = null;
  private cancel: () => void = () => {};
  private readonly listeners = new Set<() => void>();

  /** `nowUs`: now by the clock of the device. */
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

  /** The exact right edge. Charts draw more often than the clock ticks. */
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
