// What stands at the ticks of a value axis, and how wide it is.
import { bytesPer, exponential, withDecimals } from "./format";

const MOST_DECIMALS = 15;
// With more than these, a number below one is read more easily with an exponent.
const READABLE_DECIMALS = 6;
const SUFFIXES = ["", "K", "M", "B", "T"] as const;
// Up to here all digits fit beside the chart.
const LONG = 10_000;
const TOO_LONG = 1e15;
const WIDTH_STEP = 8;
const LEAST_WIDTH = 48;

/**
 * One label for each of the ascending `ticks`: all of one scale and as many decimals as tell two of them apart. What no
 * number can hold has none.
 */
export function axisLabels(ticks: readonly number[], unit: string): string[] {
  const sayable = ticks.filter(Number.isFinite);
  const largest = Math.max(...sayable.map(Math.abs));
  const spacing = Math.abs((sayable[1] ?? 0) - (sayable[0] ?? 0)) || largest || 1;
  const bytes = bytesPer(unit);
  const isTiny = largest < 1 && decimalsOf(spacing) > READABLE_DECIMALS;
  if (largest >= TOO_LONG * (bytes ? 1_000 : 1) || isTiny) {
    // All digits down to the one in which neighbours differ, and one more for halves and quarters.
    const digits = Math.ceil(Math.log10(largest / spacing)) + 3;
    return ticks.map((tick) => (tick === 0 ? "0" : Number.isFinite(tick) ? exponential(tick, digits) : ""));
  }
  if (bytes) {
    // Eighths can still be read as decimals (0.125); what is finer is said in the next smaller unit.
    const power = powerBelow(Math.min(largest, spacing * 8), 1_024, bytes.length - 1);
    return scaledLabels(ticks, spacing, 1_024 ** power, ` ${bytes[power]}`, "0");
  }
  const power =
    largest >= LONG ? powerBelow(Math.min(largest, spacing * 100), 1_000, SUFFIXES.length - 1) : 0;
  const mark = unit === "%" || unit === "°C" || unit === "°F" ? unit.charAt(0) : "";
  return scaledLabels(ticks, spacing, 1_000 ** power, SUFFIXES[power] + mark, power > 0 ? `0${mark}` : null);
}

/** Room for labels of `textWidth` pixels. In steps, so that charts below one another begin alike and do not shiver. */
export function axisWidth(textWidth: number, gap: number): number {
  return Math.max(LEAST_WIDTH, Math.ceil((textWidth + gap + 2) / WIDTH_STEP) * WIDTH_STEP);
}

/** `zero` is how nothing is written where a scale would say nothing about it. */
function scaledLabels(
  ticks: readonly number[],
  spacing: number,
  scale: number,
  suffix: string,
  zero: string | null,
): string[] {
  const decimals = decimalsOf(spacing / scale);
  return ticks.map((tick) =>
    tick === 0 && zero !== null ? zero : withDecimals(tick / scale, decimals) + suffix,
  );
}

function powerBelow(value: number, base: number, most: number): number {
  let power = 0;
  while (power < most && value >= base ** (power + 1)) power += 1;
  return power;
}

/** A spacing of 2.5 needs one, 0.25 two. */
function decimalsOf(spacing: number): number {
  let decimals = 0;
  const isRest = () => {
    const scaled = spacing * 10 ** decimals;
    return scaled < 0.5 || Math.abs(scaled - Math.round(scaled)) > 1e-6 * Math.max(1, scaled);
  };
  while (decimals < MOST_DECIMALS && isRest()) decimals += 1;
  return decimals;
}
