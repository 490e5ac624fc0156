// Draws all charts from one animation frame. Each chart draws when it is due, and while the frame has time left.

export type Drawable = {
  /** Milliseconds between two draws. */
  everyMs: () => number;
  isVisible: () => boolean;
  draw: () => void;
};

export type SchedulerPorts = {
  requestFrame: (work: (nowMs: number) => void) => number;
  cancelFrame: (handle: number) => void;
  nowMs: () => number;
  isHidden: () => boolean;
};

const BUDGET_MS = 6;

export class DrawScheduler {
  private readonly due = new Map<Drawable, number>();
  private order: Drawable[] = [];
  private frame: number | null = null;

  constructor(private readonly ports: SchedulerPorts) {}

  /** Draws `drawable` from the next frame on. Returns a function that stops it. */
  add(drawable: Drawable): () => void {
    this.due.set(drawable, 0);
    this.order.push(drawable);
    this.frame ??= this.ports.requestFrame(this.run);
    return () => {
      this.due.delete(drawable);
      this.order = this.order.filter((one) => one !== drawable);
      if (this.order.length === 0 && this.frame !== null) {
        this.ports.cancelFrame(this.frame);
        this.frame = null;
      }
    };
  }

  /** Makes `drawable` due in the next frame. */
  hurry(drawable: Drawable): void {
    if (this.due.has(drawable)) this.due.set(drawable, 0);
  }

  private readonly run = (nowMs: number): void => {
    this.frame = this.ports.requestFrame(this.run);
    if (this.ports.isHidden()) return;
    const started = this.ports.nowMs();
    for (const drawable of [...this.order]) {
      if ((this.due.get(drawable) ?? Infinity) > nowMs || !drawable.isVisible()) continue;
      drawable.draw();
      this.due.set(drawable, nowMs + drawable.everyMs());
      // A chart that drew moves to the end. When time runs out, the others come first in the next frame.
      this.order = [...this.order.filter((one) => one !== drawable), drawable];
      if (this.ports.nowMs() - started >= BUDGET_MS) return;
    }
  };
}

/** Milliseconds in which the line of a chart moves by one pixel, between 200 and 1,000. */
export function drawInterval(rangeUs: number, pixels: number): number {
  const perPixel = rangeUs / 1_000 / Math.max(1, pixels);
  return Math.min(1_000, Math.max(200, perPixel));
}
