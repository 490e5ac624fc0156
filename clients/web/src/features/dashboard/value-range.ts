// How far a value axis reaches, and by how much its numbers are divided before they are drawn.
import { bytesPer } from "./format";

// A percent scale is known to its reader: less than two points are shown as the small change they are.
const LEAST_PERCENT_SPAN = 2;
const PAD = 0.12;
// Differences below this part of a value are rounding.
const FLAT = 1e-11;
// The chart computes with differences and decimals: outside of these it would lose them.
const SMALLEST = 1e-6;
const LARGEST = 1e15;
const LEAST_POWER = -300;

/** Some air above and below; data that never go below zero keep zero as their ground when it is near. */
export function valueRange(min: number | null, max: number | null, unit: string): [number, number] {
  if (min === null || max === null) return [0, 1];
  if (unit === "%") return percentRange(min, max);
  const largest = Math.max(Math.abs(min), Math.abs(max));
  if (max - min <= largest * FLAT) return aroundOne((min + max) / 2, unit);
  return air(min, max);
}

/** The power of ten by which values up to `largest` are divided for drawing; 1 for all that are usual. */
export function drawnScale(largest: number): number {
  if (largest === 0 || (largest >= SMALLEST && largest < LARGEST)) return 1;
  return 10 ** Math.max(LEAST_POWER, Math.floor(Math.log10(largest)));
}

function percentRange(min: number, max: number): [number, number] {
  const missing = Math.max(0, LEAST_PERCENT_SPAN - (max - min)) / 2;
  const [low, high] = air(min - missing, max + missing);
  // There is no less than nothing and, for most shares, no more than all.
  return [min >= 0 ? Math.max(0, low) : low, max <= 100 ? Math.min(100, high) : high];
}

function aroundOne(value: number, unit: string): [number, number] {
  if (value === 0) return bytesPer(unit) ? [0, 1] : [-1, 1];
  return [value - Math.abs(value) * 0.1, value + Math.abs(value) * 0.1];
}

/** Both ends on tenths of the span's power of ten, so that the axis does not shiver with each reading. */
function air(min: number, max: number): [number, number] {
  const pad = (max - min) * PAD;
  const step = 10 ** (Math.floor(Math.log10(max - min)) - 1);
  const low = clean(Math.floor((min - pad) / step) * step);
  const high = clean(Math.ceil((max + pad) / step) * step);
  return [min >= 0 && low < 0 ? 0 : Math.min(low, min), Math.max(high, max)];
}

function clean(value: number): number {
  return Number(value.toPrecision(14));
}
