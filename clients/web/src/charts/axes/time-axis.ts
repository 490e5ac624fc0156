// The time axis of a chart: where its ticks are and what their labels say.
import type uPlot from "uplot";
import { timeFormat } from "@/lib/texts/format-time";

export const RIGHT_PADDING = 8;
// The approximate width of a digit at the axis' font size, in pixels.
const CHARACTER_WIDTH = 6;
const DAY_SECONDS = 86_400;
const HEIGHT = 28;
const LEAST_SPACING = 54;

/** The time axis in the look of `style`. */
export function timeAxis(style: uPlot.Axis): uPlot.Axis {
  return { ...style, size: HEIGHT, space: LEAST_SPACING, values: timeLabels };
}

/** The labels of `ticks`, which uPlot gives in seconds. The parameters are those of uPlot's `values`. */
function timeLabels(plot: uPlot, ticks: number[], _axis: number, _space: number, spacing: number): string[] {
  const { min, max } = plot.scales.x!;
  const pixels = plot.bbox.width / devicePixelRatio;
  return ticks.map((tick) => {
    const date = new Date(tick * 1_000);
    const isMidnight = timeFormat("minute").format(date) === "00:00";
    const isDay = spacing >= DAY_SECONDS || (spacing >= 3_600 && isMidnight);
    const format = timeFormat(isDay ? "day" : spacing < 60 ? "second" : "minute");
    const text = format.format(date);
    // Half of a label lies right of its tick. A label that does not fit there is left out, not cut.
    const room = (((max ?? tick) - tick) / ((max ?? 1) - (min ?? 0))) * pixels + RIGHT_PADDING;
    return room < (text.length * CHARACTER_WIDTH) / 2 ? "" : text;
  });
}
