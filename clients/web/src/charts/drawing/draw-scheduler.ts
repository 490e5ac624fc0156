// Draws all charts from one animation frame. Each chart draws when it is due, and while the frame has time left. When
// the browser is late with painting, charts draw less often, so that the page still answers at once.

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
const FRAME_MS = 17;
/** After a frame that was late, charts rest this many times as long as it was late. */
const REST = 3;
const MOST_REST_MS = 300;
/** Frames further apart mean that the page was hidden. */
const HIDDEN_MS = 1_000;

export class DrawScheduler {
  private readonly due = new Map<Drawable, number>();
  private order: Drawable[] = [];
  private frame: number | null = null;
  private lastMs = 0;
  private hasDrawn = false;
  private restUntilMs = 0;

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
    // The browser paints after the draw calls. Only the time until the next frame shows what the painting took.
    const lateMs = nowMs - this.lastMs - FRAME_MS;
    if (this.hasDrawn && lateMs > 0 && lateMs < HIDDEN_MS)
      this.restUntilMs = nowMs + Math.min(MOST_REST_MS, REST * lateMs);
    this.hasDrawn = false;
    this.lastMs = nowMs;
    if (this.ports.isHidden() || nowMs < this.restUntilMs) return;
    const started = this.ports.nowMs();
    for (const drawable of [...this.order]) {
      if ((this.due.get(drawable) ?? Infinity) > nowMs || !drawable.isVisible()) continue;
      drawable.draw();
      this.hasDrawn = true;
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
