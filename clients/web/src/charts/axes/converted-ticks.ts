// Ticks of a value axis that shows other units than those that are drawn: round numbers in the shown unit. Pure functions.
import { converted, type Conversion } from "@/lib/units";

/** 1, 2, 2.5 and 5 times each power of ten. */
const ROUND = Array.from({ length: 48 }, (_, power) =>
  [1, 2, 2.5, 5].map((step) => Number(`${step}e${power - 18}`)),
).flat();
const MOST_TICKS = 200;

/** The distances of ticks to choose from, as drawn. `scale`: the divisor of the drawn values. */
export function drawnIncrements({ factor }: Conversion, scale: number): number[] {
  return ROUND.map((step) => step / factor / scale);
}

/** The ticks from `min` to `max`, as drawn, at `increment` or what is nearest to it and round when shown. */
export function drawnTicks(
  conversion: Conversion,
  scale: number,
  [min, max]: readonly [number, number],
  increment: number,
): number[] {
  const { factor, offset } = conversion;
  const step = Number((increment * scale * factor).toPrecision(6));
  const first = Math.ceil(converted(min * scale, conversion) / step);
  const last = Math.floor(converted(max * scale, conversion) / step);
  const count = Math.min(MOST_TICKS, Math.max(0, last - first + 1));
  return Array.from({ length: count }, (_, place) => ((first + place) * step - offset) / factor / scale);
}
