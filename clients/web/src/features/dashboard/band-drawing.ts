// How the markings of a chart are drawn: gaps hatched over the whole height, late readings as a bar on the ground.
import type uPlot from "uplot";
import type { Band } from "./shading";

// In CSS pixels.
const STRIPE = 6;
const LEAST_WIDTH = 2;
const LATE_HEIGHT = 3;

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

/** Below grid and lines. Times in µs. */
export function drawBands(
  plot: uPlot,
  gaps: readonly Band[],
  hatch: CanvasPattern | string,
  late: readonly Band[],
  lateColor: string,
): void {
  const { top, height } = plot.bbox;
  const fill = (bands: readonly Band[], style: CanvasPattern | string, y: number, tall: number) => {
    plot.ctx.fillStyle = style;
    for (const { from, to } of bands) {
      const left = plot.valToPos(from / 1_000_000, "x", true);
      const right = plot.valToPos(to / 1_000_000, "x", true);
      plot.ctx.fillRect(left, y, Math.max(LEAST_WIDTH * devicePixelRatio, right - left), tall);
    }
  };
  plot.ctx.save();
  fill(gaps, hatch, top, height);
  const bar = LATE_HEIGHT * devicePixelRatio;
  fill(late, lateColor, top + height - bar, bar);
  plot.ctx.restore();
}
