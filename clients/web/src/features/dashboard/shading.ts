// Which stretches of a chart are marked: where readings are missing, and where they came late. Pure functions.
import { firstNotBelow } from "@/lib/ordered-search";
import type { Line, Window } from "./plot-data";
import type { GapTest } from "./ports";

export type Band = { readonly from: number; readonly to: number };

// Readings are always on their way for a moment; less silence than this is no gap at the right edge.
const SILENCE_US = 3_000_000;

/**
 * Where `line` is broken; while connected also its silence before `window.to`, if that is longer than readings take to
 * arrive. Without a connection nobody knows whether there are none.
 */
export function gapsOf(line: Line, isGap: GapTest, window: Window, isConnected: boolean): Band[] {
  const bands: Band[] = [];
  for (let index = 1; index + 1 < line.t.length; index += 1) {
    if (line.v[index] === null) bands.push({ from: line.t[index - 1]!, to: line.t[index + 1]! });
  }
  const last = line.t.at(-1);
  if (isConnected && last !== undefined && window.to - last > SILENCE_US && isGap(last, window.to)) {
    bands.push({ from: last, to: window.to });
  }
  return bands;
}

/** The union of all bands, cut to `window`, ascending. */
export function unionOf(bands: readonly Band[], window: Window): Band[] {
  const union: Band[] = [];
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

/** The band of `bands` (ascending, apart) that holds `at`. */
export function bandAt(bands: readonly Band[], at: number): Band | null {
  const index = firstNotBelow(
    bands.map(({ to }) => to),
    at,
  );
  const band = bands[index];
  return band && band.from <= at ? band : null;
}
