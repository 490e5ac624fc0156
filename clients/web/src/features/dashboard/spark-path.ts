// The small line of a tile or a table row, as an SVG path.
import { visibleLine, type Window } from "./plot-data";
import type { GapTest, Samples } from "./ports";

export type SparkPath = {
  readonly line: string;
  readonly area: string;
  /** Readings with nothing around them, or too close together for a line: strokes of no length, which round ends make visible. */
  readonly dots: string;
  /** How far apart the lowest and the highest value lie. */
  readonly span: number;
};

/** How wide a dot is: enough to be seen beside a line of 1.5. */
export const DOT = 4;

/** Paths in a box of `width` × `height`; empty strings when there is nothing to draw. */
export function sparkPath(
  samples: Samples,
  isGap: GapTest,
  window: Window,
  width: number,
  height: number,
): SparkPath {
  const { t, v } = visibleLine(samples, isGap, window, width / 2);
  // Without an axis, an empty stretch before the first reading would say nothing.
  const from = Math.max(window.from, t.length > 1 ? t[0]! : window.from);
  const span = Math.max(1, window.to - from);
  let min = Infinity;
  let max = -Infinity;
  for (const value of v) {
    if (value === null) continue;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  if (min > max) return { line: "", area: "", dots: "", span: 0 };
  // Halves, because the whole may be more than a number holds.
  const half = max / 2 - min / 2;
  const x = (time: number) => (((time - from) / span) * width).toFixed(1);
  // Whole dots, also at the edges.
  const dotX = (place: string) => Math.min(width - DOT / 2, Math.max(DOT / 2, Number(place))).toFixed(1);
  // A flat line lies in the middle, not on the ground.
  const y = (value: number) =>
    (half > 0 ? height - 2 - ((value / 2 - min / 2) / half) * (height - 4) : height / 2).toFixed(1);
  let line = "";
  let area = "";
  let dots = "";
  let runStart = "";
  let previous = "";
  let previousY = "";
  const closeRun = () => {
    if (runStart) area += `L${previous},${height}L${runStart},${height}Z`;
    if (runStart && Number(previous) - Number(runStart) < DOT / 2)
      dots += `M${dotX(previous)},${previousY}h0`;
    runStart = "";
  };
  t.forEach((time, index) => {
    const value = v[index];
    if (value === null || value === undefined) return closeRun();
    const at = `${x(time)},${y(value)}`;
    line += `${runStart ? "L" : "M"}${at}`;
    area += `${runStart ? "L" : "M"}${at}`;
    runStart ||= x(time);
    previous = x(time);
    previousY = y(value);
  });
  closeRun();
  return { line, area, dots, span: half * 2 };
}
