// How far a value axis reaches.
import uPlot from "uplot";
import { bytesPer } from "./format";

type Limits = readonly [min: number, max: number];

// A percent scale is known to its reader: less than two points are shown as the small change they are.
const LEAST_PERCENT_SPAN = 2;

/** Some air above and below; data that never go below zero keep zero as their ground when it is near. */
export function valueRange(min: number | null, max: number | null, unit: string): [number, number] {
  if (min === null || max === null) return [0, 1];
  if (unit === "%") return percentRange(min, max);
  if (min === max) return aroundOne(min, unit);
  return air([min, max]);
}

function percentRange(min: number, max: number): [number, number] {
  const missing = Math.max(0, LEAST_PERCENT_SPAN - (max - min)) / 2;
  const [low, high] = air([min - missing, max + missing]);
  // There is no less than nothing and, for most shares, no more than all.
  return [min >= 0 ? Math.max(0, low) : low, max <= 100 ? Math.min(100, high) : high];
}

function aroundOne(value: number, unit: string): [number, number] {
  if (value === 0) return bytesPer(unit) ? [0, 1] : [-1, 1];
  return [value - Math.abs(value) * 0.1, value + Math.abs(value) * 0.1];
}

function air([min, max]: Limits): [number, number] {
  const [low, high] = uPlot.rangeNum(min, max, { min: { pad: 0.12, soft: 0, mode: 3 }, max: { pad: 0.12 } });
  return [low ?? min, high ?? max];
}
