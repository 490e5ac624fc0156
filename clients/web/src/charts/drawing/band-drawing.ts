// Draws the marked times of a chart: as bands over the whole height, or as bars at one edge.
import type uPlot from "uplot";
import type { TimeSpan } from "../types";

// In CSS pixels.
const STRIPE = 6;
const LEAST_WIDTH = 2;
const BAR_HEIGHT = 3;

/** A fill style of diagonal stripes in `color`. */
export function hatching(color: string): CanvasPattern | string {
  const size = STRIPE * devicePixelRatio;
  const tile = document.createElement("canvas");
  tile.width = tile.height = size;
  const context = tile.getContext("2d");
  if (!context) return color;
  context.strokeStyle = color;
  context.lineWidth = devicePixelRatio;
  context.beginPath();
  for (const shift of [-size, 0, size]) {
    context.moveTo(shift, size);
    context.lineTo(shift + size, 0);
  }
  context.stroke();
  return context.createPattern(tile, "repeat") ?? color;
}

export type Marking = {
  readonly bands: readonly TimeSpan[];
  readonly style: CanvasPattern | string;
  readonly edge: "all" | "top" | "bottom";
};

/** Draws `markings`. Call it before the grid and the lines are drawn. */
export function drawBands(plot: uPlot, markings: readonly Marking[]): void {
  const { top, height } = plot.bbox;
  const bar = BAR_HEIGHT * devicePixelRatio;
  plot.ctx.save();
  for (const { bands, style, edge } of markings) {
    plot.ctx.fillStyle = style;
    const y = edge === "bottom" ? top + height - bar : top;
    for (const { from, to } of bands) {
      const left = plot.valToPos(from / 1_000_000, "x", true);
      const right = plot.valToPos(to / 1_000_000, "x", true);
      const width = Math.max(LEAST_WIDTH * devicePixelRatio, right - left);
      plot.ctx.fillRect(left, y, width, edge === "all" ? height : bar);
    }
  }
  plot.ctx.restore();
}
