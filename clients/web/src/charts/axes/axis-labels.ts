// The labels of a value axis and the width that they need.
import { bytesPer, exponential, withDecimals } from "@/lib/texts/format";

const MOST_DECIMALS = 15;
// A number below one with more decimals than these is easier to read with an exponent.
const READABLE_DECIMALS = 6;
const SUFFIXES = ["", "K", "M", "B", "T"] as const;
// Smaller numbers are written with all digits.
const LEAST_SUFFIXED = 10_000;
const LEAST_EXPONENTIAL = 1e15;
const WIDTH_STEP = 8;
const LEAST_WIDTH = 48;

/**
 * One label for each of the ascending `ticks`. All have one scale, and as many decimals as make them differ. An infinite
 * tick gets an empty label.
 */
export function axisLabels(ticks: readonly number[], unit: string): string[] {
  const finite = ticks.filter(Number.isFinite);
  const largest = Math.max(...finite.map(Math.abs));
  const spacing = Math.abs((finite[1] ?? 0) - (finite[0] ?? 0)) || largest || 1;
  const bytes = bytesPer(unit);
  const isTiny = largest < 1 && decimalsOf(spacing) > READABLE_DECIMALS;
  if (largest >= LEAST_EXPONENTIAL * (bytes ? 1_000 : 1) || isTiny) {
    // All digits down to the first in which neighbours differ, and one more for halves and quarters.
    const digits = Math.ceil(Math.log10(largest / spacing)) + 3;
    return ticks.map((tick) => (tick === 0 ? "0" : Number.isFinite(tick) ? exponential(tick, digits) : ""));
  }
  if (bytes) {
    // Eighths are still readable as decimals (0.125). Finer steps use the next smaller unit.
    const power = powerBelow(Math.min(largest, spacing * 8), 1_024, bytes.length - 1);
    return scaledLabels(ticks, spacing, 1_024 ** power, ` ${bytes[power]}`, "0");
  }
  const power =
    largest >= LEAST_SUFFIXED ? powerBelow(Math.min(largest, spacing * 100), 1_000, SUFFIXES.length - 1) : 0;
  const mark = unit === "%" || unit === "°C" || unit === "°F" ? unit.charAt(0) : "";
  return scaledLabels(ticks, spacing, 1_000 ** power, SUFFIXES[power] + mark, power > 0 ? `0${mark}` : null);
}

/** The axis width for labels of `textWidth` pixels. Rounded up, so that charts align and do not jump. */
export function axisWidth(textWidth: number, gap: number): number {
  return Math.max(LEAST_WIDTH, Math.ceil((textWidth + gap + 2) / WIDTH_STEP) * WIDTH_STEP);
}

/** `zero`: the label of 0, or null when 0 is formatted like other values. */
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

/** How many decimals `spacing` needs: one for 2.5, two for 0.25. */
function decimalsOf(spacing: number): number {
  let decimals = 0;
  const hasRest = () => {
    const scaled = spacing * 10 ** decimals;
    return scaled < 0.5 || Math.abs(scaled - Math.round(scaled)) > 1e-6 * Math.max(1, scaled);
  };
  while (decimals < MOST_DECIMALS && hasRest()) decimals += 1;
  return decimals;
}
