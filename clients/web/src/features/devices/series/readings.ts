// What the page needs from the live feed. `src/app` passes an implementation.
import { useSyncExternalStore } from "react";
import type { GapTest, Samples } from "@/charts/types";
import type { Device, Series } from "@/contracts/http";
import type { RawValue } from "@/contracts/live";

export type Readings = {
  readonly view: {
    readonly current: () => { readonly shownUs: number };
    readonly subscribe: (listener: () => void) => () => void;
  };
  select: (selection: { devices: readonly Device[]; series: readonly Series[]; rangeUs: number }) => void;
  latest: (id: number) => { readonly t: number; readonly v: RawValue } | null;
  samples: (id: number) => Samples;
  gapTest: (id: number) => GapTest;
  /** The usual interval between readings in µs; null when it is unknown. */
  interval: (id: number) => number | null;
};

const COARSE_US = 1_000_000;

/** Now in µs by the clock of the device, in steps of a second: React renders once a second, never per reading. */
export function useCoarseNow(readings: Readings): number {
  const read = () => Math.floor(readings.view.current().shownUs / COARSE_US) * COARSE_US;
  return useSyncExternalStore(readings.view.subscribe, read, read);
}
