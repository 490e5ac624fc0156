// The value axis of a chart: its range, its ticks and its width.
import { pageTexts } from "@/i18n/page-texts";
import type uPlot from "uplot";
import { bytesPer } from "@/lib/texts/format";
import { converted, pageConversion } from "@/lib/texts/units";
import { withLimits } from "../marks/limits";
import { axisLabels, axisWidth } from "./axis-labels";
import { drawnTicks } from "./converted-ticks";
import type { AxisMode } from "../types";
import { logRange, valueRange } from "./value-range";

export const AXIS_GAP = 6;
const LEAST_SPACING = 34;
// uPlot accepts any distance of ticks from this one on.
const LEAST_KNOWN = 5;
// Bytes are labelled in powers of two, so their ticks lie on powers of two.
const BYTE_INCREMENTS = Array.from({ length: 80 }, (_, power) => 2 ** power);
// Some air around the two values of a switch, 0 and 1.
const SWITCH_RANGE: uPlot.Range.MinMax = [-0.15, 1.15];

export type ValueAxisSettings = {
  readonly unit: string;
  /** True when all series of the chart are on or off. */
  readonly isSwitch: boolean;
  /** Returns the divisor of the drawn values. Labels show the undivided values. */
  readonly scale: () => number;
  /** Returns undivided values that the axis shows too when they are near the drawn values. */
  readonly limits?: () => readonly number[];
  readonly axis?: AxisMode;
};

export function valueScale({ unit, isSwitch, scale, limits, axis }: ValueAxisSettings): uPlot.Scale {
  if (!isSwitch && axis?.mode === "log")
    return { distr: 3, log: 10, range: (_, min, max) => logRange(min, max) };
  if (!isSwitch && axis?.mode === "fixed") return { range: () => [axis.min / scale(), axis.max / scale()] };
  const range = (_: uPlot, min: number | null, max: number | null) =>
    withLimits(
      valueRange(min, max, unit),
      (limits?.() ?? []).map((limit) => limit / scale()),
    );
  return { range: isSwitch ? SWITCH_RANGE : range };
}

/** The value axis in the look of `style`, with labels in `font`. */
export function valueAxis(
  style: uPlot.Axis,
  font: string,
  { unit, isSwitch, scale, axis }: ValueAxisSettings,
): uPlot.Axis {
  const isLog = !isSwitch && axis?.mode === "log";
  const conversion = isSwitch ? null : pageConversion(unit);
  const shownUnit = conversion?.unit ?? unit;
  const shown = (tick: number) => (conversion ? converted(tick * scale(), conversion) : tick * scale());
  const ticks: Pick<uPlot.Axis, "incrs" | "splits"> =
    conversion && !isLog
      ? {
          // One distance longer than the axis: uPlot leaves out small ones that it does not know. `splits` chooses.
          incrs: (_, __, min, max) => [Math.max(LEAST_KNOWN, max - min)],
          splits: (_, __, min, max, increment, pixels) =>
            drawnTicks(conversion, scale(), [min, max], (increment / pixels) * LEAST_SPACING),
        }
      : {
          incrs: bytesPer(unit) && !isLog ? BYTE_INCREMENTS : undefined,
          splits: isSwitch ? () => [0, 1] : undefined,
        };
  return {
    ...style,
    size: (plot, labels: string[] | null) => axisWidth(widestText(plot.ctx, font, labels ?? []), AXIS_GAP),
    space: LEAST_SPACING,
    ...ticks,
    values: (_, drawn) =>
      isSwitch
        ? [pageTexts("common.values")("off"), pageTexts("common.values")("on")]
        : isLog
          ? // Each power of ten has digits of its own. uPlot passes null for ticks without a label.
            drawn.map((tick: number | null) =>
              tick === null ? "" : axisLabels([shown(tick)], shownUnit)[0]!,
            )
          : axisLabels(drawn.map(shown), shownUnit),
  };
}

/** The width of the widest label in CSS pixels. */
function widestText(context: CanvasRenderingContext2D, font: string, labels: readonly string[]): number {
  context.save();
  context.font = font;
  const widest = Math.max(0, ...labels.map((label) => context.measureText(label).width));
  context.restore();
  return widest;
}
