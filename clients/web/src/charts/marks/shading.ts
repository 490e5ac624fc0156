// Which times of a chart are marked, for example as gaps. Pure functions.
import { firstNotBelow } from "@/lib/readings/ordered-search";
import type { Line } from "../data/plot-data";
import type { GapTest, TimeSpan } from "../types";

// Readings take a moment to arrive. A shorter silence at the right edge is no gap.
const ARRIVAL_US = 3_000_000;

/**
 * The gaps of `line`. While connected, a long silence before `window.to` counts as a gap too. Without a connection,
 * readings may exist that did not arrive.
 */
export function gapsOf(line: Line, isGap: GapTest, window: TimeSpan, isConnected: boolean): TimeSpan[] {
  const bands: TimeSpan[] = [];
  for (let index = 1; index + 1 < line.t.length; index += 1) {
    if (line.v[index] === null) bands.push({ from: line.t[index - 1]!, to: line.t[index + 1]! });
  }
  const last = line.t.at(-1);
  if (isConnected && last !== undefined && window.to - last > ARRIVAL_US && isGap(last, window.to)) {
    bands.push({ from: last, to: window.to });
  }
  return bands;
}

/** The union of `bands`, cut to `window`, ascending. */
export function unionOf(bands: readonly TimeSpan[], window: TimeSpan): TimeSpan[] {
  const union: TimeSpan[] = [];
  const cut = bands
    .map(({ from, to }) => ({ from: Math.max(from, window.from), to: Math.min(to, window.to) }))
    .filter(({ from, to }) => from < to)
    .sort((a, b) => a.from - b.from);
  for (const band of cut) {
    const last = union.at(-1);
    if (last && band.from <= last.to)
      union[union.length - 1] = { from: last.from, to: Math.max(last.to, band.to) };
    else union.push(band);
  }
  return union;
}

/** The band that contains `at`. `bands` must be ascending and must not overlap. */
export function bandAt(bands: readonly TimeSpan[], at: number): TimeSpan | null {
  const index = firstNotBelow(
    bands.map(({ to }) => to),
    at,
  );
  const band = bands[index];
  return band && band.from <= at ? band : null;
}
