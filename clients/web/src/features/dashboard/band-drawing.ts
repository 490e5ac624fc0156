// How the markings of a chart are drawn: over the whole height, or as a bar at one edge.
import type uPlot from "uplot";
import type { Band } from "./shading";

// In CSS pixels.
const STRIPE = 6;
const LEAST_WIDTH = 2;
const BAR_HEIGHT = 3;

/** Diagonal stripes in `color`, as a canvas fills with them. */
export function hatching(color: string): CanvasPattern | string {
  const size = STRIPE * devicePixelRatio;
  const tile = document.createElement("canvas");
  tile.width = tile.height = size;
  const pen = tile.getContext("2d");
  if (!pen) return color;
  pen.strokeStyle = color;
  pen.lineWidth = devicePixelRatio;
  pen.beginPath();
  for (const shift of [-size, 0, size]) {
    pen.moveTo(shift, size);
    pen.lineTo(shift + size, 0);
  }
  pen.stroke();
  return pen.createPattern(tile, "repeat") ?? color;
}

export type Marking = {
  readonly bands: readonly Band[];
  readonly style: CanvasPattern | string;
  readonly edge: "all" | "top" | "bottom";
};

/** Below grid and lines. Times in µs. */
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
