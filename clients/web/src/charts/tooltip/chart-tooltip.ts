// The tooltip of one chart: shows while the pointer is over the chart, beside the crosshair.
import type uPlot from "uplot";
import type { TimeSpan } from "../types";
import { readingsAt, tooltipLines, type PlottedLine, type TooltipContent } from "./tooltip-lines";

// The tooltip names the nearest reading, but none farther from the crosshair than this.
const REACH_PIXELS = 24;
const DISTANCE_PIXELS = 12;
const MARGIN_PIXELS = 4;

/** What the chart shows now. */
export type ShownChart = Pick<TooltipContent, "gaps" | "late" | "suspect"> & {
  readonly lines: readonly PlottedLine[];
  readonly window: TimeSpan;
  /** The chart's width in CSS pixels. */
  readonly width: number;
};

export class ChartTooltip {
  private isHovered = false;

  constructor(
    private readonly box: HTMLElement,
    private readonly shown: () => ShownChart,
  ) {}

  /** Follows the pointer over `plot`. */
  watch(plot: uPlot): void {
    plot.over.addEventListener("mouseenter", () => {
      this.isHovered = true;
    });
    plot.over.addEventListener("mouseleave", () => {
      this.isHovered = false;
      this.hide();
    });
  }

  hide(): void {
    this.box.hidden = true;
  }

  /** Shows what is at the crosshair of `plot`. Does nothing while the pointer is elsewhere. */
  update(plot: uPlot): void {
    if (!this.isHovered) return;
    const { left } = plot.cursor;
    if (left == null || left < 0) return this.hide();
    const { lines, window, width, ...marks } = this.shown();
    const at = plot.posToVal(left, "x") * 1_000_000;
    const reach = ((window.to - window.from) / Math.max(1, width)) * REACH_PIXELS;
    const rows = tooltipLines({ ...marks, at, readings: readingsAt(lines, at, reach), window });
    this.box.hidden = rows.length === 0;
    if (this.box.hidden) return;
    this.box.replaceChildren(...rows);
    this.place(plot.over.offsetLeft + left, width);
  }

  /** Right of the crosshair at `x`, or left of it where the right side has no room. */
  private place(x: number, width: number): void {
    const { offsetWidth } = this.box;
    const fits = x + DISTANCE_PIXELS + MARGIN_PIXELS + offsetWidth <= width;
    const left = fits ? x + DISTANCE_PIXELS : x - DISTANCE_PIXELS - offsetWidth;
    this.box.style.left = `${Math.max(0, left)}px`;
  }
}
