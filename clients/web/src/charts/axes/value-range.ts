// The range of a value axis, and the divisor of the values that are drawn on it.
import { bytesPer } from "@/lib/texts/format";

// A change of less than two points must look small on a percent axis.
const LEAST_PERCENT_SPAN = 2;
const PADDING = 0.12;
// A relative difference below this is rounding noise.
const FLAT = 1e-11;
// uPlot loses precision with values outside these limits.
const SMALLEST = 1e-6;
const LARGEST = 1e15;
const LEAST_POWER = -300;

/** The range for values from `min` to `max`, with padding. It does not go below zero for values that are not negative. */
export function valueRange(min: number | null, max: number | null, unit: string): [number, number] {
  if (min === null || max === null) return [0, 1];
  if (unit === "%") return percentRange(min, max);
  const largest = Math.max(Math.abs(min), Math.abs(max));
  if (max - min <= largest * FLAT) return aroundValue((min + max) / 2, unit);
  return padded(min, max);
}

/** The range of a logarithmic axis: whole powers of ten around values above zero. */
export function logRange(min: number | null, max: number | null): [number, number] {
  if (min === null || max === null || min <= 0) return [1, 10];
  const low = Math.floor(Math.log10(min));
  const high = Math.ceil(Math.log10(max));
  return [10 ** low, 10 ** Math.max(high, low + 1)];
}

/** The power of ten by which values up to `largest` are divided before drawing; 1 for values of usual size. */
export function drawnScale(largest: number): number {
  if (largest === 0 || (largest >= SMALLEST && largest < LARGEST)) return 1;
  return 10 ** Math.max(LEAST_POWER, Math.floor(Math.log10(largest)));
}

function percentRange(min: number, max: number): [number, number] {
  const missing = Math.max(0, LEAST_PERCENT_SPAN - (max - min)) / 2;
  const [low, high] = padded(min - missing, max + missing);
  // Most shares lie between 0 and 100 %.
  return [min >= 0 ? Math.max(0, low) : low, max <= 100 ? Math.min(100, high) : high];
}

function aroundValue(value: number, unit: string): [number, number] {
  if (value === 0) return bytesPer(unit) ? [0, 1] : [-1, 1];
  return [value - Math.abs(value) * 0.1, value + Math.abs(value) * 0.1];
}

/** Both ends are rounded to a tenth of the span's power of ten, so that the axis does not move with each reading. */
function padded(min: number, max: number): [number, number] {
  const padding = (max - min) * PADDING;
  const step = 10 ** (Math.floor(Math.log10(max - min)) - 1);
  const low = clean(Math.floor((min - padding) / step) * step);
  const high = clean(Math.ceil((max + padding) / step) * step);
  return [min >= 0 && low < 0 ? 0 : Math.min(low, min), Math.max(high, max)];
}

function clean(value: number): number {
  return Number(value.toPrecision(14));
}
