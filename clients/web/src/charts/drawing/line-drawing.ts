// The look of one line in uPlot: its stroke and the area below it.
import type uPlot from "uplot";
import type { Series } from "@/contracts/http";
import { traceLine } from "./line-path";

const LINE_WIDTH = 1.5;
/** Without a GPU, a browser draws a line of one pixel more than ten times as fast as a wider one. */
const THIN_LINE_WIDTH = 1;
const DOT_RADIUS = 1.75;

export type LineLook = {
  readonly stroke: string;
  /** Fills the area below the line. */
  readonly hasArea?: boolean;
  /** For a chart with many lines. */
  readonly isThin?: boolean;
};

/** uPlot's settings for a line. The line of a switch has no area. */
export function lineSettings(series: Series, look: LineLook): uPlot.Series {
  const { stroke, isThin } = look;
  const isSwitch = series.type === "bool";
  const hasArea = look.hasArea === true && !isSwitch;
  return {
    label: series.display_name,
    stroke,
    width: isThin ? THIN_LINE_WIDTH : LINE_WIDTH,
    points: { show: false },
    paths: (plot, place) => linePaths(plot, place, isSwitch, hasArea),
    fill: hasArea ? (plot) => fadingFill(plot, stroke) : undefined,
  };
}

/**
 * The paths of a line. They replace uPlot's own, which mask gaps by the times of all series and so cut lines in half.
 */
function linePaths(plot: uPlot, place: number, isStepped: boolean, hasArea: boolean): uPlot.Series.Paths {
  const { left, top, width, height } = plot.bbox;
  const { x, y } = plot.scales;
  const times = plot.data[0];
  const [fromX, toX] = [x!.min ?? 0, x!.max ?? 1];
  const [fromY, toY] = [y!.min ?? 0, y!.max ?? 1];
  const stroke = new Path2D();
  const fill = hasArea ? new Path2D() : null;
  const shape = {
    x: (index: number) => left + ((times[index]! - fromX) / (toX - fromX)) * width,
    y: (value: number) => top + ((toY - value) / (toY - fromY)) * height,
    ground: top + height,
    isStepped,
    dotRadius: DOT_RADIUS * devicePixelRatio,
  };
  traceLine(plot.data[place]!, shape, stroke, fill);
  return { stroke, fill, clip: null, band: null, gaps: [], flags: 0 };
}

function fadingFill(plot: uPlot, stroke: string): CanvasGradient {
  const { top, height } = plot.bbox;
  // A gradient needs a height above zero, and a canvas may have none yet.
  const gradient = plot.ctx.createLinearGradient(0, top, 0, top + Math.max(1, height));
  gradient.addColorStop(0, stroke.replace(/^rgb\((.+)\)$/, "rgba($1, 0.22)"));
  gradient.addColorStop(1, stroke.replace(/^rgb\((.+)\)$/, "rgba($1, 0)"));
  return gradient;
}
