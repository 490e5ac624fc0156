// The SVG path of a sparkline: the small line in a tile or a table row.
import { visibleLine } from "../data/plot-data";
import type { GapTest, Samples, TimeSpan } from "../types";

export type SparkPath = {
  readonly line: string;
  readonly area: string;
  /** Lone readings, or readings too close for a line: strokes of zero length, which round ends make visible. */
  readonly dots: string;
  /** The difference between the highest and the lowest value. */
  readonly span: number;
};

/** The width of a dot. A line is 1.5 wide. */
export const DOT = 4;

/** The paths in a box of `width` × `height`; empty strings when there are no readings. */
export function sparkPath(
  samples: Samples,
  isGap: GapTest,
  window: TimeSpan,
  width: number,
  height: number,
): SparkPath {
  const { t, v } = visibleLine(samples, isGap, window, width / 2);
  // A sparkline has no axis, so it starts at the first reading.
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
  // Halves, because the full difference may overflow.
  const half = max / 2 - min / 2;
  const x = (time: number) => (((time - from) / span) * width).toFixed(1);
  // Keeps dots inside the box.
  const dotX = (place: string) => Math.min(width - DOT / 2, Math.max(DOT / 2, Number(place))).toFixed(1);
  // A constant is drawn in the middle.
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
