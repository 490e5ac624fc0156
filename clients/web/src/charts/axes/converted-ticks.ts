// Ticks of a value axis that shows other units than those that are drawn: round numbers in the shown unit. Pure functions.
import { converted, type Conversion } from "@/lib/texts/units";

const STEPS = [1, 2, 2.5, 5, 10];
const MOST_TICKS = 200;

/**
 * The ticks from `min` to `max`, as drawn, at least `least` apart, and round in the shown unit. `scale`: the divisor of the
 * drawn values.
 */
export function drawnTicks(
  conversion: Conversion,
  scale: number,
  [min, max]: readonly [number, number],
  least: number,
): number[] {
  const { factor, offset } = conversion;
  const step = roundStep(least * scale * factor);
  const first = Math.ceil(converted(min * scale, conversion) / step);
  const last = Math.floor(converted(max * scale, conversion) / step);
  const count = Math.min(MOST_TICKS, Math.max(0, last - first + 1));
  return Array.from({ length: count }, (_, place) => ((first + place) * step - offset) / factor / scale);
}

/** The smallest of 1, 2, 2.5 and 5 times a power of ten that is not below `least`. */
function roundStep(least: number): number {
  const power = Math.floor(Math.log10(least));
  const steps = STEPS.map((one) => Number(`${one}e${power}`));
  return steps.find((one) => one >= least) ?? steps.at(-1)!;
}
