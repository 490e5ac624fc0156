// Limits of a chart: their texts, which of them the value axis includes, and where their labels are. Pure functions.
import type { Series } from "@/contracts/http";
import { pageTexts } from "@/i18n/page-texts";
import { bytesPer, formatBrief, formatValue, valueText } from "@/lib/texts/format";
import type { Limit } from "../types";

// A farther limit would press the lines of the chart flat.
const MOST_STRETCH = 3;
// The share of the axis that stays free beyond an outermost limit.
const PADDING = 0.06;

/** The text of a limit, such as "Warning 75 °C" or "Critical below 18 °C". */
export function limitText({ severity, direction, value }: Limit, unit: string): string {
  const format = bytesPer(unit) ? formatBrief : formatValue;
  const shown = valueText(format(value, { type: "float", unit }));
  return pageTexts("common.charts.limits")(`${severity}.${direction}`, { value: shown });
}

/**
 * `range` extended to the `limits` that are near it. The result is at most three times as long: a farther limit is left
 * outside, and the chart shows it as an arrow at its edge.
 */
export function withLimits(range: readonly [number, number], limits: readonly number[]): [number, number] {
  const [low, high] = range;
  const span = high - low;
  let [from, to] = range;
  // The nearest limits first, so that a far one cannot keep a near one out.
  const distance = (limit: number) => Math.max(low - limit, limit - high, 0);
  for (const limit of [...limits].sort((a, b) => distance(a) - distance(b))) {
    const wider = [Math.min(from, limit), Math.max(to, limit)] as const;
    if (wider[1] - wider[0] > span * MOST_STRETCH) continue;
    [from, to] = wider;
  }
  const padding = (to - from) * PADDING;
  return [from < low ? from - padding : from, to > high ? to + padding : to];
}

/** The label of one limit. `y` is its middle in pixels. `edge`: the limit lies beyond this edge of the chart. */
export type LimitLabel = {
  readonly limit: Limit;
  readonly y: number;
  readonly edge: "top" | "bottom" | null;
  /** 0 for the first label at this height. Labels that would overlap get the next places to the right. */
  readonly place: number;
};

/** The limits that these series have for everybody, each once. A chart with more than `most` would not be readable. */
export function sharedLimits(series: readonly Pick<Series, "type" | "limits">[], most = 8): readonly Limit[] {
  const limits = new Map(
    series
      .filter(({ type }) => type !== "bool")
      .flatMap((one) => one.limits)
      .map((limit) => [JSON.stringify(limit), limit] as const),
  );
  return [...limits.values()].slice(0, most);
}

/** Places the labels of `limits` on a plot between the pixels `top` and `bottom`. `height`: the height of a label. */
export function placeLabels(
  limits: readonly Limit[],
  yOf: (value: number) => number,
  { top, bottom, height }: { readonly top: number; readonly bottom: number; readonly height: number },
): LimitLabel[] {
  const labels: LimitLabel[] = [];
  for (const limit of limits) {
    const line = yOf(limit.value);
    if (!Number.isFinite(line)) continue;
    const edge = line < top ? "top" : line > bottom ? "bottom" : null;
    const y = Math.min(bottom - height / 2, Math.max(top + height / 2, line));
    const taken = labels.filter((label) => Math.abs(label.y - y) < height).map((label) => label.place);
    labels.push({ limit, y, edge, place: taken.length === 0 ? 0 : Math.max(...taken) + 1 });
  }
  return labels;
}
